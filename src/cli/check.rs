//! `check`: everything that is wrong in configuration, mappings and schema, at once.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Context;
use crate::diagnostic::Failure;

#[derive(Debug, Args)]
pub struct CheckArgs {}

pub(super) fn run(_args: &CheckArgs, context: &Context) -> Result<ExitCode, Failure> {
    let config = context.config()?;
    let schema = context.schema(&config)?;
    let (systems, jobs, feeds) = (config.systems.len(), config.jobs().count(), config.feeds().count());
    let datasets = schema.datasets().len();
    context.show(
        || match context.lang {
            crate::diagnostic::Lang::Zh => {
                format!("没有错误：{systems} 个系统，{jobs} 个任务，{feeds} 个订阅，{datasets} 个数据集\n")
            }
            crate::diagnostic::Lang::En => {
                format!("nothing is wrong: {systems} systems, {jobs} jobs, {feeds} feeds, {datasets} datasets\n")
            }
        },
        || json!({ "systems": systems, "jobs": jobs, "feeds": feeds, "datasets": datasets }),
    )?;
    Ok(ExitCode::SUCCESS)
}
