//! The command line: reads what a person typed, runs one command, prints what it found, ends with an exit code.
//!
//! Each command is one function `run(args, &Context) -> Result<ExitCode, Failure>` in a file of its own; it prints
//! through [`Context`], as text or JSON and in the person's language, and never decides about exit codes of failures
//! itself: those follow from [`FailureKind`]. All texts of the help stand in [`help`], in both languages. A command
//! stands in the list below once it does what it says, not before.

#![allow(clippy::print_stderr, reason = "the command line is where a person is spoken to")]

mod books;
mod check;
mod completions;
mod context;
mod feed;
mod help;
mod help_exchange;
mod job;
mod mapping;
mod quarantine;
mod reach;
mod record;
mod reference;
mod rehearse;
mod run;
mod schema;
mod show;
mod usage;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use context::Context;
pub use show::{Progress, Table};

use crate::diagnostic::{Failure, Lang};

/// Everything that a person can type. The texts of the help stand in [`help`].
#[derive(Debug, Parser)]
#[command(name = "exchange-hub", version, disable_help_subcommand = true, subcommand_required = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Global {
    #[arg(long, global = true, value_name = "PATH", default_value = "config/hub.toml")]
    pub config: PathBuf,
    #[arg(long, global = true, value_enum, default_value_t)]
    pub output: Output,
    // Unset: as LC_ALL, LC_MESSAGES or LANG say.
    #[arg(long, global = true, value_enum)]
    pub lang: Option<LangArg>,
}

/// How results are printed: tables and sentences for a person, or one JSON document.
// No doc comments below: clap would print them, in English alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LangArg {
    Zh,
    En,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Run(run::RunArgs),
    Check(check::CheckArgs),
    #[command(subcommand)]
    Schema(schema::SchemaCommand),
    #[command(subcommand)]
    Mapping(mapping::MappingCommand),
    #[command(subcommand)]
    Job(job::JobCommand),
    #[command(subcommand)]
    Config(reference::ConfigCommand),
    #[command(subcommand)]
    Feed(feed::FeedCommand),
    #[command(subcommand)]
    Record(record::RecordCommand),
    #[command(subcommand)]
    Quarantine(quarantine::QuarantineCommand),
    Books(books::BooksArgs),
    Rehearse(rehearse::RehearseArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs what the process was called with.
pub fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let lang = help::language(&args, |name| std::env::var(name).ok());
    let cli = match help::command(lang).try_get_matches_from(&args) {
        Ok(matches) => match Cli::from_arg_matches(&matches) {
            Ok(cli) => cli,
            Err(error) => return usage::end(&error, lang),
        },
        Err(error) => return usage::end(&error, lang),
    };
    let context = Context::to_stdout(cli.global, lang);
    let output = context.output;
    match run(cli.command, &context) {
        Ok(code) => code,
        Err(failure) => end(&failure, output, lang),
    }
}

/// Runs one command; where it prints to is the context's business.
pub fn run(command: Command, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(args) => run::run(&args, context),
        Command::Check(args) => check::run(&args, context),
        Command::Schema(command) => schema::run(&command, context),
        Command::Mapping(command) => mapping::run(&command, context),
        Command::Job(command) => job::run(&command, context),
        Command::Config(command) => reference::run(&command, context),
        Command::Feed(command) => feed::run(&command, context),
        Command::Record(command) => record::run(&command, context),
        Command::Quarantine(command) => quarantine::run(&command, context),
        Command::Books(args) => books::run(&args, context),
        Command::Rehearse(args) => rehearse::run(&args, context),
        Command::Completions(args) => completions::run(&args, context),
    }
}

/// Tells a failure on standard error and gives its exit code.
fn end(failure: &Failure, output: Output, lang: Lang) -> ExitCode {
    match output {
        Output::Text => eprint!("{}", failure.render(lang)),
        Output::Json => eprintln!("{}", show::failure_json(failure)),
    }
    ExitCode::from(failure.kind.exit_code())
}
