//! Which rows count, which record they are, and in what order.

use insta::assert_snapshot;

use super::*;

#[test]
fn rows_are_filtered_by_values_or_by_an_expression() {
    let by = |when: &str| {
        let mapping =
            mapping(&format!("dataset = \"503\"\nidentity = \"ID\"\nwhen = {when}\n[fields]\nNOTICE_NAME = \"BT\"\n"));
        let columns: Vec<&str> = mapping.columns().iter().map(String::as_str).collect();
        let cells: &[&[&str]] = if columns == ["ZT", "ID", "BT"] {
            &[&["1.0", "a", "甲"], &["2", "b", "乙"], &["", "c", "丙"]]
        } else {
            &[&["测试公告", "a"], &["公告", "b"], &["", "c"]]
        };
        shown(&mapping, &rows(&columns, cells), &Found::default())
    };
    assert_snapshot!(by(r#"{ ZT = ["1", "审核通过"] }"#), @r"
    row 0, identity a
      NOTICE_NAME = 甲
    row 1, filtered, identity b
    row 2, filtered, identity c
    ");
    assert_snapshot!(by(r#"{ ZT = { not = ["1", ""] } }"#), @r"
    row 0, filtered, identity a
    row 1, identity b
      NOTICE_NAME = 乙
    row 2, filtered, identity c
    ");
    assert_snapshot!(by(r#"'NOT(ISNUMBER(FIND("测试", BT)))'"#), @r"
    row 0, filtered, identity a
    row 1, identity b
      NOTICE_NAME = 公告
    row 2, identity c
    ");
    assert_snapshot!(by("'LEN(BT)'"), @r#"
    row 0, identity a
      NOTICE_NAME = 测试公告
      refused expression_failed: when: the expression failed: "4"（不是 TRUE 或 FALSE / neither TRUE nor FALSE） [s/m]
    row 1, identity b
      NOTICE_NAME = 公告
      refused expression_failed: when: the expression failed: "2"（不是 TRUE 或 FALSE / neither TRUE nor FALSE） [s/m]
    row 2, identity c
      refused expression_failed: when: the expression failed: "0"（不是 TRUE 或 FALSE / neither TRUE nor FALSE） [s/m]
    "#);
}

#[test]
fn a_filtered_row_still_says_which_record_it_was() {
    let text = r#"
dataset = "503"
when = { ZT = "1" }
version = "GXSJ"
[fields]
TENDER_PROJECT_CODE = "XM"
NOTICE_NAME = "BT"
URL = "DZ"
"#;
    let mapping = mapping(text);
    let given = rows(&["ZT", "GXSJ", "XM", "BT", "DZ"], &[&["2", "2016-04-14", "E1", "公告", "http://x"]]);
    assert_snapshot!(shown(&mapping, &given, &Found::default()), @r"
    row 0, filtered, version 1460563200000000
      TENDER_PROJECT_CODE = E1
      NOTICE_NAME = 公告
    ");
}

#[test]
fn identity_is_the_sources_own_key() {
    let text = r#"
dataset = "503"
identity = ["XMID", { from = "BBID", as = "integer", default = "0" }]
[fields]
NOTICE_NAME = "BT"
"#;
    let mapping = mapping(text);
    let given = rows(&["XMID", "BBID", "BT"], &[&["7", "1.0", ""], &["7", "", ""], &["", "1", ""], &["7", "一", ""]]);
    assert_snapshot!(shown(&mapping, &given, &Found::default()), @r#"
    row 0, identity 7|1
    row 1, identity 7|0
    row 2
      refused identity_empty: XMID: the identity column XMID is empty, so the record cannot be told [s/m]
    row 3
      refused number_unreadable: BBID: "一" is no number [s/m]
    "#);
}

#[test]
fn versions_are_instants_or_whole_numbers() {
    let by = |version: &str, values: &[&str]| {
        let mapping = mapping(&format!(
            "dataset = \"503\"\nversion = {version}\n[fields]\nDATA_TIMESTAMP = \"V\"\nNOTICE_NAME = \"B\"\n"
        ));
        assert_eq!(mapping.volatile(), [mapping.dataset().field("DATA_TIMESTAMP").unwrap()]);
        let cells: Vec<Vec<&str>> = values.iter().map(|v| vec![*v, ""]).collect();
        let cells: Vec<&[&str]> = cells.iter().map(Vec::as_slice).collect();
        let items = apply(&mapping, &rows(&["V", "B"], &cells), &Found::default());
        let one = |item: &Item| {
            let reasons = item.reasons.iter().filter(|r| r.field == "V").map(|r| r.render(Lang::En));
            format!("{} {}", item.version, reasons.collect::<Vec<_>>().join("; "))
        };
        items.iter().map(one).collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(by("\"V\"", &["2016-04-14 09:05:00.123", "", "20160414090500", "12345", "2099-01-01", "无"]), @r#"
    1460595900123000 
    0 
    1460595900000000 
    0 V: the version "12345" is neither a time nor a whole number [s/m]
    1773705600000000 V: the version "2099-01-01" is more than a day ahead; the time of reading is taken [s/m]
    0 V: the version "无" is neither a time nor a whole number [s/m]
    "#);
    assert_snapshot!(by("{ from = \"V\", as = \"integer\" }", &["12345", "7.0", "1.5", "-1", "20160414090500"]), @r#"
    12345 
    7 
    0 V: the version "1.5" is neither a time nor a whole number [s/m]
    0 V: the version "-1" is neither a time nor a whole number [s/m]
    20160414090500
    "#);
    assert_snapshot!(by("{ from = \"V\", form = \"epoch_ms\" }", &["1460595900123"]), @r"1460595900123000");
}

#[test]
fn a_flag_withdraws() {
    let text = r#"
dataset = "503"
identity = "ID"
withdraw_when = { SCBZ = ["1", "是"] }
[fields]
NOTICE_NAME = "BT"
"#;
    let mapping = mapping(text);
    let given = rows(&["ID", "BT", "SCBZ"], &[&["1", "甲", "是"], &["2", "乙", "0"], &["3", "丙", ""]]);
    assert_snapshot!(shown(&mapping, &given, &Found::default()), @r"
    row 0, withdraw, identity 1
      NOTICE_NAME = 甲
    row 1, identity 2
      NOTICE_NAME = 乙
    row 2, identity 3
      NOTICE_NAME = 丙
    ");
}

#[test]
fn settings_are_read_and_default_to_the_careful_side() {
    let plain = mapping("dataset = \"503\"\n[fields]\nNOTICE_NAME = \"A\"\n");
    assert_eq!(
        (plain.parents_warn(), plain.identity_space(), plain.when_lost(), plain.deal_code_check()),
        (false, "", crate::mapping::WhenLost::Keep, true)
    );
    let said = mapping(
        "dataset = \"503\"\nparents = \"warn\"\nreason = \"nobody has them\"\nidentity_space = \"old\"\nwhen_lost = \"withdraw\"\ndeal_code_check = false\n[fields]\nNOTICE_NAME = \"A\"\n",
    );
    assert_eq!(
        (said.parents_warn(), said.parents_reason(), said.identity_space(), said.when_lost(), said.deal_code_check()),
        (true, "nobody has them", "old", crate::mapping::WhenLost::Withdraw, false)
    );
}

#[test]
fn a_column_that_the_source_does_not_have_is_told_before_the_first_row() {
    let mapping = mapping("dataset = \"503\"\n[fields]\nNOTICE_NAME = \"GGBT\"\nURL = { expr = 'WZ ~ \"x\"' }\n");
    let header = ["GGTB", "\u{feff}WZ", "ID"].map(str::to_owned);
    let missing = mapping.bind(&header, true).unwrap_err();
    assert_snapshot!(format!("{missing:#?}"), @r#"
    [
        MissingColumn {
            name: "GGBT",
            nearest: Some(
                "GGTB",
            ),
            file: "from/s/m.toml",
            line: 3,
            column: 15,
        },
    ]
    "#);
    assert!(mapping.bind(&header, false).is_ok(), "a name that was not met yet may come");
}
