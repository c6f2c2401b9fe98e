//! `config …`: what the configuration can say.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::Context;
use crate::config::reference::{Absent, Key, keys};
use crate::diagnostic::{Failure, FailureKind, Lang};

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    Reference {
        #[arg(value_name = "TEXT")]
        search: Option<String>,
    },
}

pub(super) fn run(command: &ConfigCommand, context: &Context) -> Result<ExitCode, Failure> {
    let ConfigCommand::Reference { search } = command;
    let wanted = search.as_deref().unwrap_or_default();
    let found: Vec<&Key> = keys().filter(|k| [k.path, k.zh, k.en].iter().any(|text| text.contains(wanted))).collect();
    if found.is_empty() {
        return Err(Failure::new(
            FailureKind::User,
            format!("没有含 `{wanted}` 的配置键"),
            format!("no key of the configuration has `{wanted}`"),
        ));
    }
    context.show(
        || text(&found, context.lang),
        || json!({ "keys": found.iter().map(|k| key_json(k)).collect::<Vec<_>>() }),
    )?;
    Ok(ExitCode::SUCCESS)
}

fn text(keys: &[&Key], lang: Lang) -> String {
    let mut out = String::new();
    let mut file = None;
    for key in keys {
        if file != Some(key.file) {
            file = Some(key.file);
            let blank = if out.is_empty() { "" } else { "\n" };
            out.push_str(&format!("{blank}{}\n", key.file.name()));
        }
        let default = match key.default {
            Absent::Required => lang.pick("，必填", ", required").to_owned(),
            Absent::Nothing => String::new(),
            Absent::Value(value) => format!("{}{value}", lang.pick("，默认 ", ", default ")),
        };
        out.push_str(&format!("  {}  ({}{default})\n", key.path, key.kind.words().get(lang)));
        out.push_str(&format!("      {}\n", lang.pick(key.zh, key.en)));
    }
    out
}

fn key_json(key: &Key) -> Value {
    let kind = key.kind.words();
    json!({
        "file": key.file.name(),
        "key": key.path,
        "type": { "zh": kind.zh, "en": kind.en },
        "required": key.default == Absent::Required,
        "default": match key.default { Absent::Value(value) => Some(value), _ => None },
        "explanation": { "zh": key.zh, "en": key.en },
    })
}
