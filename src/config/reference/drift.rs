//! Compares the reference with what serde knows and what the program takes where nothing is written.

use std::collections::{BTreeMap, BTreeSet};

use formats::{CsvConfig, FormatConfig, JsonConfig, NdjsonConfig, SkipRows, XlsxConfig, XmlConfig};
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

use super::{Absent, File, Kind, keys};
use crate::adapters::{SinkConfig, SourceConfig};
use crate::config::{
    Contact, Control, Deliver, Feed, Hub, Intake, Job, Log, ReceiptRule, Results, Retry, Store, System,
};
use crate::rehearsal::{Refuse, RehearsalConfig};

/// Asks a type for the names of its fields or variants, and gives it nothing.
struct Names<'a>(&'a mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("no value"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.extend(fields);
        Err(de::Error::custom("no value"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.extend(variants);
        Err(de::Error::custom("no value"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

fn names<T: DeserializeOwned>() -> Vec<&'static str> {
    let mut names = Vec::new();
    assert!(T::deserialize(Names(&mut names)).is_err());
    assert!(!names.is_empty());
    names
}

#[test]
fn every_key_that_the_program_knows_is_explained_and_no_other() {
    let tables = [
        (File::Hub, "", names::<Hub>()),
        (File::Hub, "store.", names::<Store>()),
        (File::Hub, "intake.", names::<Intake>()),
        (File::Hub, "deliver.", names::<Deliver>()),
        (File::Hub, "control.", names::<Control>()),
        (File::Hub, "log.", names::<Log>()),
        (File::System, "", names::<System>()),
        (File::System, "contact.", names::<Contact>()),
        (File::System, "job.", names::<Job>()),
        (File::System, "job.from.", names::<SourceConfig>()),
        (File::System, "job.from.files.", names::<adapter_files::FilesSourceConfig>()),
        (File::System, "job.from.files.ready.", names::<adapter_files::Ready>()),
        (File::System, "job.from.files.after.", vec!["archive"]),
        (File::System, "job.from.files.format.", names::<FormatConfig>()),
        (File::System, "job.from.files.format.csv.", names::<CsvConfig>()),
        (File::System, "job.from.files.format.json.", names::<JsonConfig>()),
        (File::System, "job.from.files.format.ndjson.", names::<NdjsonConfig>()),
        (File::System, "job.from.files.format.xml.", names::<XmlConfig>()),
        (File::System, "job.from.files.format.xlsx.", names::<XlsxConfig>()),
        (File::System, "job.from.files.format.xlsx.skip_rows_where.", names::<SkipRows>()),
        (File::System, "feed.", names::<Feed>()),
        (File::System, "feed.retry.", names::<Retry>()),
        (File::System, "feed.receipt.", names::<ReceiptRule>()),
        (File::System, "feed.results.", names::<Results>()),
        (File::System, "feed.to.", names::<SinkConfig>()),
        (File::System, "feed.to.files.", names::<adapter_files::FilesSinkConfig>()),
        (File::System, "feed.to.web.", names::<adapter_web::WebSinkConfig>()),
        (File::System, "feed.to.rehearsal.", names::<RehearsalConfig>()),
        (File::System, "feed.to.rehearsal.refuse.", names::<Refuse>()),
    ];
    let known: BTreeSet<String> = tables
        .iter()
        .flat_map(|(file, table, names)| names.iter().map(move |name| format!("{}: {table}{name}", file.name())))
        .collect();
    let explained: Vec<String> = keys().map(|k| format!("{}: {}", k.file.name(), k.path)).collect();
    let once: BTreeSet<String> = explained.iter().cloned().collect();
    assert_eq!(once.len(), explained.len(), "a key is explained twice");
    assert_eq!(once.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "explained, but not known");
    assert_eq!(known.difference(&once).collect::<Vec<_>>(), Vec::<&String>::new(), "known, but not explained");
}

/// The document with every default of the reference written out, where the table around it is there.
fn written_out(file: File, document: &str) -> String {
    let mut root: toml::Table = toml::from_str(document).unwrap();
    for key in keys().filter(|k| k.file == file) {
        let Absent::Value(value) = key.default else { continue };
        let value: toml::Table = toml::from_str(&format!("v = {value}")).unwrap();
        let path: Vec<&str> = key.path.split('.').collect();
        let (name, tables) = path.split_last().unwrap();
        let mut table = Some(&mut root);
        for step in tables {
            table = table.and_then(|t| match t.get_mut(*step) {
                Some(toml::Value::Table(t)) => Some(t),
                Some(toml::Value::Array(a)) => a.first_mut().and_then(toml::Value::as_table_mut),
                _ => None,
            });
        }
        if let Some(table) = table {
            table.entry(name.to_string()).or_insert(value["v"].clone());
        }
    }
    toml::to_string(&root).unwrap()
}

#[test]
fn defaults_are_those_that_the_program_takes() {
    let every_table = "[store]\n[intake]\n[deliver]\n[control]\n[log]\n";
    let hub = |text: &str| format!("{:#?}", toml::from_str::<Hub>(text).unwrap());
    let written = written_out(File::Hub, every_table);
    assert!(written.contains("ahead_batches_max"));
    assert_eq!(hub(&written), hub(""));

    for format in ["csv = {}", "json = {}", "ndjson = {}", "xml = { row = \"R\" }", "xlsx = {}"] {
        let document = |ready: &str, retry: &str, contact: &str| {
            format!(
                "name = \"a\"\nname_zh = \"甲\"\n{contact}\n\
                 [[job]]\nname = \"j\"\nmappings = []\nfrom.files = {{ path = \"p\", {ready} format.{format} }}\n\
                 [[feed]]\nname = \"f\"\ndatasets = [\"*\"]\nto.web = {{ url = \"http://t\" }}\n{retry}\n\
                 [[feed.receipt]]\nclass = \"busy\"\n"
            )
        };
        let system = |text: &str| {
            let system = toml::from_str::<System>(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            format!("{system:#?}")
        };
        let written = written_out(File::System, &document("ready = {},", "retry = {}", "contact = {}"));
        assert!(
            written.contains("jitter") && written.contains("key_header") && written.contains("partial"),
            "{written}"
        );
        assert_eq!(system(&written), system(&document("", "", "")));
    }
}

/// What `OneOf` names is what the type takes: each value is read, and the type's own list is no longer.
#[test]
fn values_are_those_that_the_program_takes() {
    let lists: BTreeMap<&str, Vec<&str>> = keys()
        .filter_map(|k| match k.kind {
            Kind::OneOf(values) | Kind::Map(values) => Some((k.path, values.to_vec())),
            _ => None,
        })
        .collect();
    let is = |path: &str, mut known: Vec<&'static str>| {
        let mut told = lists[path].clone();
        known.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, known, "{path}");
    };
    is("log.format", names::<crate::telemetry::Format>());
    is("job.misfire", names::<crate::schedule::Misfire>());
    is("job.from.files.order", names::<adapter_files::Order>());
    is("job.from.files.format.xlsx.merged", names::<formats::Merged>());
    is("feed.form", names::<crate::config::Form>());
    is("feed.receipt.class", names::<crate::config::Class>());
    is("feed.results.classes", names::<crate::config::Class>());
    is("feed.to.rehearsal.refuse.code", names::<crate::rehearsal::Code>());
    // These types also take other spellings, or are their crate's own business.
    for (path, values) in lists {
        for value in values.iter().filter(|_| path.ends_with("encoding")) {
            assert!(toml::from_str::<CsvConfig>(&format!("encoding = \"{value}\"")).is_ok(), "{value}");
        }
    }
}
