//! Whole files in, whole rows out.

use super::*;
use crate::testing::{args, read, read_once, show, told};

const ROW: &str = "xml = { row = 'ROW' }";

#[test]
fn nested_elements_attributes_and_lists_become_cells() {
    let text = r#"<?xml version="1.0"?>
<!-- <ROW>no</ROW> --><n:ROWS xmlns:n="urn:x"><HEAD><ROW2/></HEAD>
<ROW id="7" xmlns:xsi="u"><A>a &amp; &lt;b&gt;&#20844;&#x544a;</A><B><C lang="zh">1</C><D/></B><n:E>x</n:E>
<F>1</F><F>2</F><G xsi:nil="true"/><H><![CDATA[<b>]]&gt;]]></H></ROW>
<ROW><A> spaces </A></ROW><ROW/></n:ROWS>"#;
    insta::assert_snapshot!(show(&read(ROW, text.as_bytes())), @r"
    1@89 [@id=7] [A=a & <b>公告] [B.C.@lang=zh] [B.C=1] [B.D=] [E=x] [F=1;2] [H=<b>]]&gt;]
    2@267 [A= spaces ]
    3@293
    ");
}

#[test]
fn a_row_is_named_by_the_end_of_its_path() {
    let text = "<R><HEAD><ROW><A>no</A></ROW></HEAD><ROWS><ROW><A>yes</A></ROW></ROWS></R>";
    insta::assert_snapshot!(show(&read("xml = { row = 'ROWS.ROW' }", text.as_bytes())), @"1@42 [A=yes]");
    insta::assert_snapshot!(show(&read("xml = { row = 'R' }", b"<R><A>1</A></R>")), @"1@0 [A=1]");
}

#[test]
fn repeated_elements_become_rows_with_the_columns_of_their_parent() {
    let text = "<P><CODE>1</CODE><BDS><BD><N>a</N></BD><BD no='2'><N>b</N></BD></BDS><END>x</END></P>";
    insta::assert_snapshot!(show(&read("xml = { row = 'P', repeat = 'BDS.BD' }", text.as_bytes())), @r"
    1@0 [CODE=1] [END=x] [BDS.BD.N=a]
    1@0 [CODE=1] [END=x] [BDS.BD.N=b] [BDS.BD.@no=2]
    ");
    let text = "<R><P><CODE>1</CODE><BDS no='1'><BD>a</BD><BD>b</BD></BDS><BDS no='2'/><BDS no='3'><BD>c</BD></BDS></P><P/></R>";
    insta::assert_snapshot!(show(&read("xml = { row = 'P', repeat = 'BDS.BD' }", text.as_bytes())), @"
    1@3 [CODE=1] [BDS.@no=1] [BDS.BD=a]
    1@3 [CODE=1] [BDS.@no=1] [BDS.BD=b]
    1@3 [CODE=1] [BDS.@no=2] [BDS=]
    1@3 [CODE=1] [BDS.@no=3] [BDS.BD=c]
    2@103
    ");
    let missing = read("xml = { row = 'P', repeat = 'BD' }", b"<P><CODE>1</CODE><BDS><BD>x</BD></BDS></P>");
    insta::assert_snapshot!(told(missing.row(1).fault().unwrap()), @"
    no row has `BD`, which `repeat` names, so each was taken as it stands
    没有一行含有 `repeat` 所指的 `BD`，各行未展开
    is it `BDS.BD`? correct `repeat`, or leave it out where there is nothing to repeat
    是否为 `BDS.BD`？请改正 `repeat`；没有要展开的内容时去掉它
    ");
    assert_eq!(read("xml = { row = 'P', repeat = 'BDS.BD' }", b"<P><CODE>1</CODE><BDS/></P>").len(), 1);
}

#[test]
fn lists_of_two_columns_stay_side_by_side() {
    let text = "<R><F><N>a</N></F><F><N>b</N><S>2</S></F><F><N/><S>3</S></F></R>";
    insta::assert_snapshot!(show(&read("xml = { row = 'R' }", text.as_bytes())), @"1@0 [F.N=a;b;] [F.S=;2;3]");
}

#[test]
fn gbk_is_read_by_its_declaration_names_included() {
    // The second byte of 哴 is 0x5D, `]`, before the end of a CDATA section.
    let text = "<?xml version='1.0' encoding='gb2312'?><数据><行><名称>公告</名称><X><![CDATA[哴]>]]></X></行></数据>";
    let bytes = encoding_rs::GBK.encode(text).0;
    assert!(bytes.windows(3).any(|w| w == b"]]>"));
    let rows = read("xml = { row = '行' }", &bytes);
    assert_eq!(rows.encoding, "GB2312");
    insta::assert_snapshot!(show(&rows), @"1@45 [名称=公告] [X=哴]>]");
}

#[test]
fn utf_16_is_read_with_and_without_a_mark() {
    let text = "<?xml version='1.0' encoding='utf-16'?><R><A>公告</A></R>";
    let units = |mark: &str| format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    for bytes in [units("\u{feff}"), units("")] {
        assert_eq!(read("xml = { row = 'R' }", &bytes).row(0).text(0), Some("公告"));
    }
}

#[test]
fn a_row_whose_tags_do_not_match_costs_itself() {
    let text = "<ROWS>\n<ROW><A>1</A></ROW>\n<ROW><A>2</B></ROW>\n<ROW><A>3</ROW>\n<ROW><A>4</A>\n<ROW><A>5</A></ROW>\n\
                    <ROW><A>6 < 7 it's</A></ROW>\n<ROW><A>8&nbsp;</A></ROW>\n<ROW><A>\u{7}</A></ROW>\n<ROW><A x=1>9</A></ROW>\n</ROWS>";
    insta::assert_snapshot!(show(&read(ROW, text.as_bytes())), @r#"
    1@7 [A=1]
    2@27 Malformed["`<A>` is closed by `</B>`"] <<ROW><A>2</B></ROW>>
    3@47 Malformed["`<A>` is closed by `</ROW>`"] <<ROW><A>3</ROW>>
    4@63 Malformed["`<ROW>` is not closed"] <<ROW><A>4</A>\n>
    5@77 [A=5]
    6@97 Malformed["a `<` stands where no tag is; in text it must be `&lt;`"] <<ROW><A>6 < 7 it\'s</A></ROW>>
    7@126 Malformed["the entity `&nbsp;` is not known; XML has only amp, lt, gt, quot, apos"] <<ROW><A>8&nbsp;</A></ROW>>
    8@152 [A=]
    9@172 Malformed["position 4: attribute value must be enclosed in `\"` or `'`"] <<ROW><A x=1>9</A></ROW>>
    "#);
}

#[test]
fn a_bad_byte_costs_its_own_row_and_tells_its_place() {
    let bytes = b"<R><ROW><A>\xff</A></ROW><ROW><A>2</A></ROW></R>";
    insta::assert_snapshot!(show(&read(ROW, bytes)), @r#"
    1@3 Undecodable["UTF-8", "11", "ff"] <<ROW><A>\xff</A></ROW>>
    2@22 [A=2]
    "#);
}

#[test]
fn limits_cost_the_row_that_is_above_them() {
    let deep = format!("<R><ROW>{}{}</ROW><ROW><A>2</A></ROW></R>", "<a>".repeat(64), "</a>".repeat(64));
    insta::assert_snapshot!(show(&read_once(ROW, deep.as_bytes())).replace("<a>", "").replace("</a>", ""), @r#"
    1@3 TooLarge["65", "64", "levels of nesting"] <<ROW></ROW>>
    2@462 [A=2]
    "#);
    let attributes: String = (0..257).map(|i| format!(" a{i}='1'")).collect();
    let text = format!("<R><ROW><A{attributes}/></ROW><ROW><A>2</A></ROW></R>");
    let rows = read_once(ROW, text.as_bytes());
    assert_eq!(args(rows.row(0).fault().unwrap()), ["257", "256", "attributes in one tag"]);
    assert_eq!(rows.row(1).cell(rows.columns().iter().position(|c| c == "A").unwrap()), adapter::Cell::Text("2"));
    let large = format!("<R><ROW><A>{}</A></ROW><ROW><A>2</A></ROW></R>", "x".repeat(ROW_BYTES_MAX));
    let rows = read_once(ROW, large.as_bytes());
    assert_eq!(args(rows.row(0).fault().unwrap()), ["8388626", "8388608", "bytes"]);
    assert_eq!(rows.row(1).text(0), Some("2"));
    // Text, a section or a tag far above the limit is not held either.
    for content in ["<A>X</A>", "<A><![CDATA[X</ROW>]]></A>", "<!-- X -->"] {
        let text = format!("<R><ROW>{}</ROW><ROW><A>2</A></ROW></R>", content.replace('X', &"x".repeat(20 << 20)));
        let rows = read_once(ROW, text.as_bytes());
        assert_eq!(rows.row(0).fault().unwrap().kind, FaultKind::TooLarge);
        assert_eq!(rows.row(0).cell(0), adapter::Cell::Bytes(&text.as_bytes()[3..3 + KEPT_BYTES_MAX]));
        assert_eq!(rows.row(1).text(0), Some("2"), "{}", &content[..4]);
    }
    let tag = format!("<R><ROW><A>1</A></ROW><ROW a='{}'/></R>", "x".repeat(20 << 20));
    let rows = read_once(ROW, tag.as_bytes());
    assert_eq!(
        args(rows.row(1).fault().unwrap())[0],
        "its structure is lost near byte 22: a tag has more than 8388608 bytes"
    );
}

#[test]
fn an_entity_bomb_is_refused_before_anything_is_expanded() {
    let mut bomb = String::from("<?xml version='1.0'?>\n<!DOCTYPE lolz [<!ENTITY a 'lol'>");
    for i in 0..20 {
        bomb.push_str(&format!("<!ENTITY b{i} '&a;&a;&a;&a;'>"));
    }
    bomb.push_str("]><ROWS><ROW><A>&b19;</A></ROW></ROWS>");
    let rows = read_once(ROW, bomb.as_bytes());
    assert_eq!(rows.len(), 1);
    insta::assert_snapshot!(told(rows.row(0).fault().unwrap()), @"
    it has a DOCTYPE, which is refused: it may fetch other files and blow up entities
    含有 DOCTYPE，不予读取：它可以引入其他文件、无限展开实体
    have the sender leave out the line `<!DOCTYPE …>`; records need none
    请对方去掉 `<!DOCTYPE …>` 一行；数据不需要它
    ");
}

/// Every way in which a whole file, or its rest, is refused, in the words that a person reads.
#[test]
fn a_file_that_is_not_what_it_should_be_is_refused_from_there_on() {
    let refused = |config: &str, bytes: &[u8]| {
        let rows = read(config, bytes);
        let last = rows.row(rows.len() - 1);
        assert_eq!(last.fault().unwrap().kind, FaultKind::FileUnreadable);
        format!("{} rows before\n{}", rows.len() - 1, told(last.fault().unwrap()))
    };
    let one = "<R><ROW><A>1</A></ROW>";
    let all = [
        refused(ROW, b""),
        refused(ROW, b"no xml at all"),
        refused(ROW, b"{\"A\": \"<\""),
        refused(ROW, format!("{one}<ROW><A>2").as_bytes()),
        refused(ROW, one.as_bytes()),
        refused(ROW, format!("{one}</R><R/>").as_bytes()),
        refused(ROW, format!("{one}</X>").as_bytes()),
        refused(ROW, format!("{one}<!-- ").as_bytes()),
        refused(ROW, format!("{one}<!DOCTYPE a>").as_bytes()),
        refused(ROW, b"<R><row/><other/></R>"),
        refused(ROW, b"<?xml version='1.0' encoding='UTF-16'?><R/>"),
        refused(ROW, b"<?xml version='1.0' encoding='big5'?><R/>"),
        refused(ROW, b"\xef\xbb\xbf<?xml version='1.0' encoding='GBK'?><R/>"),
        refused("xml = { row = 'ROW', encoding = 'gbk' }", b"<R/>"),
        refused(ROW, "<?xml version='1.0' encoding='GBK'?><公告标题/>".as_bytes()),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @r#"
    0 rows before
    the file is empty
    文件是空的
    ask the sender for the file again; an export that ended early leaves such files
    请对方重新提供该文件；导出中断会留下这样的文件

    0 rows before
    there is no XML element in it
    其中没有 XML 元素
    see whether the file is XML at all
    请核对该文件是否是 XML

    0 rows before
    its structure is lost near byte 7: the file ends inside a tag, a comment or a section
    第 7 字节附近起结构已乱：文件在标签、注释或区段之内结束
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    the file ends inside `<ROW>`; an export that was cut off leaves such files
    文件在 `<ROW>` 之内结束；导出中断会留下这样的文件
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    its structure is lost near byte 22: the file ends before `</R>`
    第 22 字节附近起结构已乱：文件在 `</R>` 之前就结束了
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    its structure is lost near byte 26: something follows the end of the document
    第 26 字节附近起结构已乱：文档结束之后还有内容
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    its structure is lost near byte 22: `</X>` closes nothing
    第 22 字节附近起结构已乱：`</X>` 没有对应的开始标签
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    its structure is lost near byte 22: the file ends inside a tag, a comment or a section
    第 22 字节附近起结构已乱：文件在标签、注释或区段之内结束
    ask the sender for the file again; rows that were taken are recognised
    请对方重新提供该文件；已收下的行会被认出

    1 rows before
    it has a DOCTYPE, which is refused: it may fetch other files and blow up entities
    含有 DOCTYPE，不予读取：它可以引入其他文件、无限展开实体
    have the sender leave out the line `<!DOCTYPE …>`; records need none
    请对方去掉 `<!DOCTYPE …>` 一行；数据不需要它

    0 rows before
    it has no element `ROW`; what stands there: `row`, `other`
    没有元素 `ROW`；该处有 `row`、`other`
    set `row` to the name of the element that is repeated
    请把 `row` 设为重复出现的元素名

    0 rows before
    it declares UTF-16 and is not in UTF-16
    声明为 UTF-16，实际不是
    have the sender correct the XML declaration, `<?xml version="1.0" encoding="…"?>`
    请对方改正 XML 声明 `<?xml version="1.0" encoding="…"?>`

    0 rows before
    it declares the encoding `big5`, which is not read
    声明的编码 `big5` 不支持
    have it written in UTF-8, GBK, GB18030 or UTF-16
    请对方以 UTF-8、GBK、GB18030 或 UTF-16 输出

    0 rows before
    it declares GBK and begins like UTF-8
    声明为 GBK，开头却是 UTF-8
    have the sender correct the XML declaration, `<?xml version="1.0" encoding="…"?>`
    请对方改正 XML 声明 `<?xml version="1.0" encoding="…"?>`

    0 rows before
    the configuration says GBK, but the file is, having no declaration, in UTF-8
    配置写的是 GBK，文件没有声明，即为 UTF-8
    correct `encoding`, or leave it out: an XML file says itself what it is in
    请改正 `encoding` 或去掉它：XML 文件自己会说明编码

    0 rows before
    it was declared to be GBK, but it is UTF-8
    声明为 GBK，实际是 UTF-8
    set `encoding = "utf-8"`, or have the file written as GBK
    请设 `encoding = "utf-8"`，或请对方以 GBK 输出
    "#);
}
