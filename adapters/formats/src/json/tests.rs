//! Whole files in, whole rows out.

use super::*;
use crate::testing::{args, read, read_once, show, told};

#[test]
fn members_lists_and_numbers_become_cells_as_they_were_written() {
    let text = r#" [ {"a":"x","b":{"c":1.50,"d":[1,null,"z"],"e":null},"f":true, "g": [{"n":1},{"n":2,"m":3}],"h":[]},
 {"n":12345678901234567890.0100,"e":1E+5,"s":"\u516c\n\"","":0} ] "#;
    insta::assert_snapshot!(show(&read("json = {}", text.as_bytes())), @r#"
    1@3 [a=x] [b.c=1.50] [b.d=1;;z] [f=true] [g.n=1;2] [g.m=;3]
    2@102 [n=12345678901234567890.0100] [e=1e+5] [s=公
    "] [=0]
    "#);
}

#[test]
fn rows_are_found_by_their_path_and_an_object_is_one_row() {
    let text = r#"{"code":200,"msg":"}]","data":{"page":[1,[2]],"it\u0065ms":[{"a":1},{"a":2}],"n":2},"z":{"data":1}}"#;
    insta::assert_snapshot!(show(&read("json = { rows = 'data.items' }", text.as_bytes())), @"
    1@60 [a=1]
    2@68 [a=2]
    ");
    insta::assert_snapshot!(show(&read("json = { rows = 'data' }", br#"{"data":{"a":{"b":1}}}"#)), @"1@8 [a.b=1]");
    assert!(read("json = { rows = 'data' }", br#"{"data":[]}"#).is_empty());
    assert!(read("json = {}", b"[]").is_empty());
}

#[test]
fn repeated_elements_become_rows_with_the_columns_of_their_parent() {
    let text = r#"[{"p":1,"s":[{"n":"a","l":["x","y"]},{"n":"b"}],"q":2},{"p":3,"s":[]},{"p":4},{"p":5,"s":["t"]},{"p":6,"s":{"n":"c"}}]"#;
    insta::assert_snapshot!(show(&read("json = { repeat = 's' }", text.as_bytes())), @"
    1@1 [p=1] [q=2] [s.n=a] [s.l=x;y]
    1@1 [p=1] [q=2] [s.n=b]
    2@55 [p=3]
    3@70 [p=4]
    4@78 [p=5] [s=t]
    5@96 [p=6] [s.n=c]
    ");
}

/// Each array on the way is gone through; one that is empty leaves what stands around it.
#[test]
fn repeat_goes_through_arrays_within_arrays() {
    let text = r#"[{"p":1,"k":[{"no":1,"s":[{"n":"a"},{"n":"b"}],"z":7},{"no":2,"s":[]},{"no":3,"s":{"n":"c","l":["x","y"]}}]},
{"p":2,"k":{"no":4,"s":["d",null,"e"]}},{"p":3,"k":[]},{"p":4}]"#;
    insta::assert_snapshot!(show(&read("json = { repeat = 'k.s' }", text.as_bytes())), @"
    1@1 [p=1] [k.no=1] [k.z=7] [k.s.n=a]
    1@1 [p=1] [k.no=1] [k.z=7] [k.s.n=b]
    1@1 [p=1] [k.no=2]
    1@1 [p=1] [k.no=3] [k.s.n=c] [k.s.l=x;y]
    2@110 [p=2] [k.no=4] [k.s=d]
    2@110 [p=2] [k.no=4]
    2@110 [p=2] [k.no=4] [k.s=e]
    3@150 [p=3]
    4@165 [p=4]
    ");
    // A way that is all objects is the same.
    let text = br#"{"p":1,"d":{"q":2,"k":[{"n":1},{"n":2}]}}"#;
    insta::assert_snapshot!(show(&read("ndjson = { repeat = 'd.k' }", text)), @"
    1@0 [p=1] [d.q=2] [d.k.n=1]
    1@0 [p=1] [d.q=2] [d.k.n=2]
    ");
}

#[test]
fn a_repeat_that_no_row_has_is_told_with_what_is_near() {
    let last = |config: &str, text: &str| {
        let rows = read(config, text.as_bytes());
        rows.iter().last().and_then(|row| row.fault()).map_or_else(|| "nothing is told".to_owned(), told)
    };
    let all = [
        last("json = { repeat = 'pkg.sup' }", r#"[{"p":1},{"pkgs":[{"no":1,"sup":[{"n":"a"}]}]}]"#),
        last("json = { repeat = 'sup' }", r#"[{"pkgs":[{"no":1,"sup":[{"n":"a"}]}]}]"#),
        last("json = { repeat = 'pkgs.bidders' }", r#"[{"pkgs":[{"no":1,"sup":[{"n":"a"}]}]}]"#),
        last("ndjson = { repeat = 'nope' }", "{\"a\":1}"),
        last("json = { repeat = 'pkgs.sup' }", r#"[{"pkgs":[]},{"pkgs":null}]"#),
        last("json = { repeat = 'pkgs' }", r#"[{"a":1},{"a":1,"pkgs":null}]"#),
        last("json = { repeat = 'pkgs' }", "[]"),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @"
    no row has `pkg.sup`, which `repeat` names, so each was taken as it stands
    没有一行含有 `repeat` 所指的 `pkg.sup`，各行未展开
    is it `pkgs.sup`? correct `repeat`, or leave it out where there is nothing to repeat
    是否为 `pkgs.sup`？请改正 `repeat`；没有要展开的内容时去掉它

    no row has `sup`, which `repeat` names, so each was taken as it stands
    没有一行含有 `repeat` 所指的 `sup`，各行未展开
    is it `pkgs.sup`? correct `repeat`, or leave it out where there is nothing to repeat
    是否为 `pkgs.sup`？请改正 `repeat`；没有要展开的内容时去掉它

    no row has `pkgs.bidders`, which `repeat` names, so each was taken as it stands
    没有一行含有 `repeat` 所指的 `pkgs.bidders`，各行未展开
    is it `pkgs`? correct `repeat`, or leave it out where there is nothing to repeat
    是否为 `pkgs`？请改正 `repeat`；没有要展开的内容时去掉它

    no row has `nope`, which `repeat` names, so each was taken as it stands
    没有一行含有 `repeat` 所指的 `nope`，各行未展开
    correct `repeat`, or leave it out where there is nothing to repeat
    请改正 `repeat`；没有要展开的内容时去掉它

    nothing is told

    nothing is told

    nothing is told
    ");
}

#[test]
fn gbk_brackets_inside_characters_are_none() {
    // Second bytes 0x5C, 0x5B, 0x5D, 0x7B, 0x7D.
    let text = r#"[{"名":"乗乕乚亄亇"},{"名":"\"二"}]"#;
    let bytes = encoding_rs::GBK.encode(text).0;
    insta::assert_snapshot!(show(&read("json = { encoding = 'gbk' }", &bytes)), @r#"
    1@1 [名=乗乕乚亄亇]
    2@21 [名="二]
    "#);
}

#[test]
fn an_element_that_is_no_row_costs_itself() {
    let text = b"[{\"a\":1},{\"a\":tru},{\"a\":1,\"a\":2},\"x\",[1],{\"b\":{\"c\":1},\"b.c\":2},{\"a\":\"\xff\"},{\"a\":\"x\ny\"},{\"a\":3}]";
    insta::assert_snapshot!(show(&read("json = {}", text)), @r#"
    1@1 [a=1]
    2@9 Malformed["expected ident at line 1 column 9"] <{\"a\":tru}>
    3@19 Malformed["`a` stands twice"] <{\"a\":1,\"a\":2}>
    4@33 Malformed["a row must be an object, `{…}`"] <\"x\">
    5@37 Malformed["a row must be an object, `{…}`"] <[1]>
    6@41 Malformed["`b.c` stands twice"] <{\"b\":{\"c\":1},\"b.c\":2}>
    7@63 Undecodable["UTF-8", "69", "ff"] <{\"a\":\"\xff\"}>
    8@73 Malformed["control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0"] <{\"a\":\"x\ny\"}>
    9@85 [a=3]
    "#);
}

#[test]
fn limits_cost_the_row_that_is_above_them() {
    let deep = format!("[{{\"a\":{}1{}}},{{\"a\":2}}]", "[".repeat(64), "]".repeat(64));
    let rows = read_once("json = {}", deep.as_bytes());
    assert_eq!(args(rows.row(0).fault().unwrap()), ["65", "64", "levels of nesting"]);
    assert_eq!(rows.row(1).text(0), Some("2"));
    let large = format!("[{{\"a\":\"{}\"}},{{\"a\":2}}]", "x".repeat(ROW_BYTES_MAX));
    let rows = read_once("json = {}", large.as_bytes());
    assert_eq!(args(rows.row(0).fault().unwrap()), ["8388616", "8388608", "bytes"]);
    assert_eq!(rows.row(1).text(0), Some("2"));
    let many = format!("[{{\"s\":[{}1]}},{{\"s\":2}}]", "1,".repeat(10_000));
    let rows = read_once("json = { repeat = 's' }", many.as_bytes());
    assert_eq!(args(rows.row(0).fault().unwrap()), ["10001", "10000", "elements of `repeat`"]);
    assert_eq!(rows.row(1).text(0), Some("2"));
}

#[test]
fn json_lines_are_rows_each_alone() {
    let text = b"{\"a\":1}\r\n\n{\"a\":\n{\"a\":\"\xb9\"}\n[1]\n{\"a\":2} x\n{\"a\":3}";
    insta::assert_snapshot!(show(&read("ndjson = { encoding = 'gbk' }", text)), @r#"
    1@0 [a=1]
    3@10 Malformed["EOF while parsing a value at line 1 column 5"] <{\"a\":>
    4@16 Undecodable["GBK", "22", "b9"] <{\"a\":\"\xb9\"}>
    5@26 Malformed["a row must be an object, `{…}`"] <[1]>
    6@30 Malformed["trailing characters at line 1 column 9"] <{\"a\":2} x>
    7@40 [a=3]
    "#);
    insta::assert_snapshot!(show(&read("ndjson = { repeat = 's' }", b"{\"a\":1,\"s\":[1,2]}\n")), @"
    1@0 [a=1] [s=1]
    1@0 [a=1] [s=2]
    ");
}

/// Every way in which a whole file, or its rest, is refused, in the words that a person reads.
#[test]
fn a_file_whose_structure_is_lost_is_refused_from_there_on() {
    let refused = |config: &str, text: &str| {
        let rows = read(config, text.as_bytes());
        let last = rows.row(rows.len() - 1);
        assert_eq!(last.fault().unwrap().kind, FaultKind::FileUnreadable);
        format!("{} rows before\n{}", rows.len() - 1, told(last.fault().unwrap()))
    };
    let items = "json = { rows = 'data.items' }";
    let all = [
        refused("json = {}", ""),
        refused("json = {}", " \n"),
        refused("json = {}", "12"),
        refused("json = {}", "[{\"a\":1},"),
        refused("json = {}", "[{\"a\":1},{\"a\":\"x"),
        refused("json = {}", "[{\"a\":1} {\"a\":2}]"),
        refused("json = {}", "[{\"a\":1},,{\"a\":2}]"),
        refused("json = {}", "[{\"a\":1}][{\"a\":2}]"),
        refused("json = {}", "[{\"a\":1}}"),
        refused(items, "{\"data\":{\"rows\":[],\"total\":1}}"),
        refused(items, "{\"data\":[1]}"),
        refused(items, "{}"),
        refused(items, "{\"data\":{\"items\":[{}],\"items\":[{}]}}"),
        refused(items, "{\"data\":{\"items\":[{}]"),
        refused(items, "{\"data\" {}}"),
        refused(items, "{data:1}"),
        refused("json = { rows = 'a' }", "{\"a\":\"x\"}"),
        refused(items, "<html><head>"),
        refused("json = {}", "XMBH,XMMC\n1,2"),
        refused(items, "{\"code\":401,\"msg\":\"token expired\",\"data\":null}"),
        refused(items, "{\"data\":{\"items\":null}}"),
        refused(items, "{\"data\":{\"items\": { } }}"),
        refused(items, "{\"data\":{\"items\":<none>}}"),
        refused("json = {}", "{}"),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @"
    0 rows before
    the file is empty
    文件是空的
    ask the sender for the file again; an export that ended early leaves such files
    请对方重新提供该文件；导出中断会留下这样的文件

    0 rows before
    the file is empty
    文件是空的
    ask the sender for the file again; an export that ended early leaves such files
    请对方重新提供该文件；导出中断会留下这样的文件

    0 rows before
    the document itself is a number, and no array of rows
    文档本身是数字，不是行的数组
    set `rows` to the path of the array of rows, e.g. `data.items`
    请把 `rows` 设为行数组的路径，如 `data.items`

    1 rows before
    its structure is lost at byte 9: a row should follow `,`
    第 9 字节处起结构已乱：`,` 之后应为一行
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    the file ends in the middle of a value; an export that was cut off leaves such files
    文件在一个值的中间结束；导出中断会留下这样的文件
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    its structure is lost at byte 9: `,` or `]` should follow a row
    第 9 字节处起结构已乱：一行之后应为 `,` 或 `]`
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    its structure is lost at byte 9: a row should follow `,`
    第 9 字节处起结构已乱：`,` 之后应为一行
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    its structure is lost at byte 9: something follows the end of the document
    第 9 字节处起结构已乱：文档结束之后还有内容
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    its structure is lost at byte 8: `,` or `]` should follow a row
    第 8 字节处起结构已乱：一行之后应为 `,` 或 `]`
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    0 rows before
    it has no `data.items`; what stands there: `rows`, `total`
    没有 `data.items`；该处有 `rows`、`total`
    set `rows` to the path of the array of rows, e.g. `data.items`
    请把 `rows` 设为行数组的路径，如 `data.items`

    0 rows before
    `data` is an array, so there is no `data.items` in it
    `data` 是数组，其中没有 `data.items`
    set `rows` to the path of the array of rows, e.g. `data.items`
    请把 `rows` 设为行数组的路径，如 `data.items`

    0 rows before
    it has no `data`; nothing stands there
    没有 `data`；该处是空的
    set `rows` to the path of the array of rows, e.g. `data.items`
    请把 `rows` 设为行数组的路径，如 `data.items`

    1 rows before
    its structure is lost at byte 30: `items` stands twice, and only the first was read
    第 30 字节处起结构已乱：`items` 出现两次，只读取了第一个
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    its structure is lost at byte 21: `,` or `}` should follow
    第 21 字节处起结构已乱：此处应为 `,` 或 `}`
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    0 rows before
    its structure is lost at byte 8: `:` should follow the name of a member
    第 8 字节处起结构已乱：成员名之后应为 `:`
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    0 rows before
    its structure is lost at byte 1: the name of a member should follow
    第 1 字节处起结构已乱：此处应为成员名
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    0 rows before
    `a` is text, and no array of rows
    `a` 是文本，不是行的数组
    set `rows` to the path of the array of rows, e.g. `data.items`
    请把 `rows` 设为行数组的路径，如 `data.items`

    0 rows before
    this is no JSON: it begins with `<html`
    这不是 JSON：以 `<html` 开头
    see what was delivered: login pages and error pages come so
    请看对方给出的是什么：登录页、错误页常这样出现

    0 rows before
    this is no JSON: it begins with `XMBH`
    这不是 JSON：以 `XMBH` 开头
    see what was delivered: login pages and error pages come so
    请看对方给出的是什么：登录页、错误页常这样出现

    0 rows before
    `data` is null, so there is no `data.items` in it
    `data` 是空值 null，其中没有 `data.items`
    nothing was delivered: see what else the file says, such as the code of an error; or correct `rows`
    对方没有给出数据：请看文件中的其他内容，如错误码；位置不对则改正 `rows`

    0 rows before
    `data.items` is null, and no array of rows
    `data.items` 是空值 null，不是行的数组
    nothing was delivered: see what else the file says, such as the code of an error; or correct `rows`
    对方没有给出数据：请看文件中的其他内容，如错误码；位置不对则改正 `rows`

    0 rows before
    `data.items` is an object without any value, and no array of rows
    `data.items` 是没有任何值的对象，不是行的数组
    set `rows` to the path of the array of rows, e.g. `data.items`
    请把 `rows` 设为行数组的路径，如 `data.items`

    0 rows before
    this is no JSON: it begins with `<none`
    这不是 JSON：以 `<none` 开头
    see what was delivered: login pages and error pages come so
    请看对方给出的是什么：登录页、错误页常这样出现

    0 rows before
    the document itself is an object without any value, and no array of rows
    文档本身是没有任何值的对象，不是行的数组
    set `rows` to the path of the array of rows, e.g. `data.items`
    请把 `rows` 设为行数组的路径，如 `data.items`
    ");
}
