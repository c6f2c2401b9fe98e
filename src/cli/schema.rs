//! `schema …`: the shared schema, code sets included, as this hub holds it.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Context, Table};
use crate::diagnostic::{Failure, FailureKind, nearest};
use crate::schema::{CodeSet, DatasetView, ParentView, Schema};

#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    List {
        #[arg(long, value_name = "NAME")]
        business: Option<String>,
        #[arg(long)]
        codes: bool,
    },
    Show {
        #[arg(value_name = "DATASET")]
        name: String,
    },
}

pub(super) fn run(command: &SchemaCommand, context: &Context) -> Result<ExitCode, Failure> {
    let schema = schema(context)?;
    match command {
        SchemaCommand::List { codes: true, .. } => list_codes(&schema, context)?,
        SchemaCommand::List { business, .. } => list(&schema, business.as_deref(), context)?,
        SchemaCommand::Show { name } => match (schema.view(name, context.lang), schema.code_set(name)) {
            (Some(dataset), _) => context.show(|| dataset_text(&dataset, context), || json!({ "dataset": dataset }))?,
            (None, Some(set)) => show_codes(set, context)?,
            (None, None) => return Err(unknown(&schema, name)),
        },
    }
    Ok(ExitCode::SUCCESS)
}

/// The schema is built in, so it can be looked at where there is no configuration yet.
fn schema(context: &Context) -> Result<Schema, Failure> {
    if context.config_path.exists() {
        context.schema(&context.config()?)
    } else {
        Schema::embedded().map_err(Failure::from)
    }
}

fn unknown(schema: &Schema, name: &str) -> Failure {
    let known = schema.datasets().iter().map(|d| d.code.as_str()).chain(schema.code_sets().map(|c| c.name.as_str()));
    let failure = Failure::new(
        FailureKind::User,
        format!("没有名为 `{name}` 的数据集或代码集"),
        format!("there is no dataset or code set `{name}`"),
    );
    match nearest(name, known) {
        Some(near) => failure.hint(format!("是否想写 `{near}`？"), format!("did you mean `{near}`?")),
        None => failure.hint(
            "“exchange-hub schema list” 列出数据集，加 --codes 列出代码集",
            "`exchange-hub schema list` lists the datasets, with --codes the code sets",
        ),
    }
}

fn list(schema: &Schema, business: Option<&str>, context: &Context) -> Result<(), Failure> {
    let mut datasets = schema.overview(context.lang);
    datasets.retain(|d| business.is_none_or(|b| d.business == b));
    let text = || {
        let header = [
            ("编号", "number"),
            ("代码", "code"),
            ("名称", "name"),
            ("业务", "business"),
            ("层", "depth"),
            ("字段", "fields"),
            ("必填", "required"),
            ("可信度", "confidence"),
        ];
        let mut table = Table::new(context, &header);
        for d in &datasets {
            let (depth, fields, required) = (d.depth.to_string(), d.fields.to_string(), d.required.to_string());
            table.row([&d.number, &d.code, &d.name, &d.business, &depth, &fields, &required, d.confidence]);
        }
        table.render("没有这样的数据集", "there are no such datasets")
    };
    context.show(text, || json!({ "datasets": datasets }))
}

fn list_codes(schema: &Schema, context: &Context) -> Result<(), Failure> {
    let text = || {
        let header = [("代码集", "code set"), ("名称", "name"), ("取值", "values"), ("可信度", "confidence")];
        let mut table = Table::new(context, &header);
        for set in schema.code_sets() {
            table.row([&set.name, &set.name_zh, set.values.len().to_string().as_str(), set.confidence.word()]);
        }
        table.render("没有代码集", "there are no code sets")
    };
    let json = || {
        let one = |set: &Arc<CodeSet>| {
            json!({ "name": set.name, "name_zh": set.name_zh, "values": set.values.len(),
                "confidence": set.confidence.word() })
        };
        json!({ "code_sets": schema.code_sets().map(one).collect::<Vec<_>>() })
    };
    context.show(text, json)
}

fn show_codes(set: &CodeSet, context: &Context) -> Result<(), Failure> {
    let text = || {
        let mut out = format!("{} {}\n", set.name, set.name_zh);
        out.push_str(&fact(context, ("可信度", "confidence"), set.confidence.word()));
        out.push_str(&fact(context, ("来源", "source"), &set.source));
        out.push('\n');
        let mut table = Table::new(context, &[("代码", "code"), ("名称", "name"), ("状态", "state")]);
        for v in &set.values {
            let name = if v.name_en.is_empty() { &v.name_zh } else { context.pick(&v.name_zh, &v.name_en) };
            table.row([v.code.as_str(), name, if v.retired { context.pick("已停用", "retired") } else { "" }]);
        }
        let none = ("取值未知：任何值都放行并提示", "its values are not known: any value passes with a warning");
        out + &table.render(none.0, none.1)
    };
    let json = || {
        let values: Vec<Value> = set
            .values
            .iter()
            .map(|v| json!({ "code": v.code, "name_zh": v.name_zh, "name_en": v.name_en, "retired": v.retired }))
            .collect();
        json!({ "code_set": { "name": set.name, "name_zh": set.name_zh, "confidence": set.confidence.word(),
            "source": set.source, "values": values } })
    };
    context.show(text, json)
}

fn dataset_text(d: &DatasetView, context: &Context) -> String {
    let mut out = format!("{} {} {}\n", d.number, d.code, context.pick(&d.name_zh, &d.name_en));
    let facts = [
        (("业务", "business"), d.business.clone()),
        (("可信度", "confidence"), format!("{} ({})", d.confidence, d.source)),
        (("业务主键", "key"), format!("{} ({})", d.key.join(" + "), d.key_source)),
        (("版本字段", "version field"), d.version_field.clone().unwrap_or_default()),
        (("业务时间", "event time"), d.event_time_field.clone().unwrap_or_default()),
        (("公开与否看", "public by"), d.disclosure_by.clone().unwrap_or_default()),
        (("下级", "children"), d.children.join(", ")),
    ];
    out.extend(facts.iter().map(|(name, value)| fact(context, *name, value)));
    out.extend(d.parents.iter().map(|parent| fact(context, ("上级", "parent"), &parent_text(parent, context))));
    out.extend(d.conditions.iter().map(|condition| fact(context, ("条件", "condition"), condition)));
    out.push('\n');
    out.push_str(&fields_text(d, context));
    for set in d.code_sets.iter().filter(|set| !set.values.is_empty()) {
        let values: Vec<String> = set.values.iter().map(|(code, name)| format!("{code} {name}")).collect();
        out.push_str(&format!("\n{} {}: {}\n", set.name, set.name_zh, values.join(context.pick("；", "; "))));
    }
    out
}

fn fields_text(d: &DatasetView, context: &Context) -> String {
    let header = [
        ("字段", "field"),
        ("名称", "name"),
        ("类型", "type"),
        ("必填", "required"),
        ("代码集或标识", "codes or identifier"),
        ("单位", "unit"),
        ("公开", "public"),
        ("个人信息", "personal"),
    ];
    let mut table = Table::new(context, &header);
    let yes = |is: bool| if is { context.pick("是", "yes") } else { "" };
    for f in &d.fields {
        let form = if f.list { format!("{} {}", f.form, context.pick("列表", "list")) } else { f.form.clone() };
        let kind = f.codes.clone().unwrap_or_else(|| f.identifiers.join(" | "));
        let (unit, personal) = (f.unit.as_deref().unwrap_or_default(), f.personal.unwrap_or_default());
        let name = context.pick(&f.name_zh, &f.name_en);
        table.row([&f.name, name, &form, yes(f.required), &kind, unit, yes(f.public), personal]);
    }
    table.render("没有字段", "no fields")
}

fn parent_text(parent: &ParentView, context: &Context) -> String {
    let pairs: Vec<String> = parent.fields.iter().map(|(child, theirs)| format!("{child} → {theirs}")).collect();
    let need = match (&parent.any_of, parent.required) {
        (Some(_), _) => context.pick("择一", "one of them"),
        (None, true) => context.pick("必有", "required"),
        (None, false) => context.pick("可无", "optional"),
    };
    format!("{} {} ({need}): {}", parent.dataset, parent.name, pairs.join(", "))
}

/// One line about the whole: `key: value`; nothing where there is no value.
fn fact(context: &Context, (zh, en): (&str, &str), value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("  {}: {value}\n", context.pick(zh, en)) }
}
