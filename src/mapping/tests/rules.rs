//! Each kind of rule.

use std::collections::HashMap;

use adapter::{Cell, Place};
use insta::assert_snapshot;

use super::*;
use crate::mapping::{FoundOne, Given};

#[test]
fn a_copy_is_trimmed_and_made_plain() {
    assert_snapshot!(field("NOTICE_NAME", r#""A""#, &[" 鄂州市\u{3000}Ａ１（一）\u{a0}", "", "~", "\u{3000}"]), @r#"
    " 鄂州市\u{3000}Ａ１（一）\u{a0}" → 鄂州市 A1（一）
    "" → nothing
    "~" → nothing
    "\u{3000}" → nothing
    "#);
    assert_snapshot!(field("NOTICE_NAME", r#"{ from = "A", as = "raw" }"#, &[" Ａ１ "]), @r#"" Ａ１ " →  Ａ１"#);
    assert_snapshot!(field("TENDERER_PHONE_NUMBER", r#""A""#, &["０７１１－３３８００００"]), @r#""０７１１－３３８００００" → 0711-3380000"#);
    assert_snapshot!(field("TENDERER_NAME", r#"{ from = "A", as = "name" }"#, &["鄂州市 某某(集团)有限公司"]), @r#""鄂州市 某某(集团)有限公司" → 鄂州市某某（集团）有限公司"#);
}

#[test]
fn the_first_of_several_columns_that_has_a_value() {
    assert_snapshot!(field("NOTICE_NAME", r#"{ from = ["A", "B"] }"#, &["甲|乙", " |乙", "~|~"]), @r#"
    "甲|乙" → 甲
    " |乙" → 乙
    "~|~" → nothing
    "#);
}

#[test]
fn what_is_too_long_is_cut_with_a_warning_where_the_rule_says_so() {
    assert_snapshot!(field("NOTICE_NAME", r#"{ from = "A", max = 4 }"#, &["四个汉字", "五个汉字！"]), @r#"
    "四个汉字" → 四个汉字
    "五个汉字！" → 五个汉字; warning NOTICE_NAME (公告标题): 5 characters, cut to 4 [s/m:3]
    "#);
}

#[test]
fn constants_and_joined_texts() {
    assert_snapshot!(field("NOTICE_NAME", r#"{ const = "公告" }"#, &[""]), @r#""" → 公告"#);
    assert_snapshot!(field("NOTICE_NAME", r#"{ concat = ["A", { const = "-" }, "B"] }"#, &["甲|1", "甲|"]), @r#"
    "甲|1" → 甲-1
    "甲|" → nothing
    "#);
    assert_snapshot!(field("NOTICE_NAME", r#"{ concat = ["A", "B"], separator = "，" }"#, &["甲|乙", "甲|", "|"]), @r#"
    "甲|乙" → 甲，乙
    "甲|" → 甲
    "|" → nothing
    "#);
}

#[test]
fn a_default_stands_where_there_is_nothing_and_never_for_what_is_wrong() {
    assert_snapshot!(field("NOTICE_NATURE", r#"{ from = "A", code = "notice_nature", default = "9" }"#, &["", "更正公告", "奇怪"]), @r#"
    "" → 9
    "更正公告" → 2
    "奇怪" → NOTICE_NATURE (公告性质): "奇怪" is neither in the mapping's table nor in code set notice_nature [s/m:3]
    "#);
}

#[test]
fn codes_by_code_by_name_and_by_the_rules_table() {
    let rule = r#"{ from = "A", code = "notice_nature", table = { "正常" = "1", "7" = "3", "未知" = "" } }"#;
    assert_snapshot!(field("NOTICE_NATURE", rule, &["正常", "1", "1.0", "１", "更正公告", "7", "7.0", "未知", "奇怪"]), @r#"
    "正常" → 1
    "1" → 1
    "1.0" → 1
    "１" → 1
    "更正公告" → 2
    "7" → 3
    "7.0" → 3
    "未知" → nothing
    "奇怪" → NOTICE_NATURE (公告性质): "奇怪" is neither in the mapping's table nor in code set notice_nature [s/m:3]
    "#);
}

#[test]
fn a_plain_copy_into_a_coded_field_knows_codes_and_names_and_lets_the_check_judge_the_rest() {
    assert_snapshot!(field("NOTICE_NATURE", r#""A""#, &["1.0", "重发公告", "奇怪"]), @r#"
    "1.0" → 1
    "重发公告" → 3
    "奇怪" → 奇怪
    "#);
}

#[test]
fn a_table_alone_refuses_what_it_does_not_know_unless_it_says_else() {
    assert_snapshot!(field("TRAD_CENTER_NAME", r#"{ from = "A", table = { "1" = "鄂州" } }"#, &["1.0", "2"]), @r#"
    "1.0" → 鄂州
    "2" → TRAD_CENTER_NAME (交易中心名称): "2" is not in the mapping's table [s/m:3]
    "#);
    assert_snapshot!(field("TRAD_CENTER_NAME", r#"{ from = "A", table = { "1" = "鄂州" }, else = "其他" }"#, &["1", "2", ""]), @r#"
    "1" → 鄂州
    "2" → 其他
    "" → nothing
    "#);
}

#[test]
fn a_name_that_several_divisions_have_is_refused() {
    assert_snapshot!(field("REGION_CODE", r#"{ from = "A", code = "region" }"#, &["420704", "鄂城区", "鼓楼区"]), @r#"
    "420704" → 420704
    "鄂城区" → 420704
    "鼓楼区" → REGION_CODE (行政区域代码): "鼓楼区" is the name of several codes of code set region: 320106 320302 350102 410204 [s/m:3]
    "#);
}

#[test]
fn times_in_the_fields_own_form() {
    assert_snapshot!(field("NOTICE_SEND_TIME", r#""A""#, &["2016/4/14 9:05", "2016年4月14日", "03/04/2026", "2016-02-30", "明天"]), @r#"
    "2016/4/14 9:05" → 20160414090500
    "2016年4月14日" → 20160414000000
    "03/04/2026" → NOTICE_SEND_TIME (公告发布时间): "03/04/2026" could be 2026-04-03 or 2026-03-04; the mapping must name the form [s/m:3]
    "2016-02-30" → NOTICE_SEND_TIME (公告发布时间): "2016-02-30" is a date that does not exist [s/m:3]
    "明天" → NOTICE_SEND_TIME (公告发布时间): "明天" is no date that is known [s/m:3]
    "#);
    assert_snapshot!(field("NOTICE_SEND_TIME", r#"{ from = "A", as = "datetime", form = "dd/MM/yyyy" }"#, &["03/04/2026"]), @r#""03/04/2026" → 20260403000000"#);
    assert_snapshot!(field("NOTICE_SEND_TIME", r#"{ from = "A", form = ["text", "epoch_s", "epoch_ms", "excel"] }"#, &["2016-04-14 09:05", "1460595900", "1460595900000", "42474.3784722"]), @r#"
    "2016-04-14 09:05" → 20160414090500
    "1460595900" → 20160414090500
    "1460595900000" → 20160414090500
    "42474.3784722" → 20160414090500
    "#);
}

#[test]
fn an_amount_goes_into_the_schemas_unit() {
    // The unit stands in another field of the record, which no rule fills: so it is 元, and the field says so.
    assert_snapshot!(field("BID_AMOUNT", r#"{ from = "A", as = "money", unit = "万元" }"#, &["28.38", "3,140.47元 人民币", "1.23456789012", "面议"]), @r#"
    "28.38" → 283800; MONEY_UNIT 0
    "3,140.47元 人民币" → 3140.47; MONEY_UNIT 0
    "1.23456789012" → BID_AMOUNT (中标（成交/竞得）金额): "1.23456789012" in 元 needs more than 6 decimal places; it would be rounded [s/m:3]
    "面议" → BID_AMOUNT (中标（成交/竞得）金额): "面议" is no amount that is known [s/m:3]
    "#);
    assert_snapshot!(field("BID_AMOUNT", r#"{ from = "A", as = "money" }"#, &["28.38万元", "28.38"]), @r#"
    "28.38万元" → 283800; MONEY_UNIT 0
    "28.38" → BID_AMOUNT (中标（成交/竞得）金额): the unit of "28.38" is not known [s/m:3]
    "#);
    assert_snapshot!(field("BID_AMOUNT", r#"{ from = "A", as = "money", unit = "分" }"#, &["123456"]), @r#""123456" → 1234.56; MONEY_UNIT 0"#);
    assert_snapshot!(field("BID_AMOUNT", r#"{ from = "A", as = "money", unit_from = "B" }"#, &["5|万元", "5|元", "5|", "5|1"]), @r#"
    "5|万元" → 50000; MONEY_UNIT 0
    "5|元" → 5; MONEY_UNIT 0
    "5|" → BID_AMOUNT (中标（成交/竞得）金额): the unit of "5" is not known [s/m:3]
    "5|1" → BID_AMOUNT (中标（成交/竞得）金额): the unit of "1" is not known [s/m:3]
    "#);
    assert_snapshot!(field("BID_AMOUNT", r#"{ from = "A", as = "money", unit_from = { from = "B", table = { "1" = "元" } } }"#, &["5|1", "5|2"]), @r#"
    "5|1" → 5; MONEY_UNIT 0
    "5|2" → BID_AMOUNT (中标（成交/竞得）金额): "2" is not in the mapping's table [s/m:3]
    "#);
}

#[test]
fn an_amount_follows_the_unit_that_the_record_says() {
    let said = |unit: &str| {
        let text = format!(
            "dataset = \"WIN_RESULT_ANNO\"\n[fields]\nBID_AMOUNT = {{ from = \"JE\", as = \"money\", unit = \"元\" }}\nPRICE_UNIT = {unit}\n"
        );
        let mapping = mapping(&text);
        let columns: Vec<&str> = mapping.columns().iter().map(String::as_str).collect();
        shown(&mapping, &rows(&columns, &[&["283800", "1"], &["283800", ""]]), &Found::default())
    };
    assert_snapshot!(said(r#"{ const = "1" }"#), @r"
    row 0
      BID_AMOUNT = 28.38
      PRICE_UNIT = 1
    row 1
      BID_AMOUNT = 28.38
      PRICE_UNIT = 1
    ");
    assert_snapshot!(said(r#""DW""#), @r"
    row 0
      BID_AMOUNT = 28.38
      PRICE_UNIT = 1
    row 1
      BID_AMOUNT = 283800
      PRICE_UNIT = 0
    ");
}

#[test]
fn areas_and_numbers() {
    let area =
        SCHEMA.datasets().iter().flat_map(|d| &d.fields).find(|f| f.unit == Some(crate::schema::Unit::SquareKilometre));
    let area = &area.expect("the schema has an area in km²").name;
    assert_snapshot!(field(area, r#"{ from = "A", as = "area", unit = "亩" }"#, &["1500", "15公顷", "大"]), @r#"
    "1500" → 1
    "15公顷" → 0.15
    "大" → QT_TOTAL_AREA (面积): "大" is no area that is known [s/m:3]
    "#);
    assert_snapshot!(field("NOTICE_BID_NUM", r#""A""#, &["3.0", "１２", "3.5", "三"]), @r#"
    "3.0" → 3
    "１２" → 12
    "3.5" → NOTICE_BID_NUM (公告标段（包）数量): "3.5" is no number [s/m:3]
    "三" → NOTICE_BID_NUM (公告标段（包）数量): "三" is no number [s/m:3]
    "#);
    assert_snapshot!(field("CREDIT_SCORE", r#""A""#, &["1,234.50", "98%"]), @r#"
    "1,234.50" → 1234.5
    "98%" → CREDIT_SCORE (成员信用分): "98%" is no number [s/m:3]
    "#);
}

#[test]
fn lists_travel_with_half_width_semicolons() {
    assert_snapshot!(field("NOTICE_MEDIA", r#"{ from = "A", split = "、" }"#, &["甲、乙、 、丙;丁", "甲"]), @r#"
    "甲、乙、 、丙;丁" → 甲;乙;丙;丁
    "甲" → 甲
    "#);
    assert_snapshot!(field("NOTICE_MEDIA", r#""A""#, &["甲；乙; 丙"]), @r#""甲；乙; 丙" → 甲;乙;丙"#);
    assert_snapshot!(field("BIDDER_CODE_TYPE", r#"{ from = "A", split = ["、", "/"], table = { "甲" = "1", "乙" = "2" } }"#, &["甲/乙、甲", "甲、丙、丁"]), @r#"
    "甲/乙、甲" → 1;2;1
    "甲、丙、丁" → BIDDER_CODE_TYPE (法人类别): "丙" is not in the mapping's table [s/m:3]; BIDDER_CODE_TYPE (法人类别): "丁" is not in the mapping's table [s/m:3]
    "#);
}

#[test]
fn present_regex_and_placeholders() {
    assert_snapshot!(field("IS_POSTPONE", r#"{ present = "A", then = "1", else = "0" }"#, &["2016-4-14", "", "~"]), @r#"
    "2016-4-14" → 1
    "" → 0
    "~" → 0
    "#);
    assert_snapshot!(field("NOTICE_NAME", r#"{ from = "A", regex = "第(.+?)包" }"#, &["某项目（第二包）公告", "某项目"]), @r#"
    "某项目（第二包）公告" → 二
    "某项目" → NOTICE_NAME (公告标题): "某项目" does not match 第(.+?)包 [s/m:3]
    "#);
    assert_snapshot!(field("NOTICE_NAME", r#"{ from = "A", regex = "第.+?包", unmatched = "empty", default = "无包" }"#, &["某项目（第二包）公告", "某项目"]), @r#"
    "某项目（第二包）公告" → 第二包
    "某项目" → 无包
    "#);
    // The pattern meets the text as a person sees it, whatever the field; what it cut out may be a placeholder.
    assert_snapshot!(field("NOTICE_SEND_TIME", r#"{ from = "A", regex = "时间：(.+)", placeholders = ["无"] }"#, &["发布时间：２０２６-03-17", "发布时间：无"]), @r#"
    "发布时间：２０２６-03-17" → 20260317000000
    "发布时间：无" → nothing
    "#);
    assert_snapshot!(field("NOTICE_NAME", r#"{ from = "A", placeholders = ["无", "-"] }"#, &["无", " － ", "-", "无锡"]), @r#"
    "无" → nothing
    " － " → －
    "-" → nothing
    "无锡" → 无锡
    "#);
}

#[test]
fn expressions() {
    assert_snapshot!(field("IS_POSTPONE", r#"{ expr = 'IF(ISBLANK(A), "0", "1")' }"#, &["2016-4-14", ""]), @r#"
    "2016-4-14" → 1
    "" → 0
    "#);
    assert_snapshot!(field("NOTICE_NAME", r#"{ expr = 'VALUE(A)', max = 2 }"#, &["123", "甲"]), @r#"
    "123" → 12; warning NOTICE_NAME (公告标题): 3 characters, cut to 2 [s/m:3]
    "甲" → NOTICE_NAME (公告标题): the expression failed: VALUE("甲") [s/m:3]
    "#);
}

const SUBJECTS: &str = r#"
dataset = "TENDER_PROJECT"
placeholders = ["无"]
[fields]
TENDERER_CODE = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = { from = "ZBR", as = "name" } }, take = "LEGAL_CODE" }
TENDER_AGENCY_CODE = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "DLJG" }, take = "LEGAL_CODE", missing = "default" }
TENDERER_NAME = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_CODE = "DM" }, take = "LEGAL_NAME", missing = "quarantine" }
"#;

#[test]
fn look_ups_take_wait_default_or_refuse() {
    let mapping = mapping(SUBJECTS);
    let given = rows(
        &["ZBR", "DLJG", "DM"],
        &[&["某 局(鄂州)", "某公司", "C1"], &["新局", "新公司", "C2"], &["两家", "无", ""]],
    );
    let bound = mapping.bind(given.columns(), true).unwrap();
    assert_snapshot!(format!("{:?}", bound.needs(&given, READ_US)), @r#"[{"两家", "新局", "某局（鄂州）"}, {"新公司", "某公司"}, {"C1", "C2"}]"#);
    let one = |value: Option<&str>| FoundOne::One { record: 7, version: 3, value: value.map(str::to_owned) };
    let found = Found(vec![
        HashMap::from([("某局（鄂州）".to_owned(), one(Some("91420704"))), ("两家".to_owned(), FoundOne::Many)]),
        HashMap::from([("某公司".to_owned(), one(None))]),
        HashMap::from([("C1".to_owned(), one(Some("某局")))]),
    ]);
    assert_snapshot!(shown(&mapping, &given, &found), @r#"
    row 0
      TENDERER_NAME = 某局
      TENDERER_CODE = 91420704
    row 1
      waits for look-up 0: 新局
      warning lookup_missing: TENDER_AGENCY_CODE (招标代理机构代码): no record of LEGAL_PERSON_BASE has LEGAL_NAME "新公司" [s/m:6]
      refused lookup_missing: TENDERER_NAME (招标人名称): no record of LEGAL_PERSON_BASE has LEGAL_CODE "C2" [s/m:7]
    row 2
      refused lookup_many: TENDERER_CODE (招标人代码): more than one record of LEGAL_PERSON_BASE has LEGAL_NAME "两家" [s/m:5]
    "#);
    assert_eq!(apply(&mapping, &given, &found)[0].looked_at, [(7, 3), (7, 3), (7, 3)]);
}

#[test]
fn a_rule_may_take_what_another_field_has() {
    let text = r#"
dataset = "TENDER_PROJECT"
[fields]
TENDERER_NAME = { from = "BT", regex = "招标人：(.+)", as = "name" }
TENDERER_CODE = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = { field = "TENDERER_NAME" } }, take = "LEGAL_CODE" }
TENDER_AGENCY_NAME = { field = "TENDERER_NAME" }
"#;
    let mapping = mapping(text);
    assert_snapshot!(shown(&mapping, &rows(&["BT"], &[&["招标人：某 局"], &["招标"], &["招标人：甲局;乙局"]]), &Found(vec![HashMap::new()])), @r#"
    row 0
      TENDERER_NAME = 某局
      TENDER_AGENCY_NAME = 某局
      waits for look-up 0: 某局
    row 1
      refused pattern_unmatched: TENDERER_NAME (招标人名称): "招标" does not match 招标人：(.+) [s/m:4]
    row 2
      TENDERER_NAME = 甲局;乙局
      TENDER_AGENCY_NAME = 甲局;乙局
      refused lookup_list: TENDERER_CODE (招标人代码): "甲局;乙局" is several values, and LEGAL_PERSON_BASE is looked up by one LEGAL_NAME only [s/m:5]
    "#);
}

#[test]
fn codes_to_assign_and_stamps_are_left_to_the_stage() {
    let text = r#"
dataset = "WIN_RESULT_ANNO"
[fields]
BID_SECTION_CODE = "BD"
PLATFORM_CODE = { const = "12420700420380003G" }
UNIFIED_DEAL_CODE = { assign = "unified-deal-code", class = { from = "LX", table = { "工程" = "A01" } }, by = "BID_SECTION_CODE", from = "JYBS" }
DATA_TIMESTAMP = { stamp = "version" }
"#;
    let mapping = mapping(text);
    let items = apply(
        &mapping,
        &rows(&["BD", "LX", "JYBS"], &[&["E1", "工程", ""], &["", "货物", ""], &["E1", "工程", "A01-x"]]),
        &Found::default(),
    );
    assert_snapshot!(items.iter().map(|item| format!("{} given {:?}", item_shown(&mapping, item), item.given)).collect::<Vec<_>>().join("\n"), @r#"
    row 0
      BID_SECTION_CODE = E1
      PLATFORM_CODE = 12420700420380003G given ["A01"]
    row 1
      PLATFORM_CODE = 12420700420380003G
      refused not_in_table: UNIFIED_DEAL_CODE (统一交易标识码): "货物" is not in the mapping's table [s/m]
      refused assign_empty: UNIFIED_DEAL_CODE (统一交易标识码): 标段（包）编号（BID_SECTION_CODE） is empty, so no code can be assigned [s/m] given [""]
    row 2
      BID_SECTION_CODE = E1
      UNIFIED_DEAL_CODE = A01-x
      PLATFORM_CODE = 12420700420380003G given ["A01"]
    "#);
    let dataset = mapping.dataset();
    let assign = &mapping.assigns()[0];
    assert_eq!(assign.class, Given::Item(0));
    assert_eq!(assign.platform, Given::Field(dataset.field("PLATFORM_CODE").unwrap()));
    assert_eq!((assign.by.as_slice(), assign.list), ([dataset.field("BID_SECTION_CODE").unwrap()].as_slice(), false));
    assert_eq!(mapping.stamps(), [dataset.field("DATA_TIMESTAMP").unwrap()]);
    assert_eq!(mapping.volatile(), mapping.stamps());
}

#[test]
fn a_list_of_sections_asks_for_a_list_of_codes() {
    let text = r#"
dataset = "503"
[fields]
BID_SECTION_CODES = { from = "BD", split = "、" }
UNIFIED_DEAL_CODES = { assign = "unified-deal-code", class = "A01", by = "BID_SECTION_CODES", platform = "12420700420380003G" }
"#;
    let mapping = mapping(text);
    assert!(mapping.assigns()[0].list);
    assert_eq!(mapping.assigns()[0].platform, Given::Const("12420700420380003G".to_owned()));
}

#[test]
fn a_cell_whose_bytes_are_no_text_refuses_the_field_that_reads_it() {
    let mapping = mapping("dataset = \"503\"\n[fields]\nNOTICE_NAME = \"A\"\nURL = \"B\"\n");
    let mut given = rows(&["A", "B"], &[]);
    given.begin(Place::default());
    given.push(Cell::Bytes(b"\xb9\xff"));
    given.push(Cell::Text("http://x"));
    assert_snapshot!(shown(&mapping, &given, &Found::default()), @r"
    row 0
      URL = http://x
      refused cell_undecodable: NOTICE_NAME (公告标题): the cell has bytes that are not GBK [s/m:3]
    ");
}

#[test]
fn what_a_system_shares_stands_once() {
    let common = r#"
placeholders = ["无"]
[tables.nature]
"正常" = "1"
[fields]
PLATFORM_CODE = { const = "12420700420380003G" }
NOTICE_NATURE = { from = "GGXZ", table = "nature" }
URL = "DZ"
LEGAL_CODE = "FR"
"#;
    let own = r#"
dataset = "503"
[fields]
NOTICE_NAME = "BT"
PLATFORM_CODE = { const = "12350100MB02709751" }
URL = ""
"#;
    let mapping = with_common(own, Some(common));
    assert_eq!(mapping.columns(), ["BT", "GGXZ"]);
    assert_snapshot!(shown(&mapping, &rows(&["BT", "GGXZ"], &[&["无", "正常"]]), &Found::default()), @r"
    row 0
      NOTICE_NATURE = 1
      PLATFORM_CODE = 12350100MB02709751
    ");
    let other = with_common(own, Some(&common.replace("\"正常\"", "\"平常\"")));
    assert_ne!(mapping.digest(), other.digest());
    assert_eq!(mapping.digest(), with_common(own, Some(common)).digest());
}
