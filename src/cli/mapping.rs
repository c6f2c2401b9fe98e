//! `mapping …`: examples run, and rows of a file shown on their way through a mapping.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use adapter::Rows;
use chrono::Utc;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Context, show};
use crate::adapters;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Lang, io_words, nearest, nothing, say};
use crate::mapping::{Found, Mapping, Trace};
use crate::pipeline::normalise::fault_reason;
use crate::pipeline::open;
use crate::schema::{self, CheckOptions, Level, Reason, Schema};

#[derive(Debug, Subcommand)]
pub enum MappingCommand {
    Test {
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    Try {
        #[arg(value_name = "MAPPING")]
        mapping: String,
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        row: u32,
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=ROWS_MAX))]
        rows: u32,
    },
}

/// Rows that `mapping try` shows at most: nobody reads more.
const ROWS_MAX: i64 = 1000;

pub(super) fn run(command: &MappingCommand, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let schema = context.schema(&config)?;
    match command {
        MappingCommand::Test { names } => test(names, &config, &schema, context),
        MappingCommand::Try { mapping, input, row, rows } => {
            let mapping = load(mapping, &config, &schema)?;
            let (first, last) = (*row as usize, (*row as usize).saturating_add(*rows as usize - 1));
            let input = read(input, &mapping, &config, last)?;
            let shown = shown(&mapping, &input, first, last)?;
            context.show(
                || shown.iter().map(|row| row_text(row, &mapping, context.lang)).collect(),
                || json!({ "rows": shown.iter().map(|row| row_json(row, &mapping)).collect::<Vec<_>>() }),
            )?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A mapping by its name below `mappings/from/`, or by its file.
fn load(name: &str, config: &Config, schema: &Schema) -> Result<Mapping, Failure> {
    let from = config.mappings_path().join("from");
    let named = from.join(format!("{name}.toml"));
    let (file, name) = match Path::new(name) {
        path if path.extension().is_some_and(|e| e == "toml") => (path.to_owned(), name_of(path)),
        _ => (named, name.to_owned()),
    };
    let text = std::fs::read_to_string(&file).map_err(|error| {
        let (why, known) = (io_words(&error), open::mapping_names(&from));
        let failure = Failure::new(
            FailureKind::User,
            format!("无法读取映射 {}：{}", file.display(), why.zh),
            format!("the mapping {} cannot be read: {}", file.display(), why.en),
        );
        match nearest(&name, known.iter().map(String::as_str)) {
            Some(near) => failure.hint(format!("是否想写 `{near}`？"), format!("did you mean `{near}`?")),
            None => failure.hint(
                format!("写 {} 下的名称，如 系统/映射，或写 .toml 文件", from.display()),
                format!("write a name below {}, system/mapping, or a .toml file", from.display()),
            ),
        }
    })?;
    open::load_mapping(&name, &file, &text, schema).map_err(Failure::from)
}

/// `…/from/ezhou/award.toml` is `ezhou/award`.
fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let system = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    format!("{system}/{stem}")
}

/// What the examples of one mapping showed.
struct Tested {
    name: String,
    examples: usize,
    /// Each at the example's place.
    failed: Vec<Diagnostic>,
}

fn test(names: &[String], config: &Config, schema: &Schema, context: &Context) -> Result<ExitCode, Failure> {
    let all = open::mapping_names(&config.mappings_path().join("from"));
    let names = if names.is_empty() { all } else { names.to_vec() };
    let (mut tested, mut mistakes) = (Vec::new(), Vec::new());
    for name in &names {
        match load(name, config, schema) {
            Ok(mapping) => tested.push(tested_one(&mapping)),
            Err(failure) if failure.diagnostics.is_empty() => return Err(failure),
            Err(failure) => mistakes.extend(failure.diagnostics),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes.into());
    }
    let failed: usize = tested.iter().map(|t| t.failed.len()).sum();
    context.show(|| tested_text(&tested, context.lang), || tested_json(&tested))?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(FailureKind::Refused.exit_code()) })
}

fn tested_one(mapping: &Mapping) -> Tested {
    let outcomes = mapping.test();
    let failed = outcomes
        .iter()
        .filter(|outcome| !outcome.mismatches.is_empty())
        .map(|outcome| {
            let told = |lang| outcome.mismatches.iter().map(|m| m.render(lang)).collect::<Vec<_>>().join("\n  ");
            let whole = Diagnostic::whole(mapping.file(), say(told(Lang::Zh), told(Lang::En)), nothing());
            Diagnostic { line: outcome.line, column: 1, ..whole }
        })
        .collect();
    Tested { name: mapping.name().to_owned(), examples: outcomes.len(), failed }
}

fn tested_text(tested: &[Tested], lang: Lang) -> String {
    let mut out = String::new();
    for t in tested {
        out.push_str(&match (lang, t.examples, t.failed.len()) {
            (Lang::Zh, 0, _) => format!("{}：没有示例\n", t.name),
            (Lang::En, 0, _) => format!("{}: no examples\n", t.name),
            (Lang::Zh, n, 0) => format!("{}：{n} 个示例全部符合\n", t.name),
            (Lang::En, n, 0) => format!("{}: {n} examples are as they say\n", t.name),
            (Lang::Zh, n, bad) => format!("{}：{n} 个示例中有 {bad} 个不符\n", t.name),
            (Lang::En, n, bad) => format!("{}: {bad} of {n} examples are not as they say\n", t.name),
        });
        for failed in &t.failed {
            out.push_str(&format!("{}\n", failed.render(lang)));
        }
    }
    if tested.is_empty() {
        out.push_str(lang.pick("没有映射\n", "there are no mappings\n"));
    }
    out
}

fn tested_json(tested: &[Tested]) -> Value {
    let one = |t: &Tested| {
        let failed: Vec<Value> = t.failed.iter().map(show::diagnostic_json).collect();
        json!({ "name": t.name, "examples": t.examples, "failed": failed })
    };
    json!({ "mappings": tested.iter().map(one).collect::<Vec<_>>() })
}

/// Rows of the file, read as the job reads that uses the mapping.
fn read(file: &Path, mapping: &Mapping, config: &Config, last: usize) -> Result<Rows, Failure> {
    let job = config.jobs().map(|(_, job)| job).find(|job| job.mappings.iter().any(|m| m.as_str() == mapping.name()));
    adapters::rows_of(file, job.map(|job| &*job.from), last).map_err(|error| {
        let why = io_words(&error);
        let failure = Failure::new(
            FailureKind::User,
            format!("无法读取 {}：{}", file.display(), why.zh),
            format!("{} cannot be read: {}", file.display(), why.en),
        );
        match error.kind() {
            std::io::ErrorKind::Unsupported => failure.hint(
                "后缀应为 .csv、.json、.ndjson 或 .xlsx；或先在任务中使用该映射并写明 format",
                "its ending should be .csv, .json, .ndjson or .xlsx; or use the mapping in a job that names the format",
            ),
            _ => failure,
        }
    })
}

/// One row and what it became.
struct Shown {
    /// Counted from 1.
    number: usize,
    /// Line of the file; 0 = not known.
    line: u64,
    /// Why the row could not be cut into cells; it then became nothing.
    fault: Option<Reason>,
    traces: Vec<Trace>,
}

fn shown(mapping: &Mapping, rows: &Rows, first: usize, last: usize) -> Result<Vec<Shown>, Failure> {
    let bound = mapping.bind(rows.columns(), rows.declared).map_err(|missing| {
        let one = |column: &crate::mapping::MissingColumn| {
            let file = &column.file;
            let hint = match &column.nearest {
                Some(near) => say(format!("是否想写 `{near}`？"), format!("did you mean `{near}`?")),
                None => nothing(),
            };
            let name = &column.name;
            let what = say(format!("文件中没有列 `{name}`"), format!("the file has no column `{name}`"));
            let (line, column) = (column.line, column.column);
            Diagnostic { line, column, ..Diagnostic::whole(file, what, hint) }
        };
        Failure::from(missing.iter().map(one).collect::<Vec<_>>())
    })?;
    if rows.len() < first {
        let n = rows.len();
        return Err(Failure::new(
            FailureKind::User,
            format!("文件只有 {n} 行，没有第 {first} 行"),
            format!("the file has {n} rows and no row {first}"),
        ));
    }
    let read_us = Utc::now().timestamp_micros();
    // Nothing is looked up: there is no store here, and what would be asked is shown instead.
    let found = Found(mapping.lookups().iter().map(|_| Default::default()).collect());
    let numbers = (first - 1)..last.min(rows.len());
    let one = |index: usize| {
        let row = rows.row(index);
        let traces = if row.fault().is_none() { bound.trace(rows, index, &found, read_us) } else { Vec::new() };
        let fault = row.fault().map(|fault| fault_reason(fault, &row));
        Shown { number: index + 1, line: row.place().line, fault, traces }
    };
    Ok(numbers.map(one).collect())
}

/// Every reason of an item: the mapping's and those of the schema's checks.
fn reasons(trace: &Trace, mapping: &Mapping) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = trace.item.reasons.clone();
    let mut pending: Vec<usize> =
        mapping.assigns().iter().map(|a| a.field).chain(mapping.stamps().iter().copied()).collect();
    pending.extend(trace.item.failed.iter().copied());
    let options = CheckOptions { deal_code_check: mapping.deal_code_check(), pending: &pending };
    schema::check(mapping.dataset(), &trace.item.draft, &options, &mut reasons);
    reasons
}

fn row_text(row: &Shown, mapping: &Mapping, lang: Lang) -> String {
    let mut out = match lang {
        Lang::Zh => format!("第 {} 行（文件第 {} 行）→ {}\n", row.number, row.line, mapping.name()),
        Lang::En => format!("row {} (line {}) → {}\n", row.number, row.line, mapping.name()),
    };
    if let Some(fault) = &row.fault {
        out.push_str(&format!("  {}{}\n", lang.pick("不合格：", "refused: "), fault.render(lang)));
    }
    for trace in &row.traces {
        out.push_str(&item_text(trace, mapping, lang));
    }
    out
}

fn item_text(trace: &Trace, mapping: &Mapping, lang: Lang) -> String {
    let item = &trace.item;
    let dataset = mapping.dataset();
    let mut out = format!("  {} {} #{}", dataset.label(), dataset.code, item.element);
    let identity = item.identity.as_deref().unwrap_or_default();
    if !identity.is_empty() {
        out.push_str(&format!("  {} {identity}", lang.pick("身份", "identity")));
    }
    for (is, zh, en) in [(item.filtered, "被过滤", "filtered"), (item.withdraw, "撤回", "withdrawal")] {
        if is {
            out.push_str(&format!("  {}", lang.pick(zh, en)));
        }
    }
    out.push('\n');
    if item.filtered {
        return out;
    }
    for field in &trace.fields {
        let given: Vec<String> =
            field.columns.iter().map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("∅"))).collect();
        let result = field.result.as_deref().unwrap_or("∅");
        out.push_str(&format!("    {} {} = {result}\n", field.field, field.label));
        out.push_str(&format!("        {}  ← {}  ({})\n", field.rule, given.join(", "), field.place));
    }
    for (number, value) in &item.waits {
        let lookup = &mapping.lookups()[*number];
        let by: Vec<&str> = lookup.fields.iter().map(|&f| lookup.dataset.fields[f].name.as_str()).collect();
        out.push_str(&format!(
            "    {} {} {} = {}\n",
            lang.pick("查找", "looks up"),
            lookup.dataset.code,
            by.join(" + "),
            value.replace('\u{1f}', " + ")
        ));
    }
    for reason in reasons(trace, mapping) {
        let level = match reason.level {
            Level::Refuse => lang.pick("不合格", "refused"),
            Level::Warn => lang.pick("提示", "warning"),
        };
        out.push_str(&format!("    {level} {}: {}\n", reason.code.name(), reason.render(lang)));
    }
    out
}

fn row_json(row: &Shown, mapping: &Mapping) -> Value {
    let items: Vec<Value> = row.traces.iter().map(|trace| item_json(trace, mapping)).collect();
    json!({ "row": row.number, "line": row.line, "fault": row.fault.as_ref().map(reason_json), "items": items })
}

fn item_json(trace: &Trace, mapping: &Mapping) -> Value {
    let fields: Vec<Value> = trace
        .fields
        .iter()
        .map(|f| {
            let given: Vec<Value> = f.columns.iter().map(|(name, value)| json!({ "column": name, "value": value })).collect();
            json!({ "field": f.field, "label": f.label, "given": given, "rule": f.rule, "place": f.place, "result": f.result })
        })
        .collect();
    let reasons: Vec<Value> = reasons(trace, mapping).iter().map(reason_json).collect();
    let item = &trace.item;
    json!({
        "dataset": mapping.dataset().code, "element": item.element, "filtered": item.filtered, "withdraw": item.withdraw,
        "identity": item.identity, "version": item.version, "fields": fields,
        "reasons": if item.filtered { Vec::new() } else { reasons },
    })
}

fn reason_json(r: &Reason) -> Value {
    json!({ "code": r.code.name(), "refuses": r.level == Level::Refuse, "field": r.field,
        "zh": r.render(Lang::Zh), "en": r.render(Lang::En) })
}
