//! What a field's values must look like, read from the dictionary's words: type, width, identifiers.

use crate::dictionary::{Dataset, Field};

/// The schema's word for the type, without the code set.
pub(crate) fn kind(field: &Field) -> &'static str {
    match field.kind.as_str() {
        "decimal" => "decimal",
        "integer" => "integer",
        "datetime" => "datetime",
        "date" => "date",
        "boolean" => "boolean",
        "code" if code_set(field).is_some() => "code",
        _ => "text",
    }
}

/// The code set, but for the fields that our note says to read as text.
pub(crate) fn code_set(field: &Field) -> Option<&str> {
    let read_as_text =
        field.note.as_deref().is_some_and(|note| note.contains("[ours]") && note.contains("treat as text"));
    field.code_set.as_deref().filter(|_| !read_as_text)
}

/// Most characters, and whether it must be exactly so many.
pub(crate) fn length(dataset: &Dataset, field: &Field) -> Option<(u32, bool)> {
    // Our notes: the table swaps the lengths of these two; the receiver has them right.
    match (dataset.data_no.as_str(), field.name.as_str()) {
        ("513", "UNION_CODE") => return Some((18, false)),
        ("513", "UNION_NAME") => return Some((1000, false)),
        _ => {}
    }
    let by_receiver = field.enforced.as_ref().filter(|_| field.fixed_length.is_none());
    match (field.max_length, by_receiver) {
        (Some(length), Some(receiver)) => Some((length, receiver.fixed_length == Some(length))),
        (Some(length), None) => Some((length, field.fixed_length == Some(true))),
        (None, Some(receiver)) => receiver.max_length.map(|length| (length, false)),
        (None, None) => None,
    }
}

/// Digits in all and after the point.
pub(crate) fn digits(field: &Field) -> Option<(u32, u32)> {
    if let Some(precision) = field.precision {
        return Some((precision, field.scale.unwrap_or(0)));
    }
    let receiver = field.enforced.as_ref()?;
    let (whole, fraction) = (receiver.int_digits?, receiver.dec_digits.unwrap_or(0));
    Some((whole + fraction, fraction))
}

/// True: the values are joined by `;`.
pub(crate) fn list(dataset: &Dataset, field: &Field) -> bool {
    let receivers_list = matches!(
        (dataset.data_no.as_str(), field.name.as_str()),
        // 2,000 characters for codes of 23 and 40: several, as in 504, which has the same two fields.
        ("9001", "BID_SECTION_CODE" | "UNIFIED_DEAL_CODES")
        // The note: several reference prices are separated.
        | ("1112", "PRICE_GW")
        // 200 characters for a party: several members of a consortium, as in 507 (C..200, list).
        | ("9007" | "9008" | "9009" | "9010" | "9011" | "9012" | "9013" | "9015" | "9016" | "9017", "BIDDER_ORG_CODE")
        | ("9011", "UNION_ORGAN_SET_CODE")
    );
    field.multi_value.is_some() || receivers_list
}

/// The identifiers of which the value must be one.
pub(crate) fn identifiers(dataset: &Dataset, field: &Field) -> Vec<&'static str> {
    if !matches!(field.kind.as_str(), "string" | "text") {
        return Vec::new();
    }
    let name = field.name.as_str();
    let construction = dataset.business == "construction";
    match name {
        "UNIFIED_DEAL_CODE" | "UNIFIED_DEAL_CODES" => return vec!["deal_code"],
        "INVEST_PROJECT_CODE" => return vec!["invest_project_code"],
        // Elsewhere these three also stand for procurement, land and property codes, which are free text.
        "PROJECT_CODE" if construction && field.max_length == Some(17) => return vec!["project_code"],
        "TENDER_PROJECT_CODE" if construction => return vec!["tender_project_code"],
        "BID_SECTION_CODE" | "BID_SECTION_CODES" if construction => return vec!["section_code"],
        // A licence or tax number may be one of the old kinds, whose composition nobody checks.
        "LICENSE_NO" | "TAX_CERT_NO" | "LOCAL_TAX_CERT_NO" => return Vec::new(),
        // Its type stands in a field whose codes are unknown.
        "BUYER_IDCARD" => return Vec::new(),
        // Our notes: UNION_CODE and UNION_NAME of 513 are mixed up in the table.
        "UNION_NAME" => return Vec::new(),
        "UNION_CODE" | "UNION_ORGAN_SET_CODE" | "BIDDER_ORG_CODE" => {
            return vec!["credit_code", "organisation_code", "id_number"];
        }
        "PLATFORM_CODE" | "PUB_SERVICE_PLAT_CODE" => return vec!["credit_code"],
        _ => {}
    }
    let domain = field.value_domain.as_deref().unwrap_or_default();
    let mut found = Vec::new();
    if domain.contains("32100") || domain == "参考主体代码" || of_organisation(&field.zh) {
        found.push("credit_code");
    }
    if domain.contains("11714") || domain == "参考主体代码" || field.zh.contains("组织机构代码") {
        found.push("organisation_code");
    }
    if domain.contains("11643") || of_person(field) {
        found.push("id_number");
    }
    found
}

fn of_organisation(zh: &str) -> bool {
    zh.contains("统一社会信用代码") || zh.contains("统一社会代码")
}

fn of_person(field: &Field) -> bool {
    let number = field.zh.contains("身份证") || field.name == "PROPOSER_CODE";
    number && !field.name.ends_with("TYPE")
}

/// True: bodies without a code of their own (armed forces, foreign firms) may give an internal one.
pub(crate) fn internal_codes(field: &Field) -> bool {
    field.note.as_deref().is_some_and(|note| note.contains("内部代码"))
}

/// The field that says of which kind an ID document is, for a dataset that has one.
pub(crate) fn document_type<'a>(dataset: &'a Dataset, identifiers: &[&str]) -> Option<&'a str> {
    if identifiers != ["id_number"] {
        return None;
    }
    let is_type = |f: &&Field| f.code_set.as_deref() == Some("id_card_type") || f.name == "PROPOSER_CARD_TYPE";
    dataset.fields.iter().find(is_type).map(|f| f.name.as_str())
}

/// True: people look for the record by it: its own codes, its title, the code of a party to it.
pub(crate) fn search(dataset: &Dataset, field: &Field, identifiers: &[&str]) -> bool {
    const CODES: [&str; 19] = [
        "PROJECT_CODE",
        "TENDER_PROJECT_CODE",
        "BID_SECTION_CODE",
        "BID_SECTION_CODES",
        "UNIFIED_DEAL_CODE",
        "UNIFIED_DEAL_CODES",
        "PURCHASE_PROJECT_CODE",
        "PURCHASE_SECTION_CODE",
        "INVEST_PROJECT_CODE",
        "ANNOUNCEMENT_GUID",
        "DEAL_LAND_CODE",
        "DEAL_ANNOUNCEMENT_GUID",
        "LAND_CODE",
        "BID_CODE",
        "CA_QUOTA_CODE",
        "CATAID",
        "ORDERDETAILID",
        "VIOLATING_CODE",
        "BLACKLIST_CODE",
    ];
    let name = field.name.as_str();
    if CODES.contains(&name) {
        return true;
    }
    // Platforms, agencies and departments stand in thousands of records alike: nobody looks for a record by them.
    if ["PLATFORM", "PLAT_", "AGENCY", "DEPT", "SUPERVIS", "MEDIA", "CENTER"].iter().any(|part| name.contains(part)) {
        return false;
    }
    // Nor by a citizen's ID number alone, which would then lie in an index in the clear.
    let party = identifiers.iter().any(|kind| matches!(*kind, "credit_code" | "organisation_code"));
    party || Some(name) == title(dataset)
}

/// The field that names the record to a person: the first title or project name, else the first name.
fn title(dataset: &Dataset) -> Option<&str> {
    let named = |words: &[&str]| {
        let is = |f: &&Field| f.kind != "code" && words.iter().any(|word| f.zh.ends_with(word));
        dataset.fields.iter().find(is).map(|f| f.name.as_str())
    };
    named(&["标题", "公告名称", "公示名称"]).or_else(|| named(&["名称", "姓名"]))
}
