//! `completions SHELL`: the script that lets a shell complete commands and options.

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use super::{Context, help};
use crate::diagnostic::Failure;

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, context: &Context) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(context.lang), "exchange-hub", &mut script);
    // Made of our own texts, so always UTF-8.
    context.print(std::str::from_utf8(&script).unwrap_or_default())?;
    Ok(ExitCode::SUCCESS)
}
