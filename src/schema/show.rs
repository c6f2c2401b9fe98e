//! What a person wants to see of a dataset: plain data in their language, which the command line prints or writes as
//! JSON.

use serde::Serialize;

use super::{CodeSet, Condition, Dataset, Field, Kind, Personal, Schema, Unit};
use crate::diagnostic::Lang;

/// One line of the list of datasets.
#[derive(Debug, Clone, Serialize)]
pub struct DatasetLine {
    pub number: String,
    pub code: String,
    pub name: String,
    pub business: String,
    pub depth: u16,
    pub fields: usize,
    pub required: usize,
    pub extension: bool,
    pub confidence: &'static str,
}

/// Everything about a dataset.
#[derive(Debug, Clone, Serialize)]
pub struct DatasetView {
    pub number: String,
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    pub business: String,
    pub depth: u16,
    pub extension: bool,
    pub confidence: &'static str,
    pub source: String,
    pub key: Vec<String>,
    pub key_source: String,
    pub version_field: Option<String>,
    pub event_time_field: Option<String>,
    pub disclosure_by: Option<String>,
    pub parents: Vec<ParentView>,
    /// Codes of the datasets whose parent this is.
    pub children: Vec<String>,
    pub fields: Vec<FieldView>,
    /// Sentences: what is required when.
    pub conditions: Vec<String>,
    /// The code sets of the fields, each once, with their values if they are few.
    pub code_sets: Vec<CodeSetView>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ParentView {
    pub dataset: String,
    pub name: String,
    /// Child field, parent field.
    pub fields: Vec<(String, String)>,
    pub required: bool,
    pub list: bool,
    pub any_of: Option<String>,
    pub source: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct FieldView {
    pub name: String,
    pub name_zh: String,
    pub name_en: String,
    /// The type in words: text of at most 600 characters; number of 20 digits, 6 of them after the point.
    pub form: String,
    pub required: bool,
    pub list: bool,
    pub codes: Option<String>,
    /// The identifiers of which it is one, in words.
    pub identifiers: Vec<&'static str>,
    /// The unit's word, or the field that holds it.
    pub unit: Option<String>,
    pub public: bool,
    /// The kind of personal data, if it is such.
    pub personal: Option<&'static str>,
    pub search: bool,
    pub wire_name: Option<String>,
    pub source: String,
    pub note: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct CodeSetView {
    pub name: String,
    pub name_zh: String,
    pub confidence: &'static str,
    /// True: an unknown code is refused; false: it warns.
    pub refuses: bool,
    pub source: String,
    pub count: usize,
    /// Code and name; empty if there are more than a person reads in passing.
    pub values: Vec<(String, String)>,
}

/// More values than this are counted, not listed.
const VALUES_SHOWN: usize = 40;

impl Schema {
    /// The list of datasets, parents before children.
    pub fn overview(&self, lang: Lang) -> Vec<DatasetLine> {
        let line = |dataset: &Dataset| DatasetLine {
            number: dataset.number.clone(),
            code: dataset.code.clone(),
            name: lang.pick(&dataset.name_zh, &dataset.name_en).to_owned(),
            business: dataset.business.clone(),
            depth: dataset.depth,
            fields: dataset.fields.len(),
            required: dataset.fields.iter().filter(|field| field.required).count(),
            extension: dataset.extension,
            confidence: dataset.confidence.word(),
        };
        self.datasets().iter().map(|dataset| line(dataset)).collect()
    }

    /// Everything about a dataset, by number or code.
    pub fn view(&self, code_or_number: &str, lang: Lang) -> Option<DatasetView> {
        let dataset = self.dataset(code_or_number)?;
        let name = |id: usize| dataset.fields[id].name.clone();
        let children = self.datasets().iter().filter(|d| d.parents.iter().any(|p| p.dataset == dataset.code));
        Some(DatasetView {
            number: dataset.number.clone(),
            code: dataset.code.clone(),
            name_zh: dataset.name_zh.clone(),
            name_en: dataset.name_en.clone(),
            business: dataset.business.clone(),
            depth: dataset.depth,
            extension: dataset.extension,
            confidence: dataset.confidence.word(),
            source: dataset.source.clone(),
            key: dataset.key.iter().map(|id| name(*id)).collect(),
            key_source: dataset.key_source.clone(),
            version_field: dataset.version_field.map(name),
            event_time_field: dataset.event_time_field.map(name),
            disclosure_by: dataset.disclosure_by.map(name),
            parents: self.parent_views(dataset, lang),
            children: children.map(|d| d.code.clone()).collect(),
            fields: dataset.fields.iter().map(|field| field_view(dataset, field, lang)).collect(),
            conditions: dataset.conditions.iter().map(|condition| sentence(dataset, condition, lang)).collect(),
            code_sets: code_sets(dataset),
        })
    }

    fn parent_views(&self, dataset: &Dataset, lang: Lang) -> Vec<ParentView> {
        let name = |code: &str| self.dataset(code).map(|d| lang.pick(&d.name_zh, &d.name_en).to_owned());
        let parents = dataset.parents.iter();
        parents
            .map(|parent| ParentView {
                dataset: parent.dataset.clone(),
                name: name(&parent.dataset).unwrap_or_default(),
                fields: parent.fields.iter().map(|(id, of)| (dataset.fields[*id].name.clone(), of.clone())).collect(),
                required: parent.required,
                list: parent.list,
                any_of: parent.any_of.clone(),
                source: parent.source.clone(),
            })
            .collect()
    }
}

fn field_view(dataset: &Dataset, field: &Field, lang: Lang) -> FieldView {
    FieldView {
        name: field.name.clone(),
        name_zh: field.name_zh.clone(),
        name_en: field.name_en.clone(),
        form: form(field, lang),
        required: field.required,
        list: field.list,
        codes: field.codes.as_ref().map(|set| set.name.clone()),
        identifiers: field.identifiers.iter().map(|kind| lang.pick(kind.words().0, kind.words().1)).collect(),
        unit: field.unit.and_then(|unit| match unit {
            Unit::InField(id) => Some(dataset.fields[id].name.clone()),
            unit => unit.word().map(str::to_owned),
        }),
        public: field.public,
        personal: field.personal.map(Personal::word),
        search: field.search,
        wire_name: field.wire_name.clone(),
        source: field.source.clone(),
        note: field.note.clone(),
    }
}

/// The type in words.
fn form(field: &Field, lang: Lang) -> String {
    let word = match field.kind {
        Kind::Text => lang.pick("文本", "text"),
        Kind::Code => lang.pick("代码", "code"),
        Kind::DateTime => return lang.pick("时间 yyyyMMddHHmmss", "time yyyyMMddHHmmss").to_owned(),
        Kind::Date => return lang.pick("日期 yyyyMMdd", "date yyyyMMdd").to_owned(),
        Kind::Decimal => lang.pick("小数", "decimal"),
        Kind::Integer => lang.pick("整数", "integer"),
        Kind::Boolean => return lang.pick("是否 0/1", "boolean 0/1").to_owned(),
    };
    match (field.digits, field.length_max) {
        (Some((all, 0)), _) => format!("{word} ≤{all}"),
        (Some((all, fraction)), _) => format!("{word} ≤{all},{fraction}"),
        (None, Some(length)) if field.fixed => format!("{word} {length}"),
        (None, Some(length)) => format!("{word} ≤{length}"),
        (None, None) => word.to_owned(),
    }
}

fn sentence(dataset: &Dataset, condition: &Condition, lang: Lang) -> String {
    let name = |id: &usize| dataset.fields[*id].name.as_str();
    let names = |ids: &[usize]| ids.iter().map(name).collect::<Vec<_>>().join(", ");
    let when = condition.when.iter().map(|(id, values)| match values.is_empty() {
        true => format!("{}{}", name(id), lang.pick(" 已填", " is given")),
        false => format!("{} = {}", name(id), values.join("/")),
    });
    let when = when.collect::<Vec<_>>().join(lang.pick(" 且 ", " and "));
    let mut out = if when.is_empty() { String::new() } else { format!("{when} → ") };
    if !condition.require.is_empty() {
        out.push_str(&format!("{}{}", lang.pick("必填 ", "required "), names(&condition.require)));
    }
    if !condition.one_of.is_empty() {
        out.push_str(&format!("{}{}", lang.pick("只填其一 ", "exactly one of "), names(&condition.one_of)));
    }
    format!("{out} [{}]", condition.source)
}

/// The sets of the fields, each once, in the order of the fields.
fn code_sets(dataset: &Dataset) -> Vec<CodeSetView> {
    let mut views: Vec<CodeSetView> = Vec::new();
    let composed = dataset.fields.iter().flat_map(|field| field.composed_of.iter().map(|(set, _)| set));
    for set in dataset.fields.iter().filter_map(|field| field.codes.as_ref()).chain(composed) {
        if views.iter().all(|view| view.name != set.name) {
            views.push(code_set(set));
        }
    }
    views
}

fn code_set(set: &CodeSet) -> CodeSetView {
    let shown = if set.values.len() <= VALUES_SHOWN { &set.values[..] } else { &[] };
    CodeSetView {
        name: set.name.clone(),
        name_zh: set.name_zh.clone(),
        confidence: set.confidence.word(),
        refuses: set.refuses(),
        source: set.source.clone(),
        count: set.values.len(),
        values: shown.iter().map(|value| (value.code.clone(), value.name_zh.clone())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::embedded_for_tests;
    use super::*;

    #[test]
    fn the_overview_lists_every_dataset_in_the_readers_language() {
        let lines = embedded_for_tests().overview(Lang::Zh);
        assert_eq!(lines.len(), 127);
        let award = lines.iter().find(|line| line.number == "513").expect("513 is listed");
        assert_snapshot!(serde_json::to_string(award).expect("it is data"), @r#"
        {"number":"513","code":"WIN_RESULT_ANNO","name":"中标结果公告","business":"construction","depth":5,"fields":38,"required":25,"extension":false,"confidence":"high"}
        "#);
    }

    #[test]
    fn a_dataset_is_shown_with_its_fields_parents_conditions_and_codes() {
        let mut view = embedded_for_tests().view("517", Lang::En).expect("517 exists");
        view.fields.retain(|field| matches!(field.name.as_str(), "TENDER_PROJECT_CODE" | "EXCEPITON_TYPE"));
        assert_snapshot!(serde_json::to_string_pretty(&view).expect("it is data"), @r#"
        {
          "number": "517",
          "code": "TENDER_ABNORMITY_REPORT",
          "name_zh": "招标异常情况报告",
          "name_en": "Tender exception report",
          "business": "construction",
          "depth": 3,
          "extension": false,
          "confidence": "high",
          "source": "FJ-V3-table sheet row block 517; FJ-V4 config 517.json",
          "key": [
            "TENDER_PROJECT_CODE",
            "BID_SECTION_CODE",
            "EXCEPITON_TYPE",
            "EXCEPITON_NAME"
          ],
          "key_source": "infer",
          "version_field": "DATA_TIMESTAMP",
          "event_time_field": "APPROVAL_TIME",
          "disclosure_by": null,
          "parents": [
            {
              "dataset": "TENDER_PROJECT",
              "name": "Tender project",
              "fields": [
                [
                  "TENDER_PROJECT_CODE",
                  "TENDER_PROJECT_CODE"
                ]
              ],
              "required": true,
              "list": false,
              "any_of": null,
              "source": "FJ-V4-validator"
            },
            {
              "dataset": "SECTION",
              "name": "Bid section (lot)",
              "fields": [
                [
                  "BID_SECTION_CODE",
                  "BID_SECTION_CODE"
                ]
              ],
              "required": true,
              "list": false,
              "any_of": null,
              "source": "infer"
            }
          ],
          "children": [],
          "fields": [
            {
              "name": "TENDER_PROJECT_CODE",
              "name_zh": "招标项目编号",
              "name_en": "tender project code",
              "form": "text 20",
              "required": true,
              "list": false,
              "codes": null,
              "identifiers": [
                "tender project code"
              ],
              "unit": null,
              "public": true,
              "personal": null,
              "search": true,
              "wire_name": null,
              "source": "FJ-V3-table+FJ-V4-validator",
              "note": ""
            },
            {
              "name": "EXCEPITON_TYPE",
              "name_zh": "异常类型",
              "name_en": "exception type",
              "form": "integer ≤1",
              "required": true,
              "list": false,
              "codes": "exception_type",
              "identifiers": [],
              "unit": null,
              "public": true,
              "personal": null,
              "search": false,
              "wire_name": null,
              "source": "FJ-V3-table+FJ-V4-validator",
              "note": ""
            }
          ],
          "conditions": [],
          "code_sets": [
            {
              "name": "exception_type",
              "name_zh": "异常类型",
              "confidence": "high",
              "refuses": true,
              "source": "verified: FJ-V4 EnumMatch EXCEPITON_TYPE (sic) and table 517",
              "count": 4,
              "values": [
                [
                  "1",
                  "流标"
                ],
                [
                  "2",
                  "终止开标"
                ],
                [
                  "3",
                  "公告撤销"
                ],
                [
                  "9",
                  "其他"
                ]
              ]
            }
          ]
        }
        "#);
    }

    #[test]
    fn conditions_are_sentences_in_both_languages() {
        let conditions = |lang| embedded_for_tests().view("513", lang).expect("513 exists").conditions.join("\n");
        assert_snapshot!(conditions(Lang::Zh), @"
        PRICE_FORM_CODE = 1 → 必填 BID_AMOUNT, BID_CURRENCY, PRICE_UNIT [数据规范 513 PRICE_FORM_CODE 备注; C30]
        PRICE_FORM_CODE = 2/3/9 → 必填 OTHER_BID_PRICE [数据规范 513 PRICE_FORM_CODE 备注; C30]
        只填其一 BID_AMOUNT, OTHER_BID_PRICE [数据规范 513 OTHER_BID_PRICE 备注（三选一）; C30]
        ");
        assert_snapshot!(conditions(Lang::En), @"
        PRICE_FORM_CODE = 1 → required BID_AMOUNT, BID_CURRENCY, PRICE_UNIT [数据规范 513 PRICE_FORM_CODE 备注; C30]
        PRICE_FORM_CODE = 2/3/9 → required OTHER_BID_PRICE [数据规范 513 PRICE_FORM_CODE 备注; C30]
        exactly one of BID_AMOUNT, OTHER_BID_PRICE [数据规范 513 OTHER_BID_PRICE 备注（三选一）; C30]
        ");
    }

    #[test]
    fn what_is_no_dataset_is_not_shown() {
        assert!(embedded_for_tests().view("5130", Lang::Zh).is_none());
    }
}
