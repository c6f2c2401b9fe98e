//! One dataset as a TOML file that a person can read and edit.

use std::fmt::Write;
use std::path::PathBuf;

use crate::dictionary::{Dataset, Field, Parent};
use crate::form;
use crate::units::Units;

/// What most fields come from; only others say where they come from.
const TABLE_AND_RECEIVER: &str = "FJ-V3-table+FJ-V4-validator";
/// Seen in the receiver's configuration alone.
const RECEIVER: &str = "FJ-V4-validator";

/// `schema/construction/513-WIN_RESULT_ANNO.toml`; the entry that describes attachments has no number.
pub(crate) fn path(dataset: &Dataset) -> PathBuf {
    if dataset.business == "attachment" {
        return PathBuf::from("schema/attachment/attachment.toml");
    }
    PathBuf::from(format!("schema/{}/{}-{}.toml", dataset.business, dataset.data_no, dataset.code))
}

pub(crate) fn text(dataset: &Dataset, units: &mut Units) -> String {
    let mut out = Toml(String::new());
    out.0.push_str("# Written by `cargo run -p generate` from mappings/generate/dictionary.json.\n");
    out.0.push_str(
        "# To change it for one site, put an edited copy under the same name into the overriding directory.\n",
    );
    head(&mut out, dataset);
    for parent in &dataset.parents {
        self::parent(&mut out, parent);
    }
    for field in &dataset.fields {
        self::field(&mut out, dataset, field, units);
    }
    out.0
}

fn head(out: &mut Toml, dataset: &Dataset) {
    let attachment = dataset.business == "attachment";
    out.text("number", if attachment { "" } else { &dataset.data_no });
    out.text("code", if attachment { "ATTACHMENT" } else { &dataset.code });
    out.text("name_zh", &dataset.name_zh);
    out.text("name_en", &dataset.name_en);
    out.text("business", &dataset.business);
    out.raw("depth", &dataset.order.to_string());
    out.flag("extension", dataset.extension_of_national);
    out.text("confidence", &dataset.confidence);
    let validators = dataset.provenance.validators.iter().map(|v| format!("; {v}")).collect::<String>();
    out.text("source", &format!("{}{validators}", dataset.provenance.primary));
    out.list("key", dataset.key.iter().map(String::as_str));
    out.text("key_source", &dataset.key_source);
    out.optional("version_field", dataset.version_field.as_deref());
    out.text("version_source", &dataset.version_source);
    out.optional("event_time_field", dataset.event_time_field.as_deref());
    out.optional("disclosure_by", dataset.disclosure_by.as_deref());
}

fn parent(out: &mut Toml, parent: &Parent) {
    out.0.push_str("\n[[parent]]\n");
    out.text("dataset", &parent.dataset);
    let fields = parent.fields.iter().map(|(child, parent)| format!("{child} = {}", quoted(parent)));
    out.raw("fields", &format!("{{ {} }}", fields.collect::<Vec<_>>().join(", ")));
    out.raw("required", if parent.required { "true" } else { "false" });
    out.flag("list", parent.list);
    out.optional("any_of", parent.any_of.as_deref());
    out.text("source", &parent.source);
}

fn field(out: &mut Toml, dataset: &Dataset, field: &Field, units: &mut Units) {
    out.0.push_str("\n[[field]]\n");
    out.text("name", &field.name);
    out.text("zh", &field.zh);
    out.text("en", &field.en);
    out.text("type", form::kind(field));
    match form::length(dataset, field) {
        Some((length, true)) => out.raw("length", &length.to_string()),
        Some((length, false)) => out.raw("length_max", &length.to_string()),
        None => {}
    }
    if let Some((all, fraction)) = form::digits(field).filter(|_| matches!(form::kind(field), "decimal" | "integer")) {
        out.raw("digits", &format!("[{all}, {fraction}]"));
    }
    out.flag("required", required(dataset, field));
    out.flag("list", form::list(dataset, field));
    out.optional("codes", form::code_set(field));
    if let Some(parts) = &field.composed_of {
        out.list("composed_of", parts.iter().map(String::as_str));
    }
    let identifiers = form::identifiers(dataset, field);
    if !identifiers.is_empty() {
        out.list("identifier", identifiers.iter().copied());
        out.flag("internal_codes", form::internal_codes(field));
        out.optional("document_type", form::document_type(dataset, &identifiers));
    }
    if let Some(entry) = units.of(&dataset.data_no, field) {
        out.optional("unit", entry.unit.as_deref());
        out.optional("unit_field", entry.field.as_deref());
        out.optional("unit_source", Some(entry.source.as_str()).filter(|source| !source.is_empty()));
    }
    out.flag("public", field.disclosure == "public");
    out.flag("search", form::search(dataset, field, &identifiers));
    out.optional("wire_name", field.wire_name.as_deref());
    out.optional("source", Some(field.source.as_str()).filter(|source| *source != TABLE_AND_RECEIVER));
    let domain = field.value_domain.as_deref().filter(|domain| *domain != "free text");
    out.optional("domain", domain.filter(|_| identifiers.is_empty() && form::code_set(field).is_none()));
    out.optional("note", field.note.as_deref().map(str::trim));
}

/// As the table says; but what one province's receiver alone wants of a national dataset belongs to its profile, and
/// what is required under a condition stands in conditions.toml.
fn required(dataset: &Dataset, field: &Field) -> bool {
    let provincial = field.source == RECEIVER && !dataset.extension_of_national;
    field.required == serde_json::Value::Bool(true) && !provincial
}

struct Toml(String);

impl Toml {
    fn raw(&mut self, key: &str, value: &str) {
        writeln!(self.0, "{key} = {value}").expect("a string takes all that is written");
    }

    fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &quoted(value));
    }

    fn optional(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn flag(&mut self, key: &str, value: bool) {
        if value {
            self.raw(key, "true");
        }
    }

    fn list<'a>(&mut self, key: &str, values: impl Iterator<Item = &'a str>) {
        self.raw(key, &format!("[{}]", values.map(quoted).collect::<Vec<_>>().join(", ")));
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
