//! Help asked for, and commands typed wrongly: standard output and 0 for the first, standard error and 2 otherwise.
//!
//! Clap speaks English only; its few kinds of error are worded here for those who read Chinese.

use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::diagnostic::Lang;

/// Prints what clap has to say and gives the exit code.
pub(super) fn end(error: &clap::Error, lang: Lang) -> ExitCode {
    let text = match lang {
        Lang::Zh if error.use_stderr() => chinese(error),
        _ => error.render().to_string(),
    };
    if error.use_stderr() {
        eprint!("{text}");
        return ExitCode::from(2);
    }
    // Nobody is left to be told if standard output is closed.
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

fn chinese(error: &clap::Error) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(s)) => s.clone(),
        Some(ContextValue::Strings(list)) => list.join("、"),
        Some(ContextValue::StyledStr(s)) => s.to_string(),
        Some(ContextValue::StyledStrs(list)) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join("、"),
        _ => String::new(),
    };
    let (arg, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    let valid = text(ContextKind::ValidValue);
    let message = match error.kind() {
        ErrorKind::UnknownArgument => format!("没有选项 `{arg}`"),
        ErrorKind::InvalidSubcommand => format!("没有命令 `{}`", text(ContextKind::InvalidSubcommand)),
        ErrorKind::InvalidValue if value.is_empty() => format!("选项 `{arg}` 缺少值"),
        ErrorKind::InvalidValue => format!("`{value}` 不是 `{arg}` 允许的值"),
        ErrorKind::ValueValidation => format!("`{value}` 不是 `{arg}` 的有效值"),
        ErrorKind::MissingRequiredArgument => format!("缺少 {arg}"),
        ErrorKind::MissingSubcommand => format!("缺少子命令：{}", text(ContextKind::ValidSubcommand)),
        ErrorKind::ArgumentConflict => format!("`{arg}` 不能与 `{}` 同用", text(ContextKind::PriorArg)),
        // No words of ours: rather English than nothing.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return error.render().to_string(),
        _ => return error.render().to_string(),
    };
    let near: Vec<String> = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .map(text)
        .filter(|s| !s.is_empty())
        .collect();
    let mut out = format!("错误：{message}\n");
    if !near.is_empty() {
        out.push_str(&format!("提示：是否想写 `{}`？\n", near.join("、")));
    }
    if !valid.is_empty() {
        out.push_str(&format!("提示：可用：{valid}\n"));
    }
    out.push_str("提示：加 --help 查看用法\n");
    out
}
