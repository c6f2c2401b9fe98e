//! `schema …`: the shared schema, code sets included, as this hub holds it.

use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Context, Table};
use crate::diagnostic::{Failure, FailureKind, nearest};
use crate::schema::{CodeSet, Dataset, Field, Kind, Schema, Unit};

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
        SchemaCommand::Show { name } => match (schema.dataset(name), schema.code_set(name)) {
            (Some(dataset), _) => show_dataset(dataset, context)?,
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
    let datasets: Vec<_> = schema.datasets().iter().filter(|d| business.is_none_or(|b| d.business == b)).collect();
    let text = || {
        let mut table = Table::new(
            context,
            &[
                ("编号", "number"),
                ("代码", "code"),
                ("名称", "name"),
                ("业务", "business"),
                ("层", "depth"),
                ("字段", "fields"),
                ("可信度", "confidence"),
            ],
        );
        for d in &datasets {
            table.row([
                d.number.clone(),
                d.code.clone(),
                context.pick(&d.name_zh, &d.name_en).to_owned(),
                d.business.clone(),
                d.depth.to_string(),
                d.fields.len().to_string(),
                d.confidence.word().to_owned(),
            ]);
        }
        table.render("没有这样的数据集", "there are no such datasets")
    };
    let json = || {
        let one = |d: &&std::sync::Arc<Dataset>| {
            json!({ "number": d.number, "code": d.code, "name_zh": d.name_zh, "name_en": d.name_en, "business": d.business,
                "depth": d.depth, "fields": d.fields.len(), "extension": d.extension, "confidence": d.confidence.word() })
        };
        json!({ "datasets": datasets.iter().map(one).collect::<Vec<_>>() })
    };
    context.show(text, json)
}

fn list_codes(schema: &Schema, context: &Context) -> Result<(), Failure> {
    let text = || {
        let header = [("代码集", "code set"), ("名称", "name"), ("取值", "values"), ("可信度", "confidence")];
        let mut table = Table::new(context, &header);
        for set in schema.code_sets() {
            table.row([
                set.name.clone(),
                set.name_zh.clone(),
                set.values.len().to_string(),
                set.confidence.word().to_owned(),
            ]);
        }
        table.render("没有代码集", "there are no code sets")
    };
    let json = || {
        let one = |set: &std::sync::Arc<CodeSet>| json!({ "name": set.name, "name_zh": set.name_zh, "values": set.values.len(), "confidence": set.confidence.word() });
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
        out.push_str(
            &table.render("取值未知：任何值都放行并提示", "its values are not known: any value passes with a warning"),
        );
        out
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

fn show_dataset(d: &Dataset, context: &Context) -> Result<(), Failure> {
    context.show(|| dataset_text(d, context), || dataset_json(d))
}

fn dataset_text(d: &Dataset, context: &Context) -> String {
    let mut out = format!("{} {} {}\n", d.label(), d.code, context.pick(&d.name_zh, &d.name_en));
    let names = |ids: &[usize]| ids.iter().map(|&i| d.fields[i].name.as_str()).collect::<Vec<_>>().join(" + ");
    out.push_str(&fact(context, ("业务", "business"), &d.business));
    out.push_str(&fact(context, ("可信度", "confidence"), &format!("{} ({})", d.confidence.word(), d.source)));
    out.push_str(&fact(context, ("业务主键", "key"), &format!("{} ({})", names(&d.key), d.key_source)));
    for parent in &d.parents {
        let pairs: Vec<String> =
            parent.fields.iter().map(|(child, theirs)| format!("{} → {theirs}", d.fields[*child].name)).collect();
        let need = match (&parent.any_of, parent.required) {
            (Some(_), _) => context.pick("择一", "one of them"),
            (None, true) => context.pick("必有", "required"),
            (None, false) => context.pick("可无", "optional"),
        };
        out.push_str(&fact(context, ("上级", "parent"), &format!("{} ({need}): {}", parent.dataset, pairs.join(", "))));
    }
    for condition in &d.conditions {
        let when: Vec<String> = condition
            .when
            .iter()
            .map(|(field, values)| match values.as_slice() {
                [] => d.fields[*field].name.clone(),
                values => format!("{} = {}", d.fields[*field].name, values.join("|")),
            })
            .collect();
        let always = context.pick("总是", "always").to_owned();
        let need = if condition.one_of.is_empty() {
            names(&condition.require)
        } else {
            format!("{} {}", context.pick("择一", "one of"), names(&condition.one_of).replace(" + ", " | "))
        };
        out.push_str(&fact(
            context,
            ("条件必填", "required when"),
            &format!("{} → {need}", if when.is_empty() { always } else { when.join(", ") }),
        ));
    }
    out.push('\n');
    let header = [
        ("字段", "field"),
        ("名称", "name"),
        ("类型", "type"),
        ("必填", "required"),
        ("代码集", "code set"),
        ("单位", "unit"),
        ("公开", "public"),
    ];
    let mut table = Table::new(context, &header);
    for f in &d.fields {
        let yes = |is: bool| if is { context.pick("是", "yes") } else { "" };
        table.row([
            f.name.clone(),
            context.pick(&f.name_zh, &f.name_en).to_owned(),
            kind(f),
            yes(f.required).to_owned(),
            f.codes.as_ref().map_or_else(String::new, |c| c.name.clone()),
            unit(d, f),
            yes(f.public).to_owned(),
        ]);
    }
    out.push_str(&table.render("没有字段", "no fields"));
    out
}

/// One line about the whole: `key  value`; nothing where there is no value.
fn fact(context: &Context, (zh, en): (&str, &str), value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("  {}: {value}\n", context.pick(zh, en)) }
}

/// A field's kind and size: `text(20)`, `decimal(22,6)`, `code(1) list`.
fn kind(f: &Field) -> String {
    let mut out = kind_word(f.kind).to_owned();
    match (f.digits, f.length_max) {
        (Some((all, fraction)), _) => out.push_str(&format!("({all},{fraction})")),
        (None, Some(length)) => out.push_str(&format!("({}{length})", if f.fixed { "=" } else { "" })),
        (None, None) => {}
    }
    if f.list {
        out.push_str(" list");
    }
    out
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Code => "code",
        Kind::DateTime => "datetime",
        Kind::Date => "date",
        Kind::Decimal => "decimal",
        Kind::Integer => "integer",
        Kind::Boolean => "boolean",
    }
}

fn unit(d: &Dataset, f: &Field) -> String {
    match f.unit {
        None => String::new(),
        Some(Unit::InField(field)) => format!("→ {}", d.fields[field].name),
        Some(unit) => unit.word().unwrap_or_default().to_owned(),
    }
}

fn dataset_json(d: &Dataset) -> Value {
    let names = |ids: &[usize]| ids.iter().map(|&i| d.fields[i].name.as_str()).collect::<Vec<_>>();
    let fields: Vec<Value> = d
        .fields
        .iter()
        .map(|f| {
            json!({ "name": f.name, "name_zh": f.name_zh, "name_en": f.name_en, "kind": kind_word(f.kind),
                "length_max": f.length_max, "fixed": f.fixed, "digits": f.digits, "required": f.required, "list": f.list,
                "code_set": f.codes.as_ref().map(|c| &c.name), "unit": unit(d, f), "public": f.public,
                "personal": f.personal.is_some(), "source": f.source, "note": f.note })
        })
        .collect();
    let parents: Vec<Value> = d
        .parents
        .iter()
        .map(|p| {
            let fields: Vec<_> = p.fields.iter().map(|(child, theirs)| json!([d.fields[*child].name, theirs])).collect();
            json!({ "dataset": p.dataset, "fields": fields, "required": p.required, "any_of": p.any_of, "source": p.source })
        })
        .collect();
    let conditions: Vec<Value> = d
        .conditions
        .iter()
        .map(|c| {
            let when: Vec<_> =
                c.when.iter().map(|(f, values)| json!({ "field": d.fields[*f].name, "values": values })).collect();
            json!({ "when": when, "require": names(&c.require), "one_of": names(&c.one_of), "source": c.source })
        })
        .collect();
    json!({ "dataset": { "number": d.number, "code": d.code, "name_zh": d.name_zh, "name_en": d.name_en,
        "business": d.business, "depth": d.depth, "extension": d.extension, "confidence": d.confidence.word(),
        "source": d.source, "key": names(&d.key), "key_source": d.key_source, "parents": parents,
        "conditions": conditions, "fields": fields } })
}
