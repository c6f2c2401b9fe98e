//! Mistakes in a mapping: each at its word, with what was probably meant.

use insta::assert_snapshot;

use super::*;

const TEN: &str = r#"
dataset  = "TENDER_ANN_QUA_INQUERY_ANN"
columns  = ["ID", "GGBT", "FBSJ", "WJSJ", "GGXZ"]
identity = ["ID"]
parents  = "warn"

[fields]
NOTICE_NAM         = "GGBT"
NOTICE_NAME        = { form = "GGBT" }
URL                = "GGTB"
NOTICE_SEND_TIME   = { from = "FBSJ", as = "datetme" }
BID_OPEN_TIME      = { from = "FBSJ", form = "DD/MM/YYYY" }
DOC_PRICE          = "WJSJ"
NOTICE_NATURE      = { from = "GGXZ", code = "notice_natur" }
BULLETIN_TYPE      = { const = "招标公告" }
IS_POSTPONE        = { expr = 'IIF(ISBLANK(FBSJ), "0", "1")' }
TENDERER_NAME      = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_COD = "ID" }, take = "LEGAL_NAME" }
"#;

#[test]
fn ten_mistakes_are_told_at_ten_places() {
    assert_snapshot!(mistakes(TEN, Lang::En), @r#"
    m.toml:5:12: `parents = "warn"` needs its reason
      hint: add reason = "why nobody supplies the parents yet"
    m.toml:8:1: TENDER_ANN_QUA_INQUERY_ANN has no field `NOTICE_NAM`
      hint: `NOTICE_NAME` (公告标题)?
    m.toml:9:24: the rule does not say where the value comes from
      hint: `from`?
    m.toml:10:22: there is no column `GGTB`
      hint: `GGBT`?
    m.toml:11:44: `as` cannot be `datetme`
      hint: `datetime`?
    m.toml:12:46: `DD` in a date's form means nothing
      hint: a pattern of yyyy yy MM M dd d HH H mm ss, or one of text, epoch_s, epoch_ms, excel
    m.toml:13:22: `DOC_PRICE` has a unit, and the rule does not say the source's
      hint: { from = "…", as = "money", unit = "元" }
    m.toml:14:46: there is no code set `notice_natur`
      hint: `notice_nature` (公告性质)?
    m.toml:15:32: `招标公告` is no code of `bulletin_type` (公告类型)
      hint: `1` is 招标公告
    m.toml:16:32: there is no function `IIF`
      hint: the functions are IF, IFS, IFERROR, SWITCH, ISBLANK, ISNUMBER, AND, OR, NOT, EXACT, LEFT, RIGHT, MID, LEN, FIND, SUBSTITUTE, REPLACE, TRIM, UPPER, LOWER, CONCAT, CONCATENATE, TEXTJOIN, REPT, VALUE, TEXT, COL, TRUE, FALSE
    m.toml:17:64: LEGAL_PERSON_BASE has no field `LEGAL_COD`
      hint: `LEGAL_CODE` (法人代码)?
    "#);
}

#[test]
fn and_in_chinese() {
    assert_snapshot!(mistakes(TEN, Lang::Zh), @r#"
    m.toml:5:12: `parents = "warn"` 须写明原因
      提示：加上 reason = "为何尚无上级数据"
    m.toml:8:1: TENDER_ANN_QUA_INQUERY_ANN 没有字段 `NOTICE_NAM`
      提示：是否为 `NOTICE_NAME`（公告标题）？
    m.toml:9:24: 规则没有写明值从何来
      提示：是否为 `from`？
    m.toml:10:22: 没有列 `GGTB`
      提示：是否为 `GGBT`？
    m.toml:11:44: `as` 不能是 `datetme`
      提示：是否为 `datetime`？
    m.toml:12:46: 日期格式中的 `DD` 没有意义
      提示：由 yyyy yy MM M dd d HH H mm ss 组成，或 text、epoch_s、epoch_ms、excel 之一
    m.toml:13:22: `DOC_PRICE` 有单位，规则须写明来源的单位
      提示：{ from = "…", as = "money", unit = "元" }
    m.toml:14:46: 没有代码集 `notice_natur`
      提示：是否为 `notice_nature`（公告性质）？
    m.toml:15:32: `招标公告` 不是代码集 `bulletin_type`（公告类型）的代码
      提示：招标公告的代码是 `1`
    m.toml:16:32: 没有函数 `IIF`
      提示：函数有 IF, IFS, IFERROR, SWITCH, ISBLANK, ISNUMBER, AND, OR, NOT, EXACT, LEFT, RIGHT, MID, LEN, FIND, SUBSTITUTE, REPLACE, TRIM, UPPER, LOWER, CONCAT, CONCATENATE, TEXTJOIN, REPT, VALUE, TEXT, COL, TRUE, FALSE
    m.toml:17:64: LEGAL_PERSON_BASE 没有字段 `LEGAL_COD`
      提示：是否为 `LEGAL_CODE`（法人代码）？
    "#);
}

#[test]
fn every_other_mistake_of_a_rule() {
    let text = r#"
dataset = "513"
when_lost = "drop"
version = 7
[tables.x]
"1" = "a"
"1.0" = "b"
[tables]
y = 3
[fields]
NOTICE_NAME = 5
NOTICE_CONTENT = { from = "A", const = "B" }
URL = { from = "A", max = 9999 }
NOTICE_MEDIA = { from = "A", split = "", then = "x" }
WIN_BIDDER_NAME = { regex = "(", from = "A" }
BID_AMOUNT = { from = "A", as = "money", unit = "万" }
OTHER_CONTENT = { from = "A", as = "money" }
BULLETIN_DUTY = { const = "x", default = "y", unit = "元" }
NOTICE_NATURE = { from = "A", table = { "x" = "7", "y" = 1 } }
BULLETIN_TYPE = { from = "A", table = "z", else = "8" }
EXAMINER_NAME = { concat = "A" }
TENDER_AGENCY_NAM = { concat = ["A", 3] }
TENDER_AGENCY_CODE = { lookup = "NOWHERE", where = {}, take = "X" }
REGION_CODE = { present = "A" }
TRA_PLACE_CODE = { expr = 'NOT(A = "1")' }
UNIFIED_DEAL_CODE = { assign = "deal", by = "BID_SECTION" }
BIDDER_ROLE = { stamp = "version" }
PRICE_FORM_CODE = {}
"#;
    assert_snapshot!(mistakes(text, Lang::En), @r#"
    m.toml:3:13: `when_lost` cannot be `drop`
      hint: one of keep, withdraw
    m.toml:4:11: `version` must be a column or a table { from = "…" }, not a whole number
    m.toml:7:1: `1.0` stands in the table twice, once as `a`
    m.toml:9:5: `y` must be a table { "their word" = "code" }, not a whole number
    m.toml:11:15: `NOTICE_NAME` must be a column's name or a table { from = "…" }, not a whole number
    m.toml:12:32: `const` beside `from`: a value comes from one of them
    m.toml:13:27: the field holds 500 characters, not 9999
      hint: max = 500
    m.toml:14:38: an empty separator separates nothing
    m.toml:14:42: `then` does nothing here
      hint: it belongs to `present`
    m.toml:15:29: `regex` is no regular expression: unclosed group
    m.toml:16:49: `unit` cannot be `万`
      hint: `万元`?
    m.toml:17:36: `OTHER_CONTENT` is no amount of money in the schema
      hint: as = "number"
    m.toml:18:32: `default` does nothing here
      hint: `const` gives the standard's value as it is
    m.toml:18:47: `unit` does nothing here
      hint: `const` gives the standard's value as it is
    m.toml:19:47: `7` is no code of `notice_nature` (公告性质)
      hint: 1 正常公告, 2 更正公告, 3 重发公告, 9 其他
    m.toml:19:58: `y` must be a text in quotes, not a whole number
    m.toml:20:39: there is no table `z`
      hint: add [tables.z]
    m.toml:20:51: `8` is no code of `bulletin_type` (公告类型)
      hint: 1 招标公告, 2 资格预审公告, 3 中标结果公告, 9 其他
    m.toml:21:28: `concat` must be a list ["COLUMN", { const = "-" }], not a text
    m.toml:22:38: a part of `concat` is a column or { const = "…" }
    m.toml:23:33: there is no dataset `NOWHERE`
      hint: `exchange-hub schema list` names them
    m.toml:24:27: `present` gives nothing
      hint: add then = "1" and else = "0"
    m.toml:25:34: a single `=` compares nothing
      hint: equal is written ==
    m.toml:26:21: `class` is missing
      hint: class = "A01": the class of trade, code set trade_class
    m.toml:26:21: s/m has no rule for `PLATFORM_CODE`, so no code can ever be assigned
      hint: fill it, or add platform = "the operator's credit code"
    m.toml:26:32: `assign` cannot be `deal`
      hint: one of unified-deal-code
    m.toml:26:45: WIN_RESULT_ANNO has no field `BID_SECTION`
      hint: `BID_SECTION_CODE` (标段（包）编号)?
    m.toml:27:25: `BIDDER_ROLE` is no time, so it cannot be stamped
    m.toml:28:19: the rule does not say where the value comes from
      hint: one of from, const, concat, present, expr, field, lookup, assign, stamp
    "#);
}

#[test]
fn mistakes_of_settings_each_and_examples() {
    let text = r#"
dataset = "512"
identty = "ID"
identity = ["ID"]
when = { ZT = 1, bd.zt = "1" }
withdraw_when = "SC ="
deal_code_check = "no"
[each]
columns = { DW = "DW", BJ = "BJ{n}" }
count = 500
[fields]
[[example]]
record = { NOTICE_NAM = "x" }
reasons = ["requird"]
[[example]]
row = { A = true }
found = { LEGAL_PERSON_BAS = [], LEGAL_PERSON_BASE = [{ LEGAL_NAM = "x" }] }
"#;
    assert_snapshot!(mistakes(text, Lang::En), @r#"
    m.toml:1:1: there is no rule
      hint: add [fields] with FIELD = "COLUMN"
    m.toml:3:1: unknown key `identty`
      hint: `identity`?
    m.toml:5:15: `ZT` must be a text or a list of texts, not a whole number
    m.toml:5:18: `bd` must be a value, a list of them, or { not = … }
      hint: a column's name with points in it stands in quotes
    m.toml:6:21: a single `=` compares nothing
      hint: equal is written ==
    m.toml:7:19: `deal_code_check` must be true or false, not a text
    m.toml:9:11: `count` must say how many groups there are, 1 to 200
      hint: count = 10
    m.toml:12:1: `row` is missing
      hint: row = { COLUMN = "value" }
    m.toml:13:12: CONTRACT_PERFORMANCE has no field `NOTICE_NAM`
      hint: `exchange-hub schema show 512` names them
    m.toml:14:12: there is no reason `requird`
      hint: `required`?
    m.toml:16:13: `A` must be a text in quotes, not true or false
    m.toml:17:11: there is no dataset `LEGAL_PERSON_BAS`
      hint: `LEGAL_PERSON_BASE` (法人基本信息)?
    m.toml:17:57: LEGAL_PERSON_BASE has no field `LEGAL_NAM`
      hint: `LEGAL_NAME` (法人名称)?
    "#);
    assert_snapshot!(mistakes("dataset = \"513\"\nidentity = \"ID\"\n[each]\nsplit = { BD = \"、\" }\n[fields]\nURL = \"BD\"\n", Lang::En), @r"
    m.toml:2:12: every element of a row would have the same identity
      hint: add one of BD
    ");
    assert_snapshot!(mistakes("dataset = \"WIN_RESULT_ANO\"\n[fields]\nURL = { from = \"A\" \nX = = 1\n", Lang::En), @r#"
    m.toml:1:11: there is no dataset `WIN_RESULT_ANO`
      hint: `WIN_RESULT_ANNO` (中标结果公告)?
    m.toml:4:1: this is no TOML: missing comma between key-value pairs, expected `,`
      hint: texts stand in double quotes; one `key = value` a line
    m.toml:4:5: this is no TOML: extra assignment between key-value pairs, expected value
      hint: texts stand in double quotes; one `key = value` a line
    m.toml:4:8: this is no TOML: unclosed inline table, expected `}`
      hint: texts stand in double quotes; one `key = value` a line
    "#);
    assert_snapshot!(mistakes("", Lang::Zh), @r#"
    m.toml:1:1: 缺少 `dataset`
      提示：添加 dataset = "…"
    m.toml:1:1: 没有任何规则
      提示：加上 [fields]，每行 字段 = "列"
    "#);
}

#[test]
fn a_rule_points_only_at_what_the_row_itself_gives() {
    let text = r#"
dataset = "503"
[fields]
NOTICE_NAME = { field = "TENDERER_NAME" }
TENDERER_NAME = { field = "NOTICE_NAME" }
URL = { field = "NOTICE_CONTENT" }
NOTICE_MEDIA = { field = "MEDIA" }
"#;
    assert_snapshot!(mistakes(text, Lang::En), @r"
    m.toml:4:25: `TENDERER_NAME` itself comes from another record or field
      hint: read the column instead
    m.toml:5:27: `NOTICE_NAME` itself comes from another record or field
      hint: read the column instead
    m.toml:6:17: `NOTICE_CONTENT` has no rule that reads the row
      hint: read the column instead
    m.toml:7:26: TENDER_ANN_QUA_INQUERY_ANN has no field `MEDIA`
      hint: `exchange-hub schema show 503` names them
    ");
}

#[test]
fn mistakes_of_the_system_stand_in_its_own_file() {
    let common = (
        Path::new("common.toml"),
        "dataset = \"x\"\n[fields]\nPLATFORM_COD = \"A\"\nURL = { from = \"A\", as = \"txt\" }\n",
    );
    let found =
        load("s/m", Path::new("m.toml"), "dataset = \"503\"\n[fields]\nNOTICE_NAME = \"A\"\n", Some(common), &SCHEMA)
            .unwrap_err();
    found.iter().for_each(Diagnostic::assert_told_in_both_languages);
    assert_snapshot!(found.iter().map(|d| d.to_string()).collect::<Vec<_>>().join("\n"), @r"
    common.toml:1:1: unknown key `dataset`
      hint: one of placeholders, deal_code_check, fields, tables
    common.toml:3:1: no dataset has a field `PLATFORM_COD`
      hint: `PLATFORM_CODE`?
    common.toml:4:26: `as` cannot be `txt`
      hint: `text`?
    ");
}

#[test]
fn what_can_never_be_right_is_refused_before_there_is_a_row() {
    let text = r#"
dataset = "513"
[tables.class]
"工程" = "A01"
"货物" = "D1"
[fields]
NOTICE_SEND_TIME = { const = "2016-04-14" }
PLATFORM_CODE = { const = "12350100MB02709752" }
URL = { from = "A", default = "\u0001" }
BID_AMOUNT = { const = "12.3456789" }
BIDDER_ROLE = { present = "A", then = "1", else = "01234567890" }
UNIFIED_DEAL_CODE = { assign = "unified-deal-code", class = { from = "LX", table = "class" }, by = "BID_SECTION_CODE" }
"#;
    assert_snapshot!(mistakes(text, Lang::En), @r#"
    m.toml:7:30: NOTICE_SEND_TIME (公告发布时间): "2016-04-14" is no date of the form yyyyMMddHHmmss [数据规范 513]
      hint: every record with it would be refused
    m.toml:8:27: PLATFORM_CODE (交易系统标识码): "12350100MB02709752" is no valid unified social credit code: the check character is 2, should be 1 [GB 32100-2015]
      hint: every record with it would be refused
    m.toml:9:31: URL (公告源URL): has the control character U+0001, which is not allowed [XML 1.0]
      hint: every record with it would be refused
    m.toml:10:24: BID_AMOUNT (中标金额): "12.3456789" has 7 digits after the point, at most 6 allowed [数据规范 513]
      hint: every record with it would be refused
    m.toml:11:39: `1` is no code of `subject_role` (主体角色类型)
      hint: 01 招标人, 02 招标代理机构, 03 投标人, 04 采购人, 05 采购代理机构, 06 供应商, 07 出让人, 08 受让人
    m.toml:11:51: `01234567890` is no code of `subject_role` (主体角色类型)
      hint: 01 招标人, 02 招标代理机构, 03 投标人, 04 采购人, 05 采购代理机构, 06 供应商, 07 出让人, 08 受让人
    m.toml:12:21: the platform `12350100MB02709752` is no right credit code, so no deal code can be made of it
      hint: write the operator's credit code: 18 characters, the last of them the right check character
    m.toml:12:84: `D1` is no class of trade
      hint: three characters such as A01: code set trade_class
    m.toml:12:100: s/m has no rule for `BID_SECTION_CODE`, so no code can ever be assigned
      hint: fill it, or name other fields in `by`
    "#);
    let assigned = |rule: &str| {
        let text = format!(
            "dataset = \"513\"\n[fields]\nBID_SECTION_CODE = \"B\"\nUNIFIED_DEAL_CODE = {{ assign = \"unified-deal-code\", by = \"BID_SECTION_CODE\", {rule} }}\n"
        );
        format!("{}\n{}", mistakes(&text, Lang::En), mistakes(&text, Lang::Zh))
    };
    let right = "class = \"A01\", platform = \"12350100MB02709751\"";
    assert_snapshot!(assigned(right), @r#"
    no mistake
    no mistake
    "#);
    assert_snapshot!(assigned("class = \"A01\""), @r#"
    m.toml:4:21: s/m has no rule for `PLATFORM_CODE`, so no code can ever be assigned
      hint: fill it, or add platform = "the operator's credit code"
    m.toml:4:21: s/m 没有 `PLATFORM_CODE` 的规则，永远分配不了代码
      提示：填写该字段，或加上 platform = "平台运行机构的信用代码"
    "#);
    assert_snapshot!(assigned("class = \"A1\", platform = \"12350100MB02709752\""), @r#"
    m.toml:4:86: `A1` is no class of trade
      hint: three characters such as A01: code set trade_class
    m.toml:4:103: the platform `12350100MB02709752` is no right credit code, so no deal code can be made of it
      hint: write the operator's credit code: 18 characters, the last of them the right check character
    m.toml:4:86: `A1` 不是交易分类
      提示：三位代码，如 A01，见代码集 trade_class
    m.toml:4:103: 平台 `12350100MB02709752` 不是有效的信用代码，不能组成统一交易标识码
      提示：写平台运行机构的 18 位统一社会信用代码，含正确的校验位
    "#);
    assert_snapshot!(assigned("class = { const = \"X99\" }, platform = { const = \"1\" }"), @r#"
    m.toml:4:96: `X99` is no class of trade
      hint: three characters such as A01: code set trade_class
    m.toml:4:116: the platform `1` is no right credit code, so no deal code can be made of it
      hint: write the operator's credit code: 18 characters, the last of them the right check character
    m.toml:4:96: `X99` 不是交易分类
      提示：三位代码，如 A01，见代码集 trade_class
    m.toml:4:116: 平台 `1` 不是有效的信用代码，不能组成统一交易标识码
      提示：写平台运行机构的 18 位统一社会信用代码，含正确的校验位
    "#);
    assert_snapshot!(assigned("class = { from = \"LX\", table = { \"货物\" = \"货物\", \"无\" = \"\" }, else = \"Z\" }, platform = \"12350100MB02709751\""), @r#"
    m.toml:4:118: `货物` is no class of trade
      hint: three characters such as A01: code set trade_class
    m.toml:4:143: `Z` is no class of trade
      hint: three characters such as A01: code set trade_class
    m.toml:4:118: `货物` 不是交易分类
      提示：三位代码，如 A01，见代码集 trade_class
    m.toml:4:143: `Z` 不是交易分类
      提示：三位代码，如 A01，见代码集 trade_class
    "#);
}

#[test]
fn what_a_look_up_cannot_find_is_refused() {
    let text = r#"
dataset = "513"
identity = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_CODE = "ID" }, take = "LEGAL_NAME" }
[fields]
WIN_BIDDER_CODE = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = { from = "ZBR", split = "、" } }, take = "LEGAL_CODE" }
WIN_BIDDER_NAME = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_CODE = { lookup = "PROJECT", where = { PROJECT_CODE = "X" }, take = "LEGAL_CODE" } }, take = "LEGAL_NAME" }
TENDER_AGENCY_NAME = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_CODE = { field = "WIN_BIDDER_CODE" } }, take = "LEGAL_NAME" }
TENDER_AGENCY_CODE = { lookup = "TENDER_ANN_QUA_INQUERY_ANN", where = { UNIFIED_DEAL_CODES = "DM" }, take = "TENDER_AGENCY_CODE" }
NOTICE_NAME = { from = "A", as = "money", unit_from = { stamp = "version" } }
"#;
    assert_snapshot!(mistakes(text, Lang::En), @r#"
    m.toml:3:14: `lookup` is a rule for a field, and cannot stand here
      hint: a column belongs here, or a rule that reads the row alone
    m.toml:5:74: a list is looked for as a whole, so that none of its elements is found
      hint: make a record of each element by [each]; then each is looked up
    m.toml:6:76: `lookup` is a rule for a field, and cannot stand here
      hint: a column belongs here, or a rule that reads the row alone
    m.toml:7:87: `WIN_BIDDER_CODE` itself comes from another record or field
      hint: read the column instead
    m.toml:8:73: `UNIFIED_DEAL_CODES` of TENDER_ANN_QUA_INQUERY_ANN is a list, and a look-up does not find what stands in one
      hint: look up by a field with one value
    m.toml:9:34: `NOTICE_NAME` is no amount of money in the schema
      hint: as = "number"
    m.toml:9:57: `stamp` is a rule for a field, and cannot stand here
      hint: a column belongs here, or a rule that reads the row alone
    "#);
    assert_snapshot!(mistakes(text, Lang::Zh), @r#"
    m.toml:3:14: `lookup` 只能作为字段的规则，不能用在此处
      提示：此处写列名，或只用原始行的规则
    m.toml:5:74: 按列表查找：列表会作为一个整体查找，其中的元素查不到
      提示：用 [each] 让每个元素成为一条记录，再逐个查找
    m.toml:6:76: `lookup` 只能作为字段的规则，不能用在此处
      提示：此处写列名，或只用原始行的规则
    m.toml:7:87: `WIN_BIDDER_CODE` 自身取自另一记录或字段
      提示：改为读取列
    m.toml:8:73: TENDER_ANN_QUA_INQUERY_ANN 的 `UNIFIED_DEAL_CODES` 是列表，不能按其中的元素查找
      提示：改按单值字段查找
    m.toml:9:34: `NOTICE_NAME` 在规范中不是金额
      提示：as = "number"
    m.toml:9:57: `stamp` 只能作为字段的规则，不能用在此处
      提示：此处写列名，或只用原始行的规则
    "#);
}

#[test]
fn a_text_that_is_too_large_is_not_read() {
    let text = format!("dataset = \"503\" #{}", "x".repeat(1 << 20));
    assert_snapshot!(mistakes(&text, Lang::En), @r"
    m.toml: it is larger than 1048576 bytes
      hint: a mapping is a text that people read
    ");
}

proptest::proptest! {
    /// A mapping is text from outside: whatever it says, it is read or refused.
    #[test]
    fn no_text_makes_it_panic(cut in 0usize..1500, insert in "[\\[\\]{}=\"'.,a-zA-Z0-9 \n、]{0,12}") {
        let at = TEN.floor_char_boundary(cut.min(TEN.len()));
        let text = format!("{}{insert}{}", &TEN[..at], &TEN[at..]);
        drop(mistakes(&text, Lang::Zh));
    }
}
