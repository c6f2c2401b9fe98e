//! The schema as it is embedded, counted; and a directory that overrides it, rightly and wrongly.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::*;
use crate::diagnostic::Lang;
use crate::schema::{Condition, Field, Kind, Membership, Unit, embedded_for_tests};

/// A `mappings/` directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().expect("it has a parent")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    directory
}

/// What is wrong with these files, as a person reads it.
fn wrong(files: &[(&str, &str)], lang: Lang) -> String {
    let directory = directory(files);
    let found = Schema::load(Some(directory.path())).expect_err("the files are wrong");
    found.iter().for_each(crate::diagnostic::Diagnostic::assert_told_in_both_languages);
    let told = found.iter().map(|diagnostic| diagnostic.render(lang)).collect::<Vec<_>>().join("\n");
    told.replace(&format!("{}/", directory.path().display()), "")
}

fn embedded_text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings").join(path)).expect("the file exists")
}

#[test]
fn the_embedded_schema_has_every_dataset_field_and_code_set() {
    let schema = embedded_for_tests();
    let fields = || schema.datasets().iter().flat_map(|d| &d.fields);
    let count = |is: fn(&&Field) -> bool| fields().filter(is).count();
    let mut counts = BTreeMap::new();
    counts.insert("datasets", schema.datasets().len());
    counts.insert("extensions", schema.datasets().iter().filter(|d| d.extension).count());
    counts.insert("code sets", schema.code_sets().count());
    counts.insert("code sets with values", schema.code_sets().filter(|s| !s.values.is_empty()).count());
    counts.insert("code sets that refuse", schema.code_sets().filter(|s| s.refuses()).count());
    counts.insert("divisions", schema.code_set("region").expect("it exists").values.len());
    counts.insert("conditions", schema.datasets().iter().map(|d| d.conditions.len()).sum());
    counts.insert("parents", schema.datasets().iter().map(|d| d.parents.len()).sum());
    counts.insert("fields", fields().count());
    counts.insert("fields required", count(|f| f.required));
    counts.insert("fields of lists", count(|f| f.list));
    counts.insert("fields with code set", count(|f| f.codes.is_some()));
    counts.insert("fields with identifier", count(|f| !f.identifiers.is_empty()));
    counts.insert("fields with unit", count(|f| f.unit.is_some()));
    counts.insert("fields public", count(|f| f.public));
    counts.insert("fields personal", count(|f| f.personal.is_some()));
    counts.insert("fields searched", count(|f| f.search));
    let told = counts.iter().map(|(what, n)| format!("{n:>5} {what}")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(told, @"
      81 code sets
      44 code sets that refuse
      52 code sets with values
      52 conditions
     127 datasets
    4158 divisions
      22 extensions
    2410 fields
      87 fields of lists
     131 fields personal
    1220 fields public
    2009 fields required
     465 fields searched
     389 fields with code set
     563 fields with identifier
     102 fields with unit
     189 parents
    ");
}

#[test]
fn datasets_stand_parents_first_and_are_found_by_number_and_code() {
    let schema = embedded_for_tests();
    for (place, dataset) in schema.datasets().iter().enumerate() {
        for parent in &dataset.parents {
            let above = schema.datasets().iter().position(|d| d.code == parent.dataset).expect("the parent exists");
            assert!(above < place, "{} comes before its parent {}", dataset.code, parent.dataset);
        }
    }
    let by_number = schema.dataset("513").expect("it exists");
    assert!(Arc::ptr_eq(by_number, schema.dataset("WIN_RESULT_ANNO").expect("it exists")));
    assert!(schema.dataset("").is_none() && schema.dataset("9999").is_none());
    assert_eq!(schema.dataset("ATTACHMENT").map(|d| d.number.as_str()), Some(""));
}

#[test]
fn what_one_receiver_alone_requires_of_a_national_dataset_is_optional() {
    let schema = embedded_for_tests();
    let provincial = |extension: bool| {
        let datasets = schema.datasets().iter().filter(move |d| d.extension == extension);
        datasets.flat_map(|d| &d.fields).filter(|f| f.provincial())
    };
    assert_eq!(provincial(false).count(), 44);
    assert_eq!(provincial(false).filter(|f| f.required).count(), 0);
    assert!(provincial(true).filter(|f| f.required).count() > 300);
}

#[test]
fn every_sum_of_money_has_its_unit_or_a_field_that_holds_it() {
    let schema = embedded_for_tests();
    let money = ["金额", "价格", "预算", "估算价", "控制价", "成交价", "售价", "费用", "资本", "保证金", "单价"];
    let mut without = Vec::new();
    for dataset in schema.datasets() {
        for field in dataset.fields.iter().filter(|f| f.kind == Kind::Decimal && f.unit.is_none()) {
            if money.iter().any(|word| field.name_zh.contains(word)) {
                without.push(format!("{} {} {}", dataset.number, field.name, field.name_zh));
            }
        }
    }
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn a_unit_field_holds_money_units_and_stands_in_the_record() {
    let schema = embedded_for_tests();
    for dataset in schema.datasets() {
        for field in &dataset.fields {
            if let Some(Unit::InField(id)) = field.unit {
                let set = dataset.fields[id].codes.as_ref().map(|set| set.name.as_str());
                // The receiver of 9018 does not say what its PRICE_UNIT holds.
                assert!(set == Some("money_unit") || dataset.number == "9018", "{} {}", dataset.code, field.name);
            }
        }
    }
}

#[test]
fn the_contradictions_of_the_source_are_read_as_its_notes_say() {
    let schema = embedded_for_tests();
    let field = |dataset: &str, name: &str| {
        let dataset = schema.dataset(dataset).expect("the dataset exists");
        &dataset.fields[dataset.field(name).expect("the field exists")]
    };
    // Printed with an inner blank in the table.
    for (dataset, name) in [
        ("507", "IS_COMMIT_MARGIN"),
        ("552", "POST_BID_CLOSING_TIME"),
        ("557", "IS_COMMIT_MARGIN"),
        ("750", "SELLER_TYPE"),
        ("1050", "BID_SOURCE"),
    ] {
        assert_eq!(field(dataset, name).name, name);
    }
    // Swapped lengths; minutes where the receiver wants seconds; a unit that points at the list of minerals.
    assert_eq!((field("513", "UNION_CODE").length_max, field("513", "UNION_NAME").length_max), (Some(18), Some(1000)));
    assert_eq!(field("600", "LISTING_START_TIME").kind, Kind::DateTime);
    assert!(field("655", "NA_SCOPE_UNIT").codes.is_none());
    assert_eq!(field("1000", "INDUSTRY_CODE").wire_name.as_deref(), Some("industry_Code"));
    let area: Vec<_> =
        field("300", "AREA").composed_of.iter().map(|(set, width)| (set.name.as_str(), *width)).collect();
    assert_eq!(area, [("country", 3), ("region", 6)]);
}

#[test]
fn every_condition_demands_something_and_names_its_source() {
    let conditions = || embedded_for_tests().datasets().iter().flat_map(|d| &d.conditions);
    let demands = |c: &Condition| !c.require.is_empty() || c.one_of.len() > 1;
    assert!(conditions().all(|c| demands(c) && !c.source.is_empty()));
}

// An empty part of a key counts as the empty text.
#[test]
fn every_dataset_has_a_key_and_some_key_fields_may_be_empty() {
    let schema = embedded_for_tests();
    assert!(schema.datasets().iter().all(|d| !d.key.is_empty()));
    let mut optional = Vec::new();
    for dataset in schema.datasets() {
        let fields = dataset.key.iter().map(|id| &dataset.fields[*id]).filter(|field| !field.required);
        optional.extend(fields.map(|field| format!("{} {}", dataset.number, field.name)));
    }
    assert_snapshot!(optional.join(", "), @"
    700 BID_CODE, 750 BID_CODE, 556 PURCHASE_SECTION_CODE, 557 PURCHASE_SECTION_CODE, 701 BID_CODE, 751 BID_CODE, 753 BID_CODE, 1001 BARGAIN_NO, 752 BID_CODE, 9001 QUALIFICATION_NAME, 9004 TENDER_PROJECT_CODE, 9010 TENDER_PROJECT_CODE, 9011 TENDER_PROJECT_CODE, 512 CONTRACT_CODE
    ");
}

#[test]
fn a_retired_division_and_an_unknown_one_are_told_apart() {
    let regions = embedded_for_tests().code_set("region").expect("it exists");
    assert_eq!(regions.judge("420704"), Membership::In);
    assert!(matches!(regions.judge("110103"), Membership::Retired(value) if value.name_zh == "崇文区"));
    assert_eq!(regions.judge("420799"), Membership::Out);
    assert_eq!(regions.by_name("鄂城区").map(|value| value.code.as_str()), Some("420704"));
}

#[test]
fn a_file_of_the_same_name_replaces_and_another_one_adds() {
    let path = "schema/construction/500-PROJECT.toml";
    let shorter = embedded_text(path).replace("length_max = 600", "length_max = 60");
    let added = r#"
number = "9900"
code = "PARKING"
name_zh = "停车"
name_en = "Parking"
business = "other"
key = ["PLACE"]
[[field]]
name = "PLACE"
zh = "车位"
type = "code"
codes = "place"
"#;
    let codes = "\u{feff}#name_zh,车位\r\n#confidence,high,,\r\ncode,name_zh,name_en,retired\r\n1,一号,,\r\n,,,\r\n";
    let directory = directory(&[
        (path, &shorter),
        ("schema/other/parking.toml", added),
        ("codes/place.csv", codes),
        ("README", ""),
    ]);
    let schema = Schema::load(Some(directory.path())).expect("the files are right");
    let embedded = embedded_for_tests();
    let length = |schema: &Schema| {
        let project = schema.dataset("500").expect("it exists");
        project.fields[project.field("PROJECT_NAME").expect("it exists")].length_max
    };
    assert_eq!((length(embedded), length(&schema)), (Some(600), Some(60)));
    assert_eq!(schema.datasets().len(), 128);
    let parking = schema.dataset("PARKING").expect("it was added");
    assert_eq!(parking.fields[0].codes.as_ref().map(|set| set.values.len()), Some(1));
}

#[test]
fn the_digest_changes_with_the_text_a_condition_or_a_code_set_and_with_nothing_else() {
    let embedded = embedded_for_tests();
    let digest = |schema: &Schema, name: &str| schema.digest(schema.dataset(name).expect("it exists"));
    let load = |files: &[(&str, &str)]| Schema::load(Some(directory(files).path())).expect("the files are right");
    let codes = embedded_text("codes/money_unit.csv") + "2,亿元,,,\r\n";
    let changed = load(&[("codes/money_unit.csv", &codes)]);
    assert_ne!(digest(embedded, "513"), digest(&changed, "513"));
    assert_eq!(digest(embedded, "500"), digest(&changed, "500"));
    let conditions = embedded_text("schema/conditions.toml").replace("\"INVEST_PROJECT_CODE\"", "\"ADDRESS\"");
    let conditions =
        conditions.replacen("dataset = \"550\"\nwhen = { RELATE_CODE", "dataset = \"500\"\nwhen = { RELATE_CODE", 1);
    let conditions = conditions.replacen("dataset = \"601\"", "dataset = \"500\"", 1);
    let changed = load(&[("schema/conditions.toml", &conditions)]);
    assert_ne!(digest(embedded, "500"), digest(&changed, "500"));
    assert_eq!(digest(embedded, "513"), digest(&changed, "513"));
}

const MISTAKEN: &str = r#"number = "513"
code = "MISTAKEN"
name_zh = "有误"
business = "other"
deep = 3
depth = "1"
confidence = "certain"
key = ["NAMES", "NUMBER"]
version_field = "STAMP"

[[parent]]
dataset = "PROJEKT"
fields = { NAME = "PROJECT_NAME" }

[[parent]]
dataset = "501"
fields = { NAME = "TENDER_PROJECT_NAM" }

[[field]]
name = "NAME"
zh = "名称"
type = "txt"
length = 5
length_max = 6
requird = true

[[field]]
name = "NAME"
zh = 7
type = "decimal"
digits = [2, 6]
codes = "money_units"
unit = "角"
identifier = ["tax_code"]
document_type = "KIND"
composed_of = ["region"]
"#;

const MISTAKEN_CONDITIONS: &str = r#"
[[condition]]
dataset = "5130"
when = { PRICE_FORM_CODE = ["1"] }
require = ["BID_AMOUNT"]
source = "x"

[[condition]]
dataset = "513"
when = { PRICE_FORM_CODE = ["7"], PRICE_FORM = [] }
require = ["BID_AMONT"]
source = "x"

[[condition]]
dataset = "513"
"#;

const MISTAKEN_PERSONAL: &str = "[513]\nBULLETIN_DUTY = \"person\"\nEXAMINER = \"name\"\n[WIN_RESULT]\nX = \"name\"\n";

const MISTAKEN_CODES: &str = "#name_zh,单位\n#confidence,sure\ncode,name_zh\n0,元\n,万元\n";

/// All mistakes but those of conditions.toml, which have a test of their own.
fn mistaken() -> [(&'static str, &'static str); 5] {
    [
        ("schema/other/mistaken.toml", MISTAKEN),
        ("schema/other/broken.toml", "number = \"1\ncode = 2\n"),
        ("schema/personal.toml", MISTAKEN_PERSONAL),
        ("codes/money_unit.csv", MISTAKEN_CODES),
        ("codes/blank.csv", "code;name\n1;2\n"),
    ]
}

#[test]
fn every_mistake_of_every_file_is_told_at_its_place() {
    assert_snapshot!(wrong(&mistaken(), Lang::En), @r#"
    codes/blank.csv: there is no column `code`
      hint: the header row is `code,name_zh`
    codes/blank.csv: there is no column `name_zh`
      hint: the header row is `code,name_zh`
    codes/money_unit.csv: the confidence `sure` is not known
      hint: write #confidence,high (or medium, low, none) in the first rows
    codes/money_unit.csv:5:1: the row has no code
      hint: fill in the code or delete the row
    schema/other/broken.toml:1:12: this is no TOML: invalid basic string, expected `"`
      hint: texts stand in double quotes; one `key = value` a line
    schema/other/broken.toml:2:8: `code` must be a text in quotes, not a whole number
    schema/other/mistaken.toml:1:1: `name_en` is missing
      hint: add name_en = "…"
    schema/other/mistaken.toml:1:10: `513` is already the name of mappings/schema/construction/513-WIN_RESULT_ANNO.toml
      hint: to replace a dataset, give the file the same folder and name
    schema/other/mistaken.toml:5:1: unknown key `deep`
      hint: `depth`?
    schema/other/mistaken.toml:6:9: `depth` must be a whole number, not a text
    schema/other/mistaken.toml:7:14: the confidence `certain` is not known
      hint: high, medium, low or none
    schema/other/mistaken.toml:8:8: the dataset has no field `NAMES`
      hint: `NAME`?
    schema/other/mistaken.toml:8:17: the dataset has no field `NUMBER`
      hint: `NAME`?
    schema/other/mistaken.toml:9:17: the dataset has no field `STAMP`
    schema/other/mistaken.toml:12:11: there is no dataset `PROJEKT`
      hint: `PROJECT`?
    schema/other/mistaken.toml:16:11: the parent 501 has depth 1, this dataset 0
      hint: a dataset's depth is above that of each of its parents
    schema/other/mistaken.toml:17:19: dataset 501 has no field `TENDER_PROJECT_NAM`
      hint: `TENDER_PROJECT_NAME`?
    schema/other/mistaken.toml:19:1: NAME has both `length` and `length_max`
      hint: keep one
    schema/other/mistaken.toml:22:8: the type `txt` is not known
      hint: one of text, code, datetime, date, decimal, integer, boolean
    schema/other/mistaken.toml:25:1: unknown key `requird`
      hint: `required`?
    schema/other/mistaken.toml:28:8: the field `NAME` is there twice
    schema/other/mistaken.toml:29:6: `zh` must be a text in quotes, not a whole number
    schema/other/mistaken.toml:31:10: `digits` must be two numbers: digits in all, and how many of these after the point
      hint: as in [20, 6]
    schema/other/mistaken.toml:32:9: there is no code set `money_units`
      hint: `money_unit`?
    schema/other/mistaken.toml:33:8: the unit `角` is not known
      hint: one of 元, 万元, 元/年吨, 平方米, 公顷, 平方公里, 亩, 吨, 天, 年, %
    schema/other/mistaken.toml:34:15: the identifier `tax_code` is not known
      hint: one of credit_code, organisation_code, id_number, deal_code, project_code, tender_project_code, section_code, invest_project_code
    schema/other/mistaken.toml:35:17: the dataset has no field `KIND`
    schema/other/mistaken.toml:36:16: `region` is no part of a code
      hint: code set:width
    schema/personal.toml:2:17: the kind `person` of personal data is not known
      hint: one of name, id_number, telephone, email, address, other
    schema/personal.toml:3:1: dataset 513 has no field `EXAMINER`
      hint: `EXAMINER_NAME`?
    schema/personal.toml:4:2: there is no dataset `WIN_RESULT`
      hint: `WIN_RESULT_ANNO`?
    "#);
}

#[test]
fn every_mistake_is_told_in_chinese() {
    assert_snapshot!(wrong(&mistaken(), Lang::Zh), @r#"
    codes/blank.csv: 没有列 `code`
      提示：表头行为 `code,name_zh`
    codes/blank.csv: 没有列 `name_zh`
      提示：表头行为 `code,name_zh`
    codes/money_unit.csv: 未知的可信度 `sure`
      提示：在前几行写 #confidence,high（或 medium、low、none）
    codes/money_unit.csv:5:1: 该行没有代码
      提示：填写代码或删除该行
    schema/other/broken.toml:1:12: 不是有效的 TOML：双引号中的文字没有结束，或含有不允许的字符，此处应为 `"`
      提示：文字要加双引号；一行一个 `键 = 值`
    schema/other/broken.toml:2:8: `code` 应为引号中的文本，而不是整数
    schema/other/mistaken.toml:1:1: 缺少 `name_en`
      提示：添加 name_en = "…"
    schema/other/mistaken.toml:1:10: `513` 已是 mappings/schema/construction/513-WIN_RESULT_ANNO.toml 的名称
      提示：要替换一个数据集，文件须在同名文件夹中并同名
    schema/other/mistaken.toml:5:1: 未知的键 `deep`
      提示：是否为 `depth`？
    schema/other/mistaken.toml:6:9: `depth` 应为整数，而不是文本
    schema/other/mistaken.toml:7:14: 未知的可信度 `certain`
      提示：high、medium、low 或 none
    schema/other/mistaken.toml:8:8: 数据集没有字段 `NAMES`
      提示：是否为 `NAME`？
    schema/other/mistaken.toml:8:17: 数据集没有字段 `NUMBER`
      提示：是否为 `NAME`？
    schema/other/mistaken.toml:9:17: 数据集没有字段 `STAMP`
    schema/other/mistaken.toml:12:11: 没有数据集 `PROJEKT`
      提示：是否为 `PROJECT`？
    schema/other/mistaken.toml:16:11: 上级 501 的深度为 1，本数据集为 0
      提示：深度须大于每个上级
    schema/other/mistaken.toml:17:19: 数据集 501 没有字段 `TENDER_PROJECT_NAM`
      提示：是否为 `TENDER_PROJECT_NAME`？
    schema/other/mistaken.toml:19:1: NAME 同时有 `length` 和 `length_max`
      提示：只保留一个
    schema/other/mistaken.toml:22:8: 未知的类型 `txt`
      提示：应为 text, code, datetime, date, decimal, integer, boolean 之一
    schema/other/mistaken.toml:25:1: 未知的键 `requird`
      提示：是否为 `required`？
    schema/other/mistaken.toml:28:8: 字段 `NAME` 出现两次
    schema/other/mistaken.toml:29:6: `zh` 应为引号中的文本，而不是整数
    schema/other/mistaken.toml:31:10: `digits` 应为两个整数：总位数，以及其中的小数位数
      提示：例如 [20, 6]
    schema/other/mistaken.toml:32:9: 没有代码集 `money_units`
      提示：是否为 `money_unit`？
    schema/other/mistaken.toml:33:8: 未知的单位 `角`
      提示：应为 元, 万元, 元/年吨, 平方米, 公顷, 平方公里, 亩, 吨, 天, 年, % 之一
    schema/other/mistaken.toml:34:15: 未知的标识码类型 `tax_code`
      提示：应为 credit_code, organisation_code, id_number, deal_code, project_code, tender_project_code, section_code, invest_project_code 之一
    schema/other/mistaken.toml:35:17: 数据集没有字段 `KIND`
    schema/other/mistaken.toml:36:16: `region` 不是代码段
      提示：代码集:宽度
    schema/personal.toml:2:17: 未知的个人信息类型 `person`
      提示：应为 name, id_number, telephone, email, address, other 之一
    schema/personal.toml:3:1: 数据集 513 没有字段 `EXAMINER`
      提示：是否为 `EXAMINER_NAME`？
    schema/personal.toml:4:2: 没有数据集 `WIN_RESULT`
      提示：是否为 `WIN_RESULT_ANNO`？
    "#);
}

#[test]
fn a_condition_that_names_what_is_not_there_is_told() {
    assert_snapshot!(wrong(&[("schema/conditions.toml", MISTAKEN_CONDITIONS)], Lang::En), @r#"
    schema/conditions.toml:3:11: there is no dataset `5130`
      hint: `513`?
    schema/conditions.toml:10:29: `7` is not in code set price_form
      hint: the condition would never hold
    schema/conditions.toml:10:35: dataset 513 has no field `PRICE_FORM`
      hint: `PRICE_FORM_CODE`?
    schema/conditions.toml:11:12: dataset 513 has no field `BID_AMONT`
      hint: `BID_AMOUNT`?
    schema/conditions.toml:14:1: `source` is missing
      hint: add source = "…"
    schema/conditions.toml:14:1: the condition demands nothing
      hint: add require = ["FIELD"] or one_of = ["A", "B"]
    "#);
    assert_snapshot!(wrong(&[("schema/conditions.toml", MISTAKEN_CONDITIONS)], Lang::Zh), @r#"
    schema/conditions.toml:3:11: 没有数据集 `5130`
      提示：是否为 `513`？
    schema/conditions.toml:10:29: `7` 不在代码集 price_form 中
      提示：该条件永远不会成立
    schema/conditions.toml:10:35: 数据集 513 没有字段 `PRICE_FORM`
      提示：是否为 `PRICE_FORM_CODE`？
    schema/conditions.toml:11:12: 数据集 513 没有字段 `BID_AMONT`
      提示：是否为 `BID_AMOUNT`？
    schema/conditions.toml:14:1: 缺少 `source`
      提示：添加 source = "…"
    schema/conditions.toml:14:1: 条件没有提出任何要求
      提示：添加 require = ["FIELD"] 或 one_of = ["A", "B"]
    "#);
}

#[test]
fn a_file_that_is_no_utf_8_is_told() {
    let directory = directory(&[("codes/old.csv", "")]);
    let path = directory.path().join("codes/old.csv");
    // What Excel writes on a Chinese Windows as plain CSV: GBK.
    fs::write(&path, b"code,name_zh\r\n1,\xd6\xd0\xce\xc4\r\n").expect("a file can be written");
    let found = Schema::load(Some(directory.path())).expect_err("the file is wrong");
    let told: Vec<_> = found.iter().flat_map(|d| [d.render(Lang::En), d.render(Lang::Zh)]).collect();
    let told = told.join("\n").replace(&format!("{}/", directory.path().display()), "");
    assert_snapshot!(told, @"
    codes/old.csv: it is not UTF-8
      hint: save it as UTF-8 (from Excel: `CSV UTF-8 (comma delimited)`)
    codes/old.csv: 不是 UTF-8 编码
      提示：另存为 UTF-8（Excel 中选“CSV UTF-8（逗号分隔）”）
    ");
}

#[test]
fn a_code_set_that_excel_took_the_leading_zeros_from_is_told() {
    let spoilt = embedded_text("codes/subject_role.csv").replace("\n0", "\n");
    assert_snapshot!(wrong(&[("codes/subject_role.csv", &spoilt)], Lang::En), @"
    codes/subject_role.csv: the code `1` is shorter than the 2 characters of TENDERER_ROLE
      hint: Excel drops leading zeros: import the file with the column `code` as text
    ");
    assert_snapshot!(wrong(&[("codes/subject_role.csv", &spoilt)], Lang::Zh), @"
    codes/subject_role.csv: 代码 `1` 短于 TENDERER_ROLE 要求的 2 位
      提示：Excel 会去掉前导零：导入时将 `code` 列设为文本
    ");
}

#[test]
fn a_directory_without_schema_or_codes_changes_nothing() {
    let directory = directory(&[("from/ezhou/award.toml", "")]);
    let schema = Schema::load(Some(directory.path())).expect("there is nothing wrong");
    assert_eq!(schema.datasets().len(), embedded_for_tests().datasets().len());
}
