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
      refused list_uneven: the lists differ in length: BDBH 3, BDMC 2 [s/m]
    row 3, element 1, identity 4|E42, group 4
      TENDER_PROJECT_CODE = E4
      BID_SECTION_CODE = E42
      BID_SECTION_NAME = 二
      BID_SECTION_CONTENT = 第2标段
      refused list_uneven: the lists differ in length: BDBH 3, BDMC 2 [s/m]
    row 3, element 2, identity 4|E43, group 4
      TENDER_PROJECT_CODE = E4
      BID_SECTION_CODE = E43
      BID_SECTION_CONTENT = 第3标段
      refused list_uneven: the lists differ in length: BDBH 3, BDMC 2 [s/m]
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
    assert_snapshot!(shown(&mapping, &given, &Found::default()), @r"
    row 0, element 0, identity 1|1, group 1
      BIDDER_NAME = 甲
    row 0, element 1, filtered, identity 1|2, group 1
    row 1, element 0, filtered, group 2
    ");
}

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
      refused list_too_long: the row has more than 10000 elements [s/m]
    row 1, element 0, group 2
      TENDER_PROJECT_CODE = E2
      BID_SECTION_CONTENT = 第1标段
      refused cell_undecodable: the cell has bytes that are not GBK [s/m]
    ");
}
