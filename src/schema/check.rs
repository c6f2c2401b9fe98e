//! Is a record valid? Every reason why it is not, and every warning.
//!
//! A check is a pure function of dataset and record: no I/O, no state, no error. While all is right it allocates
//! nothing; only what is wrong is put into words, so a bad value costs more than a good one. Whether parents exist and
//! whether the key is free is not asked here: that needs the store.

mod value;

use super::{Condition, Dataset, Draft, Field, FieldId, Identifier, Level, Reason, ReasonCode};
use value::Checked;

/// What a source may switch, and what will still be filled in.
#[derive(Debug, Clone, Copy)]
pub struct CheckOptions<'a> {
    /// False: a deal code's check character is not looked at. A source whose system computes it wrongly would warn on
    /// every record.
    pub deal_code_check: bool,
    /// Fields whose codes the hub assigns after this check: taken as present and right.
    pub pending: &'a [FieldId],
}

impl Default for CheckOptions<'_> {
    fn default() -> Self {
        Self { deal_code_check: true, pending: &[] }
    }
}

/// Appends every reason why the record is not valid, and every warning, in the order of the fields; then what the
/// conditions demand.
pub fn check(dataset: &Dataset, draft: &Draft, options: &CheckOptions<'_>, reasons: &mut Vec<Reason>) {
    let first = reasons.len();
    for (id, field) in dataset.fields.iter().enumerate() {
        match draft.get(id) {
            Some(text) => value::check(&mut Checked { dataset, draft, options, field, reasons }, text),
            None if field.required && !options.pending.contains(&id) => {
                reasons.push(Reason::of(ReasonCode::Required, dataset, field, "", &[]));
            }
            None => {}
        }
    }
    for condition in &dataset.conditions {
        if holds(condition, draft) {
            demand(dataset, condition, draft, options, first, reasons);
        }
    }
}

/// Why one value can never be right in this field, whatever else the record says. For what a mapping writes into every
/// record: it is wrong before there is one.
pub fn check_constant(dataset: &Dataset, field: FieldId, text: &str) -> Vec<Reason> {
    let mut draft = Draft::new(dataset.fields.len());
    draft.set(field, text);
    let (options, mut reasons) = (CheckOptions::default(), Vec::new());
    let field = &dataset.fields[field];
    // Which numbers are right may depend on the kind of document that another field names.
    if field.document_type.is_none() && !text.is_empty() {
        value::check(&mut Checked { dataset, draft: &draft, options: &options, field, reasons: &mut reasons }, text);
        reasons.retain(|reason| reason.level == Level::Refuse);
    }
    reasons
}

fn holds(condition: &Condition, draft: &Draft) -> bool {
    condition.when.iter().all(|(id, values)| match draft.get(*id) {
        Some(text) => values.is_empty() || values.iter().any(|value| value == text),
        None => false,
    })
}

/// Adds what a condition that holds finds missing. A field that is already missed is not missed twice.
fn demand(
    dataset: &Dataset,
    condition: &Condition,
    draft: &Draft,
    options: &CheckOptions<'_>,
    first: usize,
    reasons: &mut Vec<Reason>,
) {
    use ReasonCode::{OneOf, Required, RequiredWhen, RequiredWith};
    let present = |id: &FieldId| draft.get(*id).is_some() || options.pending.contains(id);
    let missed = |id: FieldId, reasons: &[Reason]| {
        let of_field = |reason: &Reason| reason.field == dataset.fields[id].name;
        reasons[first..]
            .iter()
            .any(|reason| of_field(reason) && matches!(reason.code, Required | RequiredWhen | RequiredWith))
    };
    for &id in &condition.require {
        if !present(&id) && !missed(id, reasons) {
            let field = &dataset.fields[id];
            let presence = condition.when.iter().all(|(_, values)| values.is_empty());
            let code = if presence { RequiredWith } else { RequiredWhen };
            let mut reason = Reason::of(code, dataset, field, "", &[&stated(dataset, condition)]);
            reason.source = condition.source.clone();
            reasons.push(reason);
        }
    }
    let given = condition.one_of.iter().filter(|id| present(id)).count();
    let told = given == 0 && condition.one_of.iter().any(|&id| missed(id, reasons));
    if let Some(&id) = condition.one_of.first().filter(|_| given != 1 && !told) {
        let names: Vec<_> = condition.one_of.iter().map(|&id| named(&dataset.fields[id])).collect();
        let mut reason = Reason::of(OneOf, dataset, &dataset.fields[id], "", &[&names.join(", ")]);
        reason.source = condition.source.clone();
        reasons.push(reason);
    }
}

/// What a condition looks at: `价款形式代码(PRICE_FORM_CODE) = 1`, or the name alone of what must be given.
fn stated(dataset: &Dataset, condition: &Condition) -> String {
    let parts = condition.when.iter().map(|(id, values)| match values.is_empty() {
        true => named(&dataset.fields[*id]),
        false => format!("{} = {}", named(&dataset.fields[*id]), values.join("/")),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn named(field: &Field) -> String {
    format!("{}({})", field.name_zh, field.name)
}

impl Reason {
    /// A refusal of a field's value, with the place where the rule stands.
    fn of(code: ReasonCode, dataset: &Dataset, field: &Field, value: &str, args: &[&str]) -> Self {
        Self::refuse(code, &field.name, &field.name_zh, value, args, &rule_source(code, dataset, field))
    }
}

/// Where a rule stands, as a person would cite it.
fn rule_source(code: ReasonCode, dataset: &Dataset, field: &Field) -> String {
    match code {
        ReasonCode::CreditCode => "GB 32100-2015".to_owned(),
        ReasonCode::OrganisationCode => "GB 11714-1997".to_owned(),
        ReasonCode::IdNumber => "GB 11643-1999".to_owned(),
        ReasonCode::RegionUnknown | ReasonCode::RegionRetired => "GB/T 2260".to_owned(),
        ReasonCode::DealCodeShape => "数据规范 统一交易标识码编码方案".to_owned(),
        ReasonCode::DealCodeCheck => "GB/T 17710 MOD 37-2".to_owned(),
        ReasonCode::ControlCharacter => "XML 1.0".to_owned(),
        ReasonCode::TenderCode | ReasonCode::TenderCodePrefix => match field.identifiers.first() {
            Some(Identifier::ProjectCode) => "电子招标投标系统技术规范 B.3.2".to_owned(),
            Some(Identifier::TenderProjectCode) => "电子招标投标系统技术规范 B.3.4".to_owned(),
            Some(Identifier::SectionCode) => "电子招标投标系统技术规范 B.3.5".to_owned(),
            _ => format!("数据规范 {}", dataset.label()),
        },
        // What one province alone knows must not be called the standard.
        _ if field.provincial() || dataset.extension => format!("FJ-V4 {}", dataset.label()),
        _ => format!("数据规范 {}", dataset.label()),
    }
}

#[cfg(test)]
mod notices;
#[cfg(test)]
mod tests;
