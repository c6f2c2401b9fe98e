//! `mapping …`: examples run, and rows of a file shown on their way through a mapping.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Context, show};
use crate::adapters::{self, Sample};
use crate::config::{Config, Job};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Lang, Words, count, io_words, nearest, nothing, say};
use crate::mapping::{FieldTrace, Found, LookedUp, Mapping, Missing, Trace};
use crate::pipeline::normalise::fault_reason;
use crate::pipeline::open;
use crate::schema::{self, CheckOptions, Level, Reason, ReasonCode, Schema, deal_code_possible};

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
        #[arg(long, value_name = "JOB")]
        job: Option<String>,
    },
}

/// Rows that `mapping try` shows at most: nobody reads more.
const ROWS_MAX: i64 = 1000;

pub(super) fn run(command: &MappingCommand, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let schema = context.schema(&config)?;
    match command {
        MappingCommand::Test { names } => test(names, &config, &schema, context),
        MappingCommand::Try { mapping, input, row, rows, job } => {
            let mapping = load(mapping, &config, &schema)?;
            let (first, last) = (*row as usize, (*row as usize).saturating_add(*rows as usize - 1));
            let sample = read(input, &mapping, job.as_deref(), &config, last)?;
            let shown = shown(&mapping, input, &sample, first, last)?;
            let advice = sample.advice.iter();
            context.show(
                || {
                    let rows: String = shown.iter().map(|row| row_text(row, &mapping, context.lang)).collect();
                    read_text(&sample, job.as_deref(), context.lang) + &rows
                },
                || {
                    json!({
                        "read_as": sample.read_as,
                        "advice": advice.map(|w| json!({ "zh": w.zh, "en": w.en })).collect::<Vec<_>>(),
                        "rows": shown.iter().map(|row| row_json(row, &mapping)).collect::<Vec<_>>(),
                    })
                },
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

/// Rows of the file, read as the named job reads, else as a job that uses the mapping.
fn read(file: &Path, mapping: &Mapping, named: Option<&str>, config: &Config, last: usize) -> Result<Sample, Failure> {
    let uses = |job: &&Job| job.mappings.iter().any(|m| m.as_str() == mapping.name());
    let mut jobs = config.jobs().map(|(_, job)| job).filter(uses);
    let sample = match named {
        None => adapters::sample(file, jobs.map(|job| &*job.from), last),
        Some(name) => match jobs.find(|job| job.name.as_str() == name) {
            Some(job) => adapters::sample_of(file, &job.from, last),
            None => return Err(no_such_job(name, mapping, config)),
        },
    };
    sample.map_err(|error| {
        let (why, file) = (io_words(&error), file.display());
        match error.kind() {
            std::io::ErrorKind::Unsupported => Failure::new(
                FailureKind::User,
                format!("不知道 {file} 是什么格式：没有使用该映射的任务，后缀也不是 .csv、.json、.ndjson 或 .xlsx"),
                format!(
                    "the format of {file} is not known: no job uses the mapping, and its ending is none of .csv, \
                     .json, .ndjson and .xlsx"
                ),
            )
            .hint(
                "请改后缀，或先在任务中使用该映射并写明格式，如 from.files.format.xml = { row = \"ROW\" }",
                "rename the file, or use the mapping in a job that names the format, e.g. \
                 from.files.format.xml = { row = \"ROW\" }",
            ),
            _ => Failure::new(
                FailureKind::User,
                format!("无法读取 {file}：{}", why.zh),
                format!("{file} cannot be read: {}", why.en),
            ),
        }
    })
}

fn no_such_job(name: &str, mapping: &Mapping, config: &Config) -> Failure {
    let mapping = mapping.name();
    let uses = |job: &&Job| job.mappings.iter().any(|m| m.as_str() == mapping);
    let names: Vec<&str> = config.jobs().map(|(_, job)| job).filter(uses).map(|job| job.name.as_str()).collect();
    let failure = Failure::new(
        FailureKind::User,
        format!("没有使用映射 {mapping} 的任务 `{name}`"),
        format!("no job `{name}` uses the mapping {mapping}"),
    );
    match names.is_empty() {
        true => failure.hint("没有任务使用它", "no job uses it"),
        false => failure
            .hint(format!("使用它的任务：{}", names.join("、")), format!("jobs that use it: {}", names.join(", "))),
    }
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

fn shown(mapping: &Mapping, file: &Path, sample: &Sample, first: usize, last: usize) -> Result<Vec<Shown>, Failure> {
    let rows = &sample.rows;
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
        // A file that was read wrongly lacks every column: that alone is worth telling.
        let advice = sample.advice.iter().map(|advice| {
            let read_as = &sample.read_as;
            let message = say(format!("按 {read_as} 读取"), format!("it was read as {read_as}"));
            Diagnostic::whole(file, message, advice.clone())
        });
        let advice: Vec<Diagnostic> = advice.collect();
        Failure::from(if advice.is_empty() { missing.iter().map(one).collect() } else { advice })
    })?;
    if rows.len() < first {
        let n = rows.len();
        return Err(Failure::new(
            FailureKind::User,
            format!("文件只有 {n} 行，没有第 {first} 行"),
            format!("the file has {} and no row {first}", count(n as u64, "row", "rows")),
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

/// Every reason of an item: the mapping's and those of the schema's checks. What a look-up will fill, and what it would
/// find, is not judged.
fn reasons(trace: &Trace, mapping: &Mapping) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = trace.item.reasons.clone();
    reasons.retain(|reason| reason.code != ReasonCode::LookupMissing);
    // Who takes a record back need not fill it.
    let is_refused = reasons.iter().any(|reason| reason.level == Level::Refuse);
    if trace.item.withdraw && trace.item.identity.is_some() && !is_refused {
        return reasons;
    }
    let looked_up = trace.fields.iter().filter(|f| f.lookup.as_ref().is_some_and(|l| l.value.is_some()));
    let mut pending: Vec<usize> = looked_up.filter_map(|f| mapping.dataset().field(&f.field)).collect();
    pending.extend(mapping.assigns().iter().map(|a| a.field).chain(mapping.stamps().iter().copied()));
    pending.extend(trace.item.failed.iter().copied());
    for code in &trace.assigned {
        if code.by.iter().all(|(_, value)| value.is_some()) && !deal_code_possible(&code.class, &code.platform) {
            let parts = [code.class.as_str(), &code.platform];
            reasons.push(Reason::refuse(
                ReasonCode::AssignImpossible,
                &code.field,
                &code.label,
                "",
                &parts,
                &code.place,
            ));
        }
    }
    let options = CheckOptions { deal_code_check: mapping.deal_code_check(), pending: &pending };
    schema::check(mapping.dataset(), &trace.item.draft, &options, &mut reasons);
    reasons
}

/// How the file was read, and what would be right where that was wrong.
fn read_text(sample: &Sample, job: Option<&str>, lang: Lang) -> String {
    let by = match sample.as_job {
        true if let Some(job) = job => say(format!("按任务 {job}"), format!("as job {job} reads")),
        true => say("按使用该映射的任务", "as the job reads that uses the mapping"),
        false => say("按文件后缀", "as its ending says"),
    };
    let mut out = match lang {
        Lang::Zh => format!("读取方式：{}（{}）\n", sample.read_as, by.zh),
        Lang::En => format!("read as {} ({})\n", sample.read_as, by.en),
    };
    for advice in &sample.advice {
        out.push_str(&format!("{}{}\n", lang.pick("提示：", "hint: "), advice.get(lang)));
    }
    out
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
    if let Some(identity) = &item.identity {
        out.push_str(&format!("  {} {}", lang.pick("身份", "identity"), parts(identity)));
    }
    if let Some(version) = &trace.version {
        out.push_str(&format!("  {} {version}", lang.pick("版本", "version")));
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
        out.push_str(&field_text(field, mapping, lang));
    }
    for code in &trace.assigned {
        let by: Vec<String> =
            code.by.iter().map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("∅"))).collect();
        let (by, class, platform) = (by.join(", "), or_nothing(&code.class), or_nothing(&code.platform));
        let what = match (lang, code.list) {
            (Lang::Zh, false) => format!("入库时分配：归属 {by}；分类 {class}，平台 {platform}"),
            (Lang::Zh, true) => format!("入库时分配：{by} 的每个元素一个；分类 {class}，平台 {platform}"),
            (Lang::En, false) => format!("assigned when stored: the code of {by}; class {class}, platform {platform}"),
            (Lang::En, true) => {
                format!("assigned when stored: one for each element of {by}; class {class}, platform {platform}")
            }
        };
        out.push_str(&later_text(&code.field, &code.label, &what, &code.rule, &code.place, lang));
    }
    for stamp in &trace.stamped {
        let what = lang.pick("入库时写入北京时间", "stamped when stored: the Beijing time");
        out.push_str(&later_text(&stamp.field, &stamp.label, what, &stamp.rule, &stamp.place, lang));
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

/// A field that the hub fills when it stores the record.
fn later_text(field: &str, label: &str, what: &str, rule: &str, place: &str, lang: Lang) -> String {
    let (open, close) = (lang.pick("（", "("), lang.pick("）", ")"));
    format!("    {field} {label} = {open}{what}{close}\n        {rule}  ({place})\n")
}

fn field_text(field: &FieldTrace, mapping: &Mapping, lang: Lang) -> String {
    let given: Vec<String> =
        field.columns.iter().map(|(name, value)| format!("{name}={}", value.as_deref().unwrap_or("∅"))).collect();
    let result = match (&field.result, &field.lookup) {
        (_, Some(LookedUp { value: Some(_), .. })) => lang.pick("（入库时查找）", "(looked up when stored)").to_owned(),
        (Some(result), _) => result.clone(),
        (None, _) => "∅".to_owned(),
    };
    let unit = field.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
    let mut out = format!("    {} {} = {result}{unit}\n", field.field, field.label);
    out.push_str(&format!("        {}  ← {}  ({})\n", field.rule, given.join(", "), field.place));
    if let Some(lookup) = &field.lookup {
        out.push_str(&format!("        {}\n", lookup_words(lookup, mapping).get(lang)));
    }
    out
}

/// What a look-up asks, and what becomes of the item if there is nothing.
fn lookup_words(asked: &LookedUp, mapping: &Mapping) -> Words {
    let lookup = &mapping.lookups()[asked.number];
    let Some(value) = &asked.value else {
        return say("`where` 中有空值，不查找", "something in `where` is empty, so nothing is looked up");
    };
    let name = |f: &usize| lookup.dataset.fields[*f].name.as_str();
    let wanted: Vec<String> =
        lookup.fields.iter().zip(value.split('\u{1f}')).map(|(f, value)| format!("{}={value}", name(f))).collect();
    let (code, take, wanted) = (&lookup.dataset.code, name(&lookup.take), wanted.join(", "));
    let otherwise = match (lookup.missing, &asked.default) {
        (Missing::Wait, _) => say("等待该记录到来", "the item waits for the record"),
        (Missing::Default, Some(default)) => say(format!("取 `{default}`"), format!("it is `{default}`")),
        (Missing::Default, None) => say("该字段为空，并提示", "the field stays empty, with a warning"),
        (Missing::Quarantine, _) => say("进入隔离区", "the item is quarantined"),
    };
    say(
        format!("在 {code} 中查找 {wanted}，取 {take}；查不到时{}", otherwise.zh),
        format!("looks for {wanted} in {code} and takes {take}; if there is none, {}", otherwise.en),
    )
}

/// Parts of an identity, as a person reads them.
fn parts(joined: &str) -> String {
    joined.replace('\u{1f}', " / ")
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "∅" } else { text }
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
            let given: Vec<Value> =
                f.columns.iter().map(|(name, value)| json!({ "column": name, "value": value })).collect();
            let lookup = f.lookup.as_ref().map(|lookup| {
                let words = lookup_words(lookup, mapping);
                json!({ "dataset": mapping.lookups()[lookup.number].dataset.code, "zh": words.zh, "en": words.en })
            });
            json!({ "field": f.field, "label": f.label, "given": given, "rule": f.rule, "place": f.place,
                "result": f.result, "unit": f.unit, "lookup": lookup })
        })
        .collect();
    let reasons: Vec<Value> = reasons(trace, mapping).iter().map(reason_json).collect();
    let assigned: Vec<Value> = trace
        .assigned
        .iter()
        .map(|code| {
            let by: Vec<Value> = code.by.iter().map(|(name, value)| json!({ "field": name, "value": value })).collect();
            json!({ "field": code.field, "by": by, "each": code.list, "class": code.class, "platform": code.platform })
        })
        .collect();
    let item = &trace.item;
    json!({
        "dataset": mapping.dataset().code, "element": item.element, "filtered": item.filtered, "withdraw": item.withdraw,
        "identity": item.identity.as_deref().map(parts), "version": trace.version, "fields": fields,
        "assigned": assigned, "stamped": trace.stamped.iter().map(|s| s.field.as_str()).collect::<Vec<_>>(),
        "reasons": if item.filtered { Vec::new() } else { reasons },
    })
}

fn reason_json(r: &Reason) -> Value {
    json!({ "code": r.code.name(), "refuses": r.level == Level::Refuse, "field": r.field,
        "zh": r.render(Lang::Zh), "en": r.render(Lang::En) })
}
