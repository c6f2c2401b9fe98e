//! One row, many records.

use insta::assert_snapshot;

use super::*;

const SPLIT: &str = r#"
dataset = "SECTION"
identity = ["ID", "BDBH"]
placeholders = ["无"]
[each]
split = { BDBH = "、", BDMC = ["、", "，"] }
number = "XH"
complete = true
[fields]
BID_SECTION_CODE = "BDBH"
BID_SECTION_NAME = "BDMC"
TENDER_PROJECT_CODE = "XM"
BID_SECTION_CONTENT = { concat = [{ const = "第" }, "XH", { const = "标段" }] }
"#;

#[test]
fn columns_are_split_in_parallel() {
    let mapping = mapping(SPLIT);
    assert!(mapping.each_complete() && mapping.has_each());
    let given = rows(
        &["ID", "XM", "BDBH", "BDMC"],
        &[
            &["1", "E1", "E11、E12", "一标，二标"],
            &["2", "E2", "E21、E22", ""],
            &["3", "E3", "", "无"],
            &["4", "E4", "E41、E42、E43", "一、二"],
        ],
    );
    assert_snapshot!(shown(&mapping, &given, &Found::default()), @r"
    row 0, element 0, identity 1|E11, group 1
      TENDER_PROJECT_CODE = E1
      BID_SECTION_CODE = E11
      BID_SECTION_NAME = 一标
      BID_SECTION_CONTENT = 第1标段
    row 0, element 1, identity 1|E12, group 1
      TENDER_PROJECT_CODE = E1
      BID_SECTION_CODE = E12
      BID_SECTION_NAME = 二标
      BID_SECTION_CONTENT = 第2标段
    row 1, element 0, identity 2|E21, group 2
      TENDER_PROJECT_CODE = E2
      BID_SECTION_CODE = E21
      BID_SECTION_CONTENT = 第1标段
    row 1, element 1, identity 2|E22, group 2
      TENDER_PROJECT_CODE = E2
      BID_SECTION_CODE = E22
      BID_SECTION_CONTENT = 第2标段
    row 2, element 0, filtered, group 3
    row 3, element 0, identity 4|E41, group 4
      TENDER_PROJECT_CODE = E4
      BID_SECTION_CODE = E41
      BID_SECTION_NAME = 一
      BID_SECTION_CONTENT = 第1标段
      refused list_uneven: each: the lists differ in length: BDBH 3, BDMC 2 [s/m]
    row 3, element 1, identity 4|E42, group 4
      TENDER_PROJECT_CODE = E4
      BID_SECTION_CODE = E42
      BID_SECTION_NAME = 二
      BID_SECTION_CONTENT = 第2标段
      refused list_uneven: each: the lists differ in length: BDBH 3, BDMC 2 [s/m]
    row 3, element 2, identity 4|E43, group 4
      TENDER_PROJECT_CODE = E4
      BID_SECTION_CODE = E43
      BID_SECTION_CONTENT = 第3标段
      refused list_uneven: each: the lists differ in length: BDBH 3, BDMC 2 [s/m]
    ");
}

#[test]
fn numbered_groups_of_columns() {
    let text = r#"
dataset = "TENDER_LIST"
identity = ["ID", "XH"]
[each]
columns = { DW = "DW{n}", BJ = "BJ{n}_JE" }
count = 3
number = "XH"
when = { BJ = { not = ["作废"] } }
[fields]
BIDDER_NAME = { from = "DW", as = "name" }
"#;
    let mapping = mapping(text);
    assert_eq!(mapping.columns(), ["BJ1_JE", "BJ2_JE", "BJ3_JE", "DW1", "DW2", "DW3", "ID"]);
    let given = rows(
        &["ID", "DW1", "DW2", "DW3", "BJ1_JE", "BJ2_JE", "BJ3_JE"],
        &[&["1", "甲", "", "丙", "1", "", "作废"], &["2", "", "", "", "", "", ""]],
    );
    let bound = mapping.bind(given.columns(), true).unwrap();
    assert_eq!(
        bound.trace(&given, 0, &Found::default(), READ_US)[0].fields[0].columns,
        [("DW".to_owned(), Some("甲".to_owned()))]
    );
    assert_snapshot!(shown(&mapping, &given, &Found::default()), @r"
    row 0, element 0, identity 1|1, group 1
      BIDDER_NAME = 甲
    row 0, element 1, filtered, identity 1|2, group 1
    row 1, element 0, filtered, group 2
    ");
}

#[test]
fn every_element_is_looked_up_by_itself() {
    let text = r#"
dataset = "513"
identity = ["ID", "MC"]
[each]
split = { MC = "、" }
[fields]
WIN_BIDDER_NAME = "MC"
WIN_BIDDER_CODE = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = { field = "WIN_BIDDER_NAME" } }, take = "LEGAL_CODE" }
"#;
    let mapping = mapping(text);
    let given = rows(&["ID", "MC"], &[&["1", "甲、乙"]]);
    let bound = mapping.bind(given.columns(), true).unwrap();
    assert_eq!(bound.needs(&given, READ_US)[0].iter().collect::<Vec<_>>(), ["乙", "甲"]);
    let one = crate::mapping::FoundOne::One { record: 1, version: 1, value: Some("91420704MA0000000P".to_owned()) };
    let found = Found(vec![[("甲".to_owned(), one)].into()]);
    assert_snapshot!(shown(&mapping, &given, &found), @r#"
    row 0, element 0, identity 1|甲, group 1
      WIN_BIDDER_NAME = 甲
      WIN_BIDDER_CODE = 91420704MA0000000P
    row 0, element 1, identity 1|乙, group 1
      WIN_BIDDER_NAME = 乙
      waits for look-up 0: 乙
    "#);
}

proptest::proptest! {
    /// Rows are bytes from outside: whatever stands in them, every row makes at least one item, and nothing panics.
    #[test]
    fn no_row_makes_it_panic(cells in proptest::collection::vec("[0-9一二甲；、;,.:/年月日万元亩无 \u{3000}０Ａ\n%()（）-]{0,12}", 10)) {
        let mapping = mapping(RICH);
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let columns: Vec<&str> = mapping.columns().iter().map(String::as_str).collect();
        let given = rows(&columns, &[&cells[..columns.len()]]);
        proptest::prop_assert!(!apply(&mapping, &given, &Found::default()).is_empty());
    }
}

const RICH: &str = r#"
dataset = "513"
placeholders = ["无", "-"]
identity = ["ID", "BD"]
version = { from = "V", form = ["text", "epoch_s", "epoch_ms", "excel"] }
when = 'NOT(ISNUMBER(FIND("测试", BT)))'
withdraw_when = { SC = ["1"] }
[each]
split = { BD = "、", MC = ["、", "；"] }
[fields]
BID_SECTION_CODE = "BD"
NOTICE_NAME = { from = "BT", regex = "^(.*?)(?:公告)?$", max = 5 }
NOTICE_SEND_TIME = { from = "V", form = ["text", "dd/MM/yyyy", "epoch_ms"] }
NOTICE_MEDIA = { from = "MC", split = ["、", "::"] }
NOTICE_NATURE = { from = "SC", code = "notice_nature", table = { "一" = "1" }, default = "9" }
BID_AMOUNT = { from = "JE", as = "money", unit_from = "DW" }
WIN_BIDDER_NAME = { from = "BT", as = "name" }
URL = { concat = ["ID", "BD"], separator = "/" }
OTHER_CONTENT = { expr = 'MID(BT, LEN(ID), 2) ~ TEXT(SC, "000")' }
WIN_BIDDER_CODE = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = { field = "WIN_BIDDER_NAME" } }, take = "LEGAL_CODE" }
UNIFIED_DEAL_CODE = { assign = "unified-deal-code", class = "A01", by = "BID_SECTION_CODE", from = "MC", platform = "12350100MB02709751" }
DATA_TIMESTAMP = { stamp = "version" }
"#;

#[test]
fn a_row_that_cannot_be_cut_is_one_refused_item() {
    let mapping = mapping(SPLIT);
    let mut given = rows(&["ID", "XM", "BDBH", "BDMC"], &[&["1", "E1", &"x、".repeat(10_001), ""]]);
    given.begin(adapter::Place::default());
    given.push(adapter::Cell::Text("2"));
    given.push(adapter::Cell::Text("E2"));
    given.push(adapter::Cell::Bytes(b"\xff"));
    assert_snapshot!(shown(&mapping, &given, &Found::default()), @r"
    row 0, element 0, group 1
      TENDER_PROJECT_CODE = E1
      BID_SECTION_CONTENT = 第1标段
      refused list_too_long: each: the row has more than 10000 elements [s/m]
    row 1, element 0, group 2
      TENDER_PROJECT_CODE = E2
      BID_SECTION_CONTENT = 第1标段
      refused cell_undecodable: each: the cell has bytes that are not GBK [s/m]
    ");
}
