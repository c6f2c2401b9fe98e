//! The command line through the program itself: a thin layer, since each command is tested beside its code.

use std::process::Command;

use super::fixture;

/// Runs the program and shows all that a person or a script would see of it.
fn run(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_exchange-hub"))
        .args(args)
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES")
        .env("LANG", "C.UTF-8")
        .env("FINANCE_DROP", "drop/finance")
        .output()
        .expect("the program is built with the tests");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
    format!(
        "exit {}\n{}{}",
        output.status.code().expect("the program ends by itself"),
        text(output.stdout),
        text(output.stderr)
    )
}

#[test]
fn the_help_names_every_command_and_exit_code() {
    insta::assert_snapshot!(run(&["--help"]));
    insta::assert_snapshot!(run(&["--lang", "zh", "--help"]));
}

#[test]
fn a_command_typed_wrongly_ends_with_two_and_a_suggestion() {
    insta::assert_snapshot!(run(&["schma", "list"]), @r"
    exit 2
    error: unrecognized subcommand 'schma'

      tip: a similar subcommand exists: 'schema'

    Usage: exchange-hub [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(run(&["--lang=zh", "schma", "list"]), @r"
    exit 2
    错误：没有命令 `schma`
    提示：是否想写 `schema`？
    提示：加 --help 查看用法
    ");
    insta::assert_snapshot!(run(&["--lang=zh", "schema", "show"]), @r"
    exit 2
    错误：缺少 <DATASET>
    提示：加 --help 查看用法
    ");
    insta::assert_snapshot!(run(&["--lang=zh", "check", "--output", "xml"]), @r"
    exit 2
    错误：`xml` 不是 `--output <OUTPUT>` 允许的值
    提示：可用：text、json
    提示：加 --help 查看用法
    ");
    insta::assert_snapshot!(run(&["--lang=zh", "check", "--strict"]), @r"
    exit 2
    错误：没有选项 `--strict`
    提示：加 --help 查看用法
    ");
    insta::assert_snapshot!(run(&["--lang=zh", "job"]), @r"
    exit 2
    任务：从各系统取数，以及何时取

    用法: exchange-hub job [OPTIONS] <COMMAND>

    命令:
      list  列出任务及其下次运行时间

    选项:
          --config <PATH>    配置文件，默认 config/hub.toml
          --output <OUTPUT>  text 供人阅读（默认），json 供程序读取
          --lang <LANG>      zh 或 en；默认随 LC_ALL、LC_MESSAGES、LANG
      -h, --help             显示帮助
    ");
}

#[test]
fn a_missing_configuration_says_what_to_do() {
    insta::assert_snapshot!(run(&["--config", "no/hub.toml", "check"]), @r"
    exit 2
    error: no/hub.toml: the configuration cannot be read: it does not exist
    hint: run the command in the folder that holds config/, or name the file: --config PATH
    ");
    insta::assert_snapshot!(run(&["--lang", "zh", "--config", "no/hub.toml", "check"]), @r"
    exit 2
    错误：no/hub.toml: 无法读取配置：不存在
    提示：请在含有 config/ 的目录中运行，或用 --config 指明文件
    ");
}

#[test]
fn a_wrong_configuration_ends_with_two_and_is_also_told_to_machines() {
    let file = fixture("invalid");
    let told = run(&["--config", &file, "--output", "json", "job", "list"]);
    let (exit, json) = told.split_once('\n').expect("the exit code stands first");
    assert_eq!(exit, "exit 2");
    let json: serde_json::Value = serde_json::from_str(json).expect("failures are JSON too");
    // As text: the test kit shows numbers of any precision by their inner name.
    insta::assert_snapshot!(format!("{:#}", json["error"]["diagnostics"][0]), @r#"
    {
      "column": 1,
      "file": "tests/it/fixtures/config/invalid/hub.toml",
      "hint": {
        "en": "did you mean `mappings`? known here: `store`, `mappings`, `platform`, `intake`, `normalise`, `deliver`, `control`, `log`",
        "zh": "是否想写 `mappings`？可用：`store`, `mappings`, `platform`, `intake`, `normalise`, `deliver`, `control`, `log`"
      },
      "line": 1,
      "message": {
        "en": "unknown key `mapping`",
        "zh": "未知的键 `mapping`"
      }
    }
    "#);
    insta::assert_snapshot!(json["error"]["message"].to_string(), @r#"{"en":"37 mistakes found","zh":"共 37 处错误"}"#);
}

#[test]
fn an_unknown_dataset_or_key_is_told() {
    insta::assert_snapshot!(run(&["schema", "show", "WIN_RESULT_ANNOU"]), @r"
    exit 2
    error: there is no dataset or code set `WIN_RESULT_ANNOU`
    hint: did you mean `WIN_RESULT_ANNO`?
    ");
    insta::assert_snapshot!(run(&["schema", "show", "99999"]), @r"
    exit 2
    error: there is no dataset or code set `99999`
    hint: `exchange-hub schema list` lists the datasets, with --codes the code sets
    ");
    insta::assert_snapshot!(run(&["config", "reference", "colour"]), @r"
    exit 2
    error: no key of the configuration has `colour`
    ");
}

#[test]
fn the_reference_explains_every_key_in_both_languages() {
    insta::assert_snapshot!(run(&["config", "reference"]));
    insta::assert_snapshot!(run(&["--lang", "zh", "config", "reference"]));
}

#[test]
fn a_dataset_is_shown_with_key_parents_conditions_and_fields() {
    insta::assert_snapshot!(run(&["schema", "show", "513"]));
    insta::assert_snapshot!(run(&["--lang", "zh", "schema", "show", "notice_nature"]));
}

#[test]
fn completions_know_every_command() {
    let script = run(&["completions", "bash"]);
    for command in ["check", "schema", "job", "config", "completions"] {
        assert!(script.contains(command), "{command}");
    }
}
