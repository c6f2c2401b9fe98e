//! Each kind of check on a small dataset of its own: the whole list of reasons, in both languages.

mod identifiers;

use std::fmt::Write;
use std::fs;
use std::sync::{Arc, LazyLock};

use insta::assert_snapshot;

use crate::diagnostic::Lang;
use crate::schema::{CheckOptions, Dataset, Draft, Level, Reason, Schema, check, embedded_for_tests};

/// One field for each kind of check.
const DATASET: &str = r#"
number = "1"
code = "KINDS"
name_zh = "各类检查"
name_en = "Kinds of check"
business = "test"
depth = 0
key = ["NAME"]

[[field]]
name = "NAME"
zh = "名称"
type = "text"
length_max = 5

[[field]]
name = "ZIP"
zh = "邮编"
type = "text"
length = 6

[[field]]
name = "AMOUNT"
zh = "金额"
type = "decimal"
digits = [8, 2]

[[field]]
name = "COUNT"
zh = "数量"
type = "integer"
digits = [3, 0]

[[field]]
name = "AT"
zh = "时间"
type = "datetime"

[[field]]
name = "ON"
zh = "日期"
type = "date"

[[field]]
name = "FLAG"
zh = "是否"
type = "boolean"
codes = "yes_no"

[[field]]
name = "UNIT"
zh = "单位"
type = "code"
codes = "money_unit"

[[field]]
name = "UNITS"
zh = "多个单位"
type = "code"
list = true
length_max = 9
codes = "money_unit"

[[field]]
name = "LEVEL"
zh = "等级"
type = "code"
length_max = 2
codes = "alert_level"

[[field]]
name = "OLD"
zh = "旧代码"
type = "code"
codes = "old"

[[field]]
name = "REGION"
zh = "区划"
type = "code"
codes = "region"

[[field]]
name = "AREA"
zh = "地区"
type = "text"
length = 9
composed_of = ["country:3", "region:6"]

[[field]]
name = "PLATFORM"
zh = "平台"
type = "text"
length = 18
identifier = ["credit_code"]

[[field]]
name = "ORGAN"
zh = "机构"
type = "text"
length = 9
identifier = ["organisation_code"]

[[field]]
name = "ID"
zh = "证件号"
type = "text"
length_max = 18
identifier = ["id_number"]
document_type = "ID_TYPE"

[[field]]
name = "ID_TYPE"
zh = "证件类型"
type = "code"
codes = "id_card_type"

[[field]]
name = "PARTY"
zh = "主体"
type = "text"
length_max = 18
identifier = ["credit_code", "organisation_code", "id_number"]

[[field]]
name = "PARTIES"
zh = "多个主体"
type = "text"
list = true
length_max = 200
identifier = ["credit_code", "organisation_code"]
internal_codes = true

[[field]]
name = "DEAL"
zh = "交易码"
type = "text"
length = 40
identifier = ["deal_code"]

[[field]]
name = "PROJECT"
zh = "项目编号"
type = "text"
length = 17
identifier = ["project_code"]

[[field]]
name = "TENDER"
zh = "招标项目编号"
type = "text"
length = 20
identifier = ["tender_project_code"]

[[field]]
name = "SECTIONS"
zh = "标段编号"
type = "text"
list = true
identifier = ["section_code"]

[[field]]
name = "INVEST"
zh = "投资码"
type = "text"
length = 24
identifier = ["invest_project_code"]

[[field]]
name = "FORM"
zh = "价款形式"
type = "code"
codes = "price_form"

[[field]]
name = "RATE"
zh = "费率"
type = "text"
"#;

const CONDITIONS: &str = r#"
[[condition]]
dataset = "KINDS"
when = { FORM = ["1"] }
require = ["AMOUNT", "UNIT"]
source = "表 1 备注"

[[condition]]
dataset = "KINDS"
when = { NAME = [] }
require = ["ZIP"]
source = "表 1 备注"

[[condition]]
dataset = "KINDS"
when = { FORM = ["1", "2", "9"] }
one_of = ["AMOUNT", "RATE"]
source = "表 1 备注（二选一）"
"#;

const OLD_CODES: &str = "#name_zh,旧代码\n#confidence,high\ncode,name_zh,name_en,retired\n1,旧,,after 2009\n2,新,,\n";

fn dataset() -> &'static Arc<Dataset> {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        for (path, text) in
            [("schema/KINDS.toml", DATASET), ("schema/conditions.toml", CONDITIONS), ("codes/old.csv", OLD_CODES)]
        {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().expect("it has a parent")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        Schema::load(Some(directory.path())).expect("the test's schema is right")
    });
    SCHEMA.dataset("KINDS").expect("the dataset was added")
}

fn draft(dataset: &Dataset, values: &[(&str, &str)]) -> Draft {
    let mut draft = Draft::new(dataset.fields.len());
    for (name, value) in values {
        draft.set(dataset.field(name).unwrap_or_else(|| panic!("{name} exists")), value);
    }
    draft
}

/// The reasons as a person reads them: Chinese, then English below.
pub(super) fn words(reasons: &[Reason]) -> String {
    let mut out = String::new();
    for reason in reasons {
        let level = if reason.level == Level::Refuse { "-" } else { "~" };
        writeln!(out, "{level} {}\n  {}", reason.render(Lang::Zh), reason.render(Lang::En))
            .expect("a string takes all");
    }
    out
}

fn told(values: &[(&str, &str)]) -> String {
    told_with(values, &CheckOptions::default())
}

fn told_with(values: &[(&str, &str)], options: &CheckOptions<'_>) -> String {
    let mut reasons = Vec::new();
    check(dataset(), &draft(dataset(), values), options, &mut reasons);
    words(&reasons)
}

#[test]
fn a_right_record_has_no_reasons() {
    let values = [
        ("NAME", "鄂州市东沟"),
        ("ZIP", "436000"),
        ("AMOUNT", "-123456.78"),
        ("COUNT", "007"),
        ("AT", "20240229235959"),
        ("ON", "20240229"),
        ("FLAG", "1"),
        ("UNIT", "1"),
        ("UNITS", "0;1"),
        ("OLD", "2"),
        ("REGION", "420704"),
        ("AREA", "156420704"),
        ("PLATFORM", "12350100MB02709751"),
        ("ORGAN", "MB0270975"),
        ("ID", "11010519491231002X"),
        ("ID_TYPE", "01"),
        ("PARTY", "110105491231002"),
        ("PARTIES", "12350100MB02709751;MB0270975"),
        ("DEAL", "A01-12350100MB02709751-20190627-527731-R"),
        ("PROJECT", "E3508010801800428"),
        ("TENDER", "E3508010801800428001"),
        ("SECTIONS", "E3508010801800428001001;E350801080180042800100a"),
        ("INVEST", "2019-420704-48-03-012345"),
        ("FORM", "1"),
    ];
    assert_eq!(told(&values), "");
}

#[test]
fn required_fields_are_missed_unless_the_hub_will_fill_them() {
    let dataset = embedded_for_tests().dataset("1900").expect("1900 exists");
    let values = [
        ("EXCEPITON_TYPE", "1"),
        ("EXCEPITON_INFOR", "流标"),
        ("APPROVAL_RESULT", "同意"),
        ("EXCEPITON_INDUSTRY", "1"),
    ];
    let mut reasons = Vec::new();
    let pending = [dataset.field("UNIFIED_DEAL_CODE").expect("the field exists")];
    check(
        dataset,
        &draft(dataset, &values),
        &CheckOptions { pending: &pending, ..CheckOptions::default() },
        &mut reasons,
    );
    assert_snapshot!(words(&reasons), @"
    - 项目编号（PROJECT_CODE）：必填项为空（依据：FJ-V4 1900）
      PROJECT_CODE (项目编号): required, but empty [FJ-V4 1900]
    - 报告名称（EXCEPITON_NAME）：必填项为空（依据：FJ-V4 1900）
      EXCEPITON_NAME (报告名称): required, but empty [FJ-V4 1900]
    - 审批或核准时间（APPROVAL_TIME）：必填项为空（依据：FJ-V4 1900）
      APPROVAL_TIME (审批或核准时间): required, but empty [FJ-V4 1900]
    ");
}

#[test]
fn conditions_require_and_a_field_is_missed_once() {
    assert_snapshot!(told(&[("FORM", "1")]), @"
    - 金额（AMOUNT）：当 价款形式(FORM) = 1 时必填，现为空（依据：表 1 备注）
      AMOUNT (金额): required when 价款形式(FORM) = 1, but empty [表 1 备注]
    - 单位（UNIT）：当 价款形式(FORM) = 1 时必填，现为空（依据：表 1 备注）
      UNIT (单位): required when 价款形式(FORM) = 1, but empty [表 1 备注]
    ");
    assert_snapshot!(told(&[("NAME", "鄂州"), ("FORM", "2")]), @"
    - 邮编（ZIP）：填写了 名称(NAME) 时必填，现为空（依据：表 1 备注）
      ZIP (邮编): required where 名称(NAME) is given, but empty [表 1 备注]
    - 金额（AMOUNT）：金额(AMOUNT), 费率(RATE) 应且只应填写一项（依据：表 1 备注（二选一））
      AMOUNT (金额): exactly one of 金额(AMOUNT), 费率(RATE) must be given [表 1 备注（二选一）]
    ");
    assert_snapshot!(told(&[("FORM", "2"), ("AMOUNT", "1"), ("RATE", "5%")]), @"
    - 金额（AMOUNT）：金额(AMOUNT), 费率(RATE) 应且只应填写一项（依据：表 1 备注（二选一））
      AMOUNT (金额): exactly one of 金额(AMOUNT), 费率(RATE) must be given [表 1 备注（二选一）]
    ");
}

#[test]
fn a_condition_whose_field_the_hub_will_fill_is_met() {
    let pending = ["AMOUNT", "UNIT"].map(|name| dataset().field(name).expect("the field exists"));
    assert_eq!(told_with(&[("FORM", "1")], &CheckOptions { pending: &pending, ..CheckOptions::default() }), "");
}

#[test]
fn lengths_are_counted_in_characters() {
    assert_snapshot!(told(&[("NAME", "鄂州市东沟镇"), ("ZIP", "43600")]), @"
    - 名称（NAME）：长度 6，超过上限 5（依据：数据规范 1）
      NAME (名称): length 6, at most 5 allowed [数据规范 1]
    - 邮编（ZIP）：长度 5，应为 6（依据：数据规范 1）
      ZIP (邮编): length 5, must be 6 [数据规范 1]
    ");
}

#[test]
fn numbers_are_plain_decimals_within_their_digits() {
    let texts = ["1,234.5", "1e3", "12.", ".5", "", "1234567.8", "0.123", "+1", "１", "-"];
    let told: String = texts.iter().map(|text| told(&[("AMOUNT", text)])).collect();
    assert_snapshot!(told, @r#"
    - 金额（AMOUNT）：“1,234.5”不是数字（依据：数据规范 1）
      AMOUNT (金额): "1,234.5" is no number [数据规范 1]
    - 金额（AMOUNT）：“1e3”不是数字（依据：数据规范 1）
      AMOUNT (金额): "1e3" is no number [数据规范 1]
    - 金额（AMOUNT）：“12.”不是数字（依据：数据规范 1）
      AMOUNT (金额): "12." is no number [数据规范 1]
    - 金额（AMOUNT）：“.5”不是数字（依据：数据规范 1）
      AMOUNT (金额): ".5" is no number [数据规范 1]
    - 金额（AMOUNT）：“1234567.8”的整数部分有 7 位，超过上限 6（依据：数据规范 1）
      AMOUNT (金额): "1234567.8" has 7 digits before the point, at most 6 allowed [数据规范 1]
    - 金额（AMOUNT）：“0.123”的小数部分有 3 位，超过上限 2（依据：数据规范 1）
      AMOUNT (金额): "0.123" has 3 digits after the point, at most 2 allowed [数据规范 1]
    - 金额（AMOUNT）：“+1”不是数字（依据：数据规范 1）
      AMOUNT (金额): "+1" is no number [数据规范 1]
    - 金额（AMOUNT）：“１”不是数字（依据：数据规范 1）
      AMOUNT (金额): "１" is no number [数据规范 1]
    - 金额（AMOUNT）：“-”不是数字（依据：数据规范 1）
      AMOUNT (金额): "-" is no number [数据规范 1]
    "#);
    assert_snapshot!(told_both("COUNT", &["1.0", "1234", "00123"]), @r#"
    - 数量（COUNT）：“1.0”不是整数（依据：数据规范 1）
      COUNT (数量): "1.0" is no whole number [数据规范 1]
    - 数量（COUNT）：“1234”的整数部分有 4 位，超过上限 3（依据：数据规范 1）
      COUNT (数量): "1234" has 4 digits before the point, at most 3 allowed [数据规范 1]
    "#);
}

#[test]
fn dates_are_real_days_and_times() {
    assert_snapshot!(told_both("AT", &["20230229000000", "20240229240000", "20240229", "2024-02-29 00:00", "20240229 00000"]), @r#"
    - 时间（AT）：“20230229000000”不是 yyyyMMddHHmmss 格式的日期（依据：数据规范 1）
      AT (时间): "20230229000000" is no date of the form yyyyMMddHHmmss [数据规范 1]
    - 时间（AT）：“20240229240000”不是 yyyyMMddHHmmss 格式的日期（依据：数据规范 1）
      AT (时间): "20240229240000" is no date of the form yyyyMMddHHmmss [数据规范 1]
    - 时间（AT）：“20240229”不是 yyyyMMddHHmmss 格式的日期（依据：数据规范 1）
      AT (时间): "20240229" is no date of the form yyyyMMddHHmmss [数据规范 1]
    - 时间（AT）：“2024-02-29 00:00”不是 yyyyMMddHHmmss 格式的日期（依据：数据规范 1）
      AT (时间): "2024-02-29 00:00" is no date of the form yyyyMMddHHmmss [数据规范 1]
    - 时间（AT）：“20240229 00000”不是 yyyyMMddHHmmss 格式的日期（依据：数据规范 1）
      AT (时间): "20240229 00000" is no date of the form yyyyMMddHHmmss [数据规范 1]
    "#);
    assert_snapshot!(told_both("ON", &["20240230", "20240229000000"]), @r#"
    - 日期（ON）：“20240230”不是 yyyyMMdd 格式的日期（依据：数据规范 1）
      ON (日期): "20240230" is no date of the form yyyyMMdd [数据规范 1]
    - 日期（ON）：“20240229000000”不是 yyyyMMdd 格式的日期（依据：数据规范 1）
      ON (日期): "20240229000000" is no date of the form yyyyMMdd [数据规范 1]
    "#);
}

#[test]
fn a_boolean_is_nought_or_one() {
    assert_snapshot!(told_both("FLAG", &["是", "2"]), @r#"
    - 是否（FLAG）：“是”不是 0 或 1（依据：数据规范 1）
      FLAG (是否): "是" is neither 0 nor 1 [数据规范 1]
    - 是否（FLAG）：“2”不是 0 或 1（依据：数据规范 1）
      FLAG (是否): "2" is neither 0 nor 1 [数据规范 1]
    "#);
}

#[test]
fn a_code_is_in_its_set_or_refused_or_warned_of() {
    assert_snapshot!(told(&[("UNIT", "2"), ("UNITS", "0;9;1"), ("LEVEL", "77"), ("OLD", "1"), ("FORM", "一")]), @r#"
    - 单位（UNIT）：“2”不在代码集 money_unit（金额单位）中（依据：数据规范 1）
      UNIT (单位): "2" is not in code set money_unit (金额单位) [数据规范 1]
    - 多个单位（UNITS）：“9”不在代码集 money_unit（金额单位）中（依据：数据规范 1）
      UNITS (多个单位): "9" is not in code set money_unit (金额单位) [数据规范 1]
    ~ 等级（LEVEL）：代码集 alert_level 的取值未知或不全，“77”无法核对（依据：数据规范 1）
      LEVEL (等级): code set alert_level is not known in full; "77" cannot be checked [数据规范 1]
    ~ 旧代码（OLD）：“1”（旧）已停用（依据：数据规范 1）
      OLD (旧代码): "1" (旧) is retired [数据规范 1]
    - 价款形式（FORM）：“一”不在代码集 price_form（价款形式代码）中（依据：数据规范 1）
      FORM (价款形式): "一" is not in code set price_form (价款形式代码) [数据规范 1]
    "#);
}

#[test]
fn a_set_without_values_still_has_a_length() {
    assert_snapshot!(told(&[("LEVEL", "777")]), @r#"
    ~ 等级（LEVEL）：代码集 alert_level 的取值未知或不全，“777”无法核对（依据：数据规范 1）
      LEVEL (等级): code set alert_level is not known in full; "777" cannot be checked [数据规范 1]
    - 等级（LEVEL）：长度 3，超过上限 2（依据：数据规范 1）
      LEVEL (等级): length 3, at most 2 allowed [数据规范 1]
    "#);
}

#[test]
fn an_empty_element_of_a_list_of_codes_is_refused() {
    assert_snapshot!(told(&[("UNITS", "0;;1;")]), @r#"
    - 多个单位（UNITS）：列表“0;;1;”的第 2 项为空（依据：数据规范 1）
      UNITS (多个单位): element 2 of the list "0;;1;" is empty [数据规范 1]
    - 多个单位（UNITS）：列表“0;;1;”的第 4 项为空（依据：数据规范 1）
      UNITS (多个单位): element 4 of the list "0;;1;" is empty [数据规范 1]
    "#);
}

#[test]
fn the_length_of_a_list_is_that_of_the_whole() {
    assert_snapshot!(told(&[("UNITS", "0;1;0;1;0;1")]), @"
    - 多个单位（UNITS）：长度 11，超过上限 9（依据：数据规范 1）
      UNITS (多个单位): length 11, at most 9 allowed [数据规范 1]
    ");
}

#[test]
fn control_characters_are_refused_but_tabs_and_line_ends_are_not() {
    assert_snapshot!(told_both("RATE", &["a\u{1}b", "x\u{ffff}", "\u{fffe}", "甲\t乙\r\n丙", "ﾀ￥"]), @"
    - 费率（RATE）：含有不允许的控制字符 U+0001（依据：XML 1.0）
      RATE (费率): has the control character U+0001, which is not allowed [XML 1.0]
    - 费率（RATE）：含有不允许的控制字符 U+FFFF（依据：XML 1.0）
      RATE (费率): has the control character U+FFFF, which is not allowed [XML 1.0]
    - 费率（RATE）：含有不允许的控制字符 U+FFFE（依据：XML 1.0）
      RATE (费率): has the control character U+FFFE, which is not allowed [XML 1.0]
    ");
}

fn told_both(field: &str, texts: &[&str]) -> String {
    texts.iter().map(|text| told(&[(field, text)])).collect()
}

#[test]
fn a_value_that_looks_like_a_placeholder_stays_as_it_is() {
    assert_snapshot!(told_both("AMOUNT", &["{0}{v}{f}", "{"]), @r#"
    - 金额（AMOUNT）：“{0}{v}{f}”不是数字（依据：数据规范 1）
      AMOUNT (金额): "{0}{v}{f}" is no number [数据规范 1]
    - 金额（AMOUNT）：“{”不是数字（依据：数据规范 1）
      AMOUNT (金额): "{" is no number [数据规范 1]
    "#);
}

#[test]
fn every_reason_speaks_both_languages() {
    for code in crate::schema::ReasonCode::ALL {
        let reason = Reason::refuse(*code, "F", "字段", "v", &["check", "1", "2"], "");
        for lang in [Lang::Zh, Lang::En] {
            let words = reason.render(lang);
            assert!(words.len() > "字段（F）：".len() && !words.contains(['{', '}']), "{code:?}: {words}");
        }
    }
}
