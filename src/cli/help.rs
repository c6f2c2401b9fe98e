//! Every text of the help, in Chinese and English, in one table; clap only knows names and shapes.
//!
//! A test walks all commands and options and fails where a text is missing, so neither language can fall behind.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{Command, CommandFactory};

use super::Cli;
use crate::diagnostic::Lang;

/// The help of one command; its path is that of the words typed, `job list`, empty for the program itself.
pub(super) struct Help {
    pub(super) path: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    /// Argument or option, by clap's name for it.
    pub(super) args: &'static [Text],
    /// A command as typed after `exchange-hub`, and what it does.
    pub(super) examples: &'static [Text],
}

/// A name or a command, and its words in Chinese and English.
pub(super) type Text = (&'static str, &'static str, &'static str);

const HELP: &[Help] = &[
    Help {
        path: "",
        zh: "公共资源交易数据交换枢纽：各部门系统与公共服务系统之间交换交易数据",
        en: "A data-exchange hub for public-resource trading",
        args: &[],
        examples: &[
            ("run --once", "每个任务运行一次，处理完后报告", "each job once, all that follows, and a report"),
            ("check", "检查全部配置", "find everything that is wrong in the configuration"),
            ("schema show 513", "查看“中标结果公告”的字段", "the fields of the award notice"),
        ],
    },
    Help {
        path: "check",
        zh: "检查全部配置、映射和数据集，一次列出所有错误",
        en: "Check all configuration, mappings and schema, and list every mistake at once",
        args: &[(
            "connect",
            "并逐一尝试各来源和去向的连接与权限",
            "also try every source and target: reachable, rights",
        )],
        examples: &[
            ("check --connect", "上线前", "before going live"),
            ("check", "检查 config/hub.toml 和 config/systems/*.toml", "config/hub.toml and config/systems/*.toml"),
            ("--config /etc/hub/hub.toml check", "检查另一套配置", "another configuration"),
        ],
    },
    Help {
        path: "schema",
        zh: "共享数据规范：数据集、字段、代码集",
        en: "The shared schema: datasets, fields, code sets",
        args: &[],
        examples: &[],
    },
    Help {
        path: "schema list",
        zh: "列出数据集或代码集",
        en: "List the datasets, or the code sets",
        args: &[
            ("business", "只列一类业务，如 construction", "one branch only, e.g. construction"),
            ("codes", "列出代码集", "list the code sets"),
        ],
        examples: &[
            ("schema list --business procurement", "政府采购的数据集", "those of government procurement"),
            ("schema list --codes", "全部代码集及其可信度", "all code sets with their confidence"),
        ],
    },
    Help {
        path: "schema show",
        zh: "显示一个数据集或代码集",
        en: "Show one dataset or code set",
        args: &[("name", "数据集的编号或代码，或代码集的名称", "number or code of a dataset, or name of a code set")],
        examples: &[
            ("schema show 513", "按编号", "by number"),
            ("schema show WIN_RESULT_ANNO", "按代码", "by code"),
            ("schema show notice_nature", "一个代码集的取值", "the values of a code set"),
        ],
    },
    Help {
        path: "mapping",
        zh: "映射：来源的一行如何成为标准记录",
        en: "Mappings: how a source's row becomes a record",
        args: &[],
        examples: &[],
    },
    Help {
        path: "mapping test",
        zh: "运行映射中的示例（[[example]]）",
        en: "Run the examples that stand in mappings ([[example]])",
        args: &[("names", "映射名，如 ezhou/award；不写则全部", "names, e.g. ezhou/award; all unless said")],
        examples: &[
            ("mapping test", "全部映射", "all mappings"),
            ("mapping test ezhou/award", "一个映射", "one mapping"),
        ],
    },
    Help {
        path: "mapping try",
        zh: "让文件中的行经过映射，逐个字段显示结果；不写入任何数据",
        en: "Show rows of a file through a mapping, field by field; nothing is stored",
        args: &[
            ("mapping", "映射的名称或文件", "name or file of the mapping"),
            (
                "input",
                "含原始行的文件；格式随使用该映射的任务，否则随后缀",
                "a file with rows; its format is that of the job which uses the mapping, else by its ending",
            ),
            ("row", "第几行，从 1 起（默认 1）", "which row, counted from 1 (default 1)"),
            ("rows", "连续几行（默认 1）", "how many rows from there (default 1)"),
            ("job", "按此任务的格式读取，而不看文件名", "read it as this job reads, whatever the file's name"),
        ],
        examples: &[
            ("mapping try finance/award --input config/samples/finance/zbjg_20260313.csv", "第一行", "the first row"),
            ("mapping try finance/award --input zbjg.csv --row 5 --rows 3", "第 5 到 7 行", "rows 5 to 7"),
        ],
    },
    Help {
        path: "job",
        zh: "任务：从各系统取数，以及何时取",
        en: "Jobs: what is taken from systems, and when",
        args: &[],
        examples: &[],
    },
    Help { path: "config", zh: "配置的说明", en: "What the configuration can say", args: &[], examples: &[] },
    Help {
        path: "config reference",
        zh: "列出每个配置键的类型、默认值和说明",
        en: "Every key with its type, default and explanation",
        args: &[("search", "只列含此文字的键", "only keys that have this text")],
        examples: &[("config reference", "", ""), ("config reference retry", "只看重试", "only what concerns retries")],
    },
    Help {
        path: "completions",
        zh: "输出命令行自动补全脚本",
        en: "Print the script with which a shell completes commands",
        args: &[("shell", "所用的 shell", "the shell")],
        examples: &[(
            "completions bash > /etc/bash_completion.d/exchange-hub",
            "为所有用户安装",
            "install for every user",
        )],
    },
];

/// Options of every command; their texts name values and defaults, since clap would do so in English.
const GLOBAL: &[(&str, &str, &str)] = &[
    ("config", "配置文件，默认 config/hub.toml", "the configuration file; config/hub.toml unless said"),
    ("output", "text 供人阅读（默认），json 供程序读取", "text for a person (default), json for a program"),
    ("lang", "zh 或 en；默认随 LC_ALL、LC_MESSAGES、LANG", "zh or en; unless said, as LC_ALL, LC_MESSAGES, LANG"),
    ("help", "显示帮助", "print this help"),
    ("version", "显示版本", "print the version"),
];

const EXIT_CODES_ZH: &str = "退出码：
  0   完成
  1   有失败之处，任务已暂停或停下等人处理，示例不符，或账不平；或加 --strict 时有条目等待人工处理
  2   用法或配置有误，包括来源目录不存在或无权读取
  3   数据库、磁盘或对方暂不可用
  70  程序缺陷";

const EXIT_CODES_EN: &str = "Exit codes:
  0   done
  1   something failed, a job is paused or has stopped for a person, an example is not as it says,
      the books do not balance; with --strict, something waits for a person
  2   wrong usage or configuration, also a source's directory that is not there or may not be read
  3   the database, a disk or the other side is unavailable
  70  a bug";

/// The language that help and results are in: `--lang` wherever it stands, else the environment's.
pub(super) fn language(args: &[OsString], env: impl Fn(&str) -> Option<String>) -> Lang {
    let words: Vec<&str> = args.iter().filter_map(|a| a.to_str()).collect();
    let said = words.iter().enumerate().find_map(|(i, word)| match word.strip_prefix("--lang") {
        Some("") => words.get(i + 1).copied(),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    });
    let tongue = match said {
        Some(word) => word.to_owned(),
        None => {
            ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(env).find(|v| !v.is_empty()).unwrap_or_default()
        }
    };
    if tongue.to_lowercase().starts_with("zh") { Lang::Zh } else { Lang::En }
}

/// The whole command with all its texts.
pub(super) fn command(lang: Lang) -> Command {
    worded(Cli::command(), "", lang).after_help(StyledStr::from(format!(
        "{}\n\n{}",
        examples(help("").map_or(&[], |h| h.examples), lang),
        lang.pick(EXIT_CODES_ZH, EXIT_CODES_EN)
    )))
}

/// Texts of all commands.
fn all() -> impl Iterator<Item = &'static Help> {
    HELP.iter().chain(super::help_exchange::HELP)
}

fn help(path: &str) -> Option<&'static Help> {
    all().find(|h| h.path == path)
}

fn worded(command: Command, path: &str, lang: Lang) -> Command {
    let known = help(path);
    let (arguments, options, commands) =
        (lang.pick("参数", "Arguments"), lang.pick("选项", "Options"), lang.pick("命令", "Commands"));
    let usage = lang.pick("用法", "Usage");
    let mut command = command
        .about(known.map_or("", |h| lang.pick(h.zh, h.en)))
        .subcommand_help_heading(commands)
        .help_template(format!("{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}"))
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(clap::Arg::new("help").short('h').long("help").action(clap::ArgAction::Help));
    if path.is_empty() {
        command = command.arg(clap::Arg::new("version").short('V').long("version").action(clap::ArgAction::Version));
    }
    if let Some(known) = known.filter(|h| !h.examples.is_empty()) {
        command = command.after_help(StyledStr::from(examples(known.examples, lang)));
    }
    command = command.mut_args(|arg| {
        let heading = if arg.is_positional() { arguments } else { options };
        let arg = match arg.get_action().takes_values() {
            true => arg.help_heading(heading).hide_default_value(true).hide_possible_values(true),
            false => arg.help_heading(heading),
        };
        let own = known.map_or(&[][..], |h| h.args);
        // A command's own options come first, those of every command last.
        match own.iter().chain(GLOBAL).enumerate().find(|(_, (id, ..))| arg.get_id() == *id) {
            Some((order, (_, zh, en))) => arg.help(lang.pick(zh, en)).display_order(order),
            None => arg,
        }
    });
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in names {
        let path = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(name, |sub| worded(sub, &path, lang));
    }
    command
}

fn examples(examples: &[(&str, &str, &str)], lang: Lang) -> String {
    let mut out = lang.pick("示例：", "Examples:").to_owned();
    for (typed, zh, en) in examples {
        out.push_str(&format!("\n  exchange-hub {typed}"));
        let what = lang.pick(zh, en);
        if !what.is_empty() {
            out.push_str(&format!("\n      {what}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(command: &Command, path: &str, missing: &mut Vec<String>, used: &mut Vec<String>) {
        used.push(path.to_owned());
        let Some(known) = help(path) else {
            missing.push(format!("`{path}` has no help"));
            return;
        };
        for arg in command.get_arguments() {
            let id = arg.get_id().as_str();
            let texts =
                known.args.iter().chain(GLOBAL).any(|(known, zh, en)| *known == id && !zh.is_empty() && !en.is_empty());
            if !texts {
                missing.push(format!("`{path}` does not explain `{id}`"));
            }
        }
        for (id, ..) in known.args {
            if !command.get_arguments().any(|a| a.get_id() == *id) {
                missing.push(format!("`{path}` explains `{id}`, which is no option"));
            }
        }
        for sub in command.get_subcommands() {
            let path = if path.is_empty() { sub.get_name().to_owned() } else { format!("{path} {}", sub.get_name()) };
            walk(sub, &path, missing, used);
        }
    }

    #[test]
    fn every_command_and_option_is_explained_in_both_languages() {
        let (mut missing, mut used) = (Vec::new(), Vec::new());
        walk(&Cli::command(), "", &mut missing, &mut used);
        missing.extend(all().filter(|h| !used.iter().any(|u| u == h.path)).map(|h| format!("no command `{}`", h.path)));
        assert_eq!(missing, Vec::<String>::new());
    }

    /// An example that does not parse is worse than none.
    #[test]
    fn every_example_is_a_command_that_exists() {
        for help in all() {
            for (typed, ..) in help.examples {
                let words = typed.split(" > ").next().unwrap_or_default().split_whitespace();
                let parsed = command(Lang::En).try_get_matches_from(std::iter::once("exchange-hub").chain(words));
                assert!(parsed.is_ok(), "{typed}: {}", parsed.unwrap_err());
            }
        }
    }

    #[test]
    fn the_language_is_the_option_or_the_environment() {
        let lang = |args: &[&str], var: &str, value: &str| {
            let args: Vec<OsString> = args.iter().map(OsString::from).collect();
            language(&args, |name| (name == var).then(|| value.to_owned()))
        };
        assert_eq!(lang(&["hub", "check"], "LANG", "zh_CN.UTF-8"), Lang::Zh);
        assert_eq!(lang(&["hub", "check"], "LC_ALL", "C.UTF-8"), Lang::En);
        assert_eq!(lang(&["hub", "--lang", "en"], "LANG", "zh_CN.UTF-8"), Lang::En);
        assert_eq!(lang(&["hub", "check", "--lang=zh"], "LANG", "C"), Lang::Zh);
    }
}
