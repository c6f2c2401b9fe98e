//! The command line through the program itself: a thin layer, since each command is tested beside its code.

use std::process::Command;

use super::fixture;

/// Runs the program and shows all that a person or a script would see of it.
pub(crate) fn run(args: &[&str]) -> String {
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
    insta::assert_snapshot!(run(&["--lang=zh", "job"]), @"
    exit 2
    任务：从各系统取数，以及何时取

    用法: exchange-hub job [OPTIONS] <COMMAND>

    命令:
      list    列出任务及其上次、下次运行时间
      run     立即运行一个任务，等到取来的行成为记录或条目
      pause   暂停一个任务
      resume  恢复一个已暂停的任务

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
    insta::assert_snapshot!(run(&["--config", "config", "check"]), @"
    exit 2
    error: config: the configuration cannot be read: it is a directory
    hint: name the file in it: config/hub.toml
    ");
    insta::assert_snapshot!(run(&["--lang", "zh", "--config", "config", "check"]), @"
    exit 2
    错误：config: 无法读取配置：是一个目录
    提示：请指明其中的文件：config/hub.toml
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
        "en": "did you mean `mappings`? known here: `store`, `mappings`, `intake`, `deliver`, `control`, `log`",
        "zh": "是否想写 `mappings`？可用：`store`, `mappings`, `intake`, `deliver`, `control`, `log`"
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

#[test]
fn a_good_configuration_is_checked_and_what_looks_odd_is_warned_of() {
    let file = fixture("valid");
    insta::assert_snapshot!(run(&["--config", &file, "check"]), @"
    exit 0
    warning: tests/it/fixtures/config/valid/mappings/from/finance/notice.toml: no rule fills what BID_DEAL_ANNOUNCE requires: PURCHASE_PROJECT_CODE, PURCHASE_PROJECT_NAME, PURCHASE_SECTION_CODE, UNIFIED_DEAL_CODE, REGION_CODE, TRA_PLACE_CODE, PURCHASER_AGENCY_NAME, PURCHASER_AGENCY_CODE, WIN_BID_BULLETIN_CONTENT, WIN_BID_BULLETIN_START_TIME, URL, WINNINGBIDDER_TYPE, WINNINGBIDDER_CODE, PRICE_FORM_CODE, CREATOR, PLATFORM_CODE, PUB_SERVICE_PLAT_CODE, DATA_TIMESTAMP
      hint: every row will be refused for it; fill it here or in common.toml, if the source has it
    warning: tests/it/fixtures/config/valid/systems/finance.toml:22:8: finance/notices, finance/nightly read different sources into BID_DEAL_ANNOUNCE without an `identity_space`
      hint: right if a number means the same record in all of them; else give each mapping an `identity_space`
    the configuration has no mistakes: 2 systems, 2 jobs, 2 feeds, 1 mapping
    ");
    insta::assert_snapshot!(run(&["--config", &file, "--lang", "zh", "check"]), @"
    exit 0
    警告：tests/it/fixtures/config/valid/mappings/from/finance/notice.toml: BID_DEAL_ANNOUNCE 的必填项没有规则填写：采购项目编号（PURCHASE_PROJECT_CODE）、采购项目名称（PURCHASE_PROJECT_NAME）、采购项目子包编号（PURCHASE_SECTION_CODE）、统一交易标识码（UNIFIED_DEAL_CODE）、采购项目子包所在行政区域代码（REGION_CODE）、交易发生行政区域代码（TRA_PLACE_CODE）、采购代理机构名称（PURCHASER_AGENCY_NAME）、采购代理机构代码（PURCHASER_AGENCY_CODE）、公告内容（WIN_BID_BULLETIN_CONTENT）、首次公告时间（WIN_BID_BULLETIN_START_TIME）、公告源URL（URL）、中标（成交）供应商类别（WINNINGBIDDER_TYPE）、中标（成交）供应商代码（WINNINGBIDDER_CODE）、价款形式代码（PRICE_FORM_CODE）、创建人（CREATOR）、交易系统标识码（PLATFORM_CODE）、公共服务平台标识码（PUB_SERVICE_PLAT_CODE）、数据时间戳（DATA_TIMESTAMP）
      提示：每一行都会因此被退回；来源有此项时，请在映射或 common.toml 中填写
    警告：tests/it/fixtures/config/valid/systems/finance.toml:22:8: finance/notices, finance/nightly 从不同来源写入 BID_DEAL_ANNOUNCE，没有写 identity_space
      提示：如果各来源的编号指同一条记录则没有问题；否则为每个映射写 identity_space
    配置没有错误：2 个系统，2 个任务，2 个订阅，1 个映射
    ");
    insta::assert_snapshot!(run(&["--config", &file, "--output", "json", "check"]), @r#"
    exit 0
    {
      "connections": [],
      "feeds": 2,
      "jobs": 2,
      "mappings": 1,
      "systems": 2,
      "warnings": [
        {
          "column": 0,
          "file": "tests/it/fixtures/config/valid/mappings/from/finance/notice.toml",
          "hint": {
            "en": "every row will be refused for it; fill it here or in common.toml, if the source has it",
            "zh": "每一行都会因此被退回；来源有此项时，请在映射或 common.toml 中填写"
          },
          "line": 0,
          "message": {
            "en": "no rule fills what BID_DEAL_ANNOUNCE requires: PURCHASE_PROJECT_CODE, PURCHASE_PROJECT_NAME, PURCHASE_SECTION_CODE, UNIFIED_DEAL_CODE, REGION_CODE, TRA_PLACE_CODE, PURCHASER_AGENCY_NAME, PURCHASER_AGENCY_CODE, WIN_BID_BULLETIN_CONTENT, WIN_BID_BULLETIN_START_TIME, URL, WINNINGBIDDER_TYPE, WINNINGBIDDER_CODE, PRICE_FORM_CODE, CREATOR, PLATFORM_CODE, PUB_SERVICE_PLAT_CODE, DATA_TIMESTAMP",
            "zh": "BID_DEAL_ANNOUNCE 的必填项没有规则填写：采购项目编号（PURCHASE_PROJECT_CODE）、采购项目名称（PURCHASE_PROJECT_NAME）、采购项目子包编号（PURCHASE_SECTION_CODE）、统一交易标识码（UNIFIED_DEAL_CODE）、采购项目子包所在行政区域代码（REGION_CODE）、交易发生行政区域代码（TRA_PLACE_CODE）、采购代理机构名称（PURCHASER_AGENCY_NAME）、采购代理机构代码（PURCHASER_AGENCY_CODE）、公告内容（WIN_BID_BULLETIN_CONTENT）、首次公告时间（WIN_BID_BULLETIN_START_TIME）、公告源URL（URL）、中标（成交）供应商类别（WINNINGBIDDER_TYPE）、中标（成交）供应商代码（WINNINGBIDDER_CODE）、价款形式代码（PRICE_FORM_CODE）、创建人（CREATOR）、交易系统标识码（PLATFORM_CODE）、公共服务平台标识码（PUB_SERVICE_PLAT_CODE）、数据时间戳（DATA_TIMESTAMP）"
          }
        },
        {
          "column": 8,
          "file": "tests/it/fixtures/config/valid/systems/finance.toml",
          "hint": {
            "en": "right if a number means the same record in all of them; else give each mapping an `identity_space`",
            "zh": "如果各来源的编号指同一条记录则没有问题；否则为每个映射写 identity_space"
          },
          "line": 22,
          "message": {
            "en": "finance/notices, finance/nightly read different sources into BID_DEAL_ANNOUNCE without an `identity_space`",
            "zh": "finance/notices, finance/nightly 从不同来源写入 BID_DEAL_ANNOUNCE，没有写 identity_space"
          }
        }
      ]
    }
    "#);
}

#[test]
fn names_that_are_not_there_are_told_all_at_once() {
    let file = fixture("names");
    insta::assert_snapshot!(run(&["--config", &file, "check"]), @r#"
    exit 2
    warning: tests/it/fixtures/config/names/mappings/from/land/deal.toml: no rule fills what PURCHASE_PROJECT requires: PURCHASE_PROJECT_CODE, RELATE_CODE, TENDER_PROJECT_TYPE, PURCHASER_NAME, PURCHASER_CODE, PURCHASER_ROLE, PRICE_FORM_CODE, PURCHASER_MODE, PURCHASER_ORGANIZE_FORM, PURCHASER_AGENCY_NAME, PURCHASER_AGENCY_CODE, PURCHASER_AGENCY_ROLE, PURCHASE_SECTION_CODE, PURCHASE_SECTION_NAME, REGION_CODE, TRA_PLACE_CODE, CREATE_TIME, UNIFIED_DEAL_CODE, PLATFORM_CODE, PUB_SERVICE_PLAT_CODE, DATA_TIMESTAMP
      hint: every row will be refused for it; fill it here or in common.toml, if the source has it
    warning: tests/it/fixtures/config/names/mappings/from/land/notice.toml: no rule fills what BID_DEAL_ANNOUNCE requires: PURCHASE_PROJECT_CODE, PURCHASE_PROJECT_NAME, PURCHASE_SECTION_CODE, UNIFIED_DEAL_CODE, REGION_CODE, TRA_PLACE_CODE, PURCHASER_AGENCY_NAME, PURCHASER_AGENCY_CODE, WIN_BID_BULLETIN_CONTENT, WIN_BID_BULLETIN_START_TIME, URL, WINNINGBIDDER_NAME, WINNINGBIDDER_TYPE, WINNINGBIDDER_CODE, PRICE_FORM_CODE, CREATOR, PLATFORM_CODE, PUB_SERVICE_PLAT_CODE, DATA_TIMESTAMP
      hint: every row will be refused for it; fill it here or in common.toml, if the source has it
    warning: tests/it/fixtures/config/names/systems/land.toml:20:8: land/c, land/d read different sources into PURCHASE_PROJECT without an `identity_space`
      hint: right if a number means the same record in all of them; else give each mapping an `identity_space`
    warning: tests/it/fixtures/config/names/systems/land.toml:25:8: feed land/f will be owed nothing: no other system gives anything
      hint: what a system gave is not sent back to it; where it should be, write from_systems = ["land"]
    error: tests/it/fixtures/config/names/mappings/from/land/unused.toml:4:1: BID_DEAL_ANNOUNCE has no field `WIN_BID_BULLETIN_TITEL`
    hint: `WIN_BID_BULLETIN_TITLE` (公告标题)?
    error: tests/it/fixtures/config/names/systems/land.toml:6:28: there is no mapping `land/notise`
    hint: did you mean `land/notice`?
    error: tests/it/fixtures/config/names/systems/land.toml:10:8: land/a, land/b read different sources into BID_DEAL_ANNOUNCE, and not all of their mappings name a version
    hint: name the column that says which row is newer (`version`), or give each source an `identity_space`
    error: tests/it/fixtures/config/names/systems/land.toml:26:20: there is no dataset `WIN_RESULT_ANNOU`
    hint: did you mean `WIN_RESULT_ANNO`?
    error: 4 mistakes found
    "#);
    insta::assert_snapshot!(run(&["--config", &file, "--lang", "zh", "check"]), @r#"
    exit 2
    警告：tests/it/fixtures/config/names/mappings/from/land/deal.toml: PURCHASE_PROJECT 的必填项没有规则填写：采购项目编号（PURCHASE_PROJECT_CODE）、项目类别关联代码（RELATE_CODE）、采购项目类型（TENDER_PROJECT_TYPE）、采购人名称（PURCHASER_NAME）、采购人代码（PURCHASER_CODE）、采购人角色（PURCHASER_ROLE）、价款形式代码（PRICE_FORM_CODE）、采购方式（PURCHASER_MODE）、采购组织形式（PURCHASER_ORGANIZE_FORM）、采购代理机构名称（PURCHASER_AGENCY_NAME）、采购代理机构代码（PURCHASER_AGENCY_CODE）、采购代理机构角色（PURCHASER_AGENCY_ROLE）、采购项目子包编号（PURCHASE_SECTION_CODE）、采购项目子包名称（PURCHASE_SECTION_NAME）、采购项目子包所在行政区域代码（REGION_CODE）、交易发生行政区域代码（TRA_PLACE_CODE）、项目创建时间（CREATE_TIME）、统一交易标识码（UNIFIED_DEAL_CODE）、交易系统标识码（PLATFORM_CODE）、公共服务平台标识码（PUB_SERVICE_PLAT_CODE）、数据时间戳（DATA_TIMESTAMP）
      提示：每一行都会因此被退回；来源有此项时，请在映射或 common.toml 中填写
    警告：tests/it/fixtures/config/names/mappings/from/land/notice.toml: BID_DEAL_ANNOUNCE 的必填项没有规则填写：采购项目编号（PURCHASE_PROJECT_CODE）、采购项目名称（PURCHASE_PROJECT_NAME）、采购项目子包编号（PURCHASE_SECTION_CODE）、统一交易标识码（UNIFIED_DEAL_CODE）、采购项目子包所在行政区域代码（REGION_CODE）、交易发生行政区域代码（TRA_PLACE_CODE）、采购代理机构名称（PURCHASER_AGENCY_NAME）、采购代理机构代码（PURCHASER_AGENCY_CODE）、公告内容（WIN_BID_BULLETIN_CONTENT）、首次公告时间（WIN_BID_BULLETIN_START_TIME）、公告源URL（URL）、中标（成交）供应商名称（WINNINGBIDDER_NAME）、中标（成交）供应商类别（WINNINGBIDDER_TYPE）、中标（成交）供应商代码（WINNINGBIDDER_CODE）、价款形式代码（PRICE_FORM_CODE）、创建人（CREATOR）、交易系统标识码（PLATFORM_CODE）、公共服务平台标识码（PUB_SERVICE_PLAT_CODE）、数据时间戳（DATA_TIMESTAMP）
      提示：每一行都会因此被退回；来源有此项时，请在映射或 common.toml 中填写
    警告：tests/it/fixtures/config/names/systems/land.toml:20:8: land/c, land/d 从不同来源写入 PURCHASE_PROJECT，没有写 identity_space
      提示：如果各来源的编号指同一条记录则没有问题；否则为每个映射写 identity_space
    警告：tests/it/fixtures/config/names/systems/land.toml:25:8: 订阅 land/f 不会收到任何记录：没有别的系统提供数据
      提示：本系统提供的数据不会发回本系统；确实需要时写 from_systems = ["land"]
    错误：tests/it/fixtures/config/names/mappings/from/land/unused.toml:4:1: BID_DEAL_ANNOUNCE 没有字段 `WIN_BID_BULLETIN_TITEL`
    提示：是否为 `WIN_BID_BULLETIN_TITLE`（公告标题）？
    错误：tests/it/fixtures/config/names/systems/land.toml:6:28: 没有名为 `land/notise` 的映射
    提示：是否想写 `land/notice`？
    错误：tests/it/fixtures/config/names/systems/land.toml:10:8: land/a, land/b 从不同来源写入 BID_DEAL_ANNOUNCE，但并非所有映射都写了 version
    提示：写明哪一列说明新旧（version），或为每个来源写 identity_space
    错误：tests/it/fixtures/config/names/systems/land.toml:26:20: 没有数据集 `WIN_RESULT_ANNOU`
    提示：是否想写 `WIN_RESULT_ANNO`？
    错误：共 4 处错误
    "#);
}

/// One directory is there, the others are not, and nobody listens at the discard port.
#[test]
fn connections_are_tried_and_each_that_fails_is_told() {
    let file = fixture("valid");
    insta::assert_snapshot!(run(&["--config", &file, "check", "--connect"]), @"
    exit 2
    warning: tests/it/fixtures/config/valid/mappings/from/finance/notice.toml: no rule fills what BID_DEAL_ANNOUNCE requires: PURCHASE_PROJECT_CODE, PURCHASE_PROJECT_NAME, PURCHASE_SECTION_CODE, UNIFIED_DEAL_CODE, REGION_CODE, TRA_PLACE_CODE, PURCHASER_AGENCY_NAME, PURCHASER_AGENCY_CODE, WIN_BID_BULLETIN_CONTENT, WIN_BID_BULLETIN_START_TIME, URL, WINNINGBIDDER_TYPE, WINNINGBIDDER_CODE, PRICE_FORM_CODE, CREATOR, PLATFORM_CODE, PUB_SERVICE_PLAT_CODE, DATA_TIMESTAMP
      hint: every row will be refused for it; fill it here or in common.toml, if the source has it
    warning: tests/it/fixtures/config/valid/systems/finance.toml:22:8: finance/notices, finance/nightly read different sources into BID_DEAL_ANNOUNCE without an `identity_space`
      hint: right if a number means the same record in all of them; else give each mapping an `identity_space`
    job finance/notices (files): fails
    job finance/nightly (files)
        directory tests/it/fixtures/config/valid/drop: 0 files matched, 0 new, 0 known
    feed province/all (files): fails
    feed province/results (web): fails
    the configuration has no mistakes: 2 systems, 2 jobs, 2 feeds, 1 mapping
    error: tests/it/fixtures/config/valid/systems/finance.toml:14:6: the directory `tests/it/fixtures/config/valid/drop/finance` does not exist
    hint: create it, mount it, or correct `path`; a relative path starts at the directory of the configuration
    error: tests/it/fixtures/config/valid/systems/province.toml:9:7: the directory `tests/it/fixtures/config/valid/out` does not exist
    hint: create it, mount it, or correct `path`
    error: tests/it/fixtures/config/valid/systems/province.toml:33:7: 127.0.0.1:9 takes no connection: the connection was refused
    hint: see whether the system is up, and whether a firewall stands between
    error: 3 of 4 connections failed
    ");
}

#[test]
fn examples_are_run_and_one_that_fails_ends_with_one() {
    let file = fixture("valid");
    insta::assert_snapshot!(run(&["--config", &file, "mapping", "test"]), @r"
    exit 0
    finance/notice: 2 examples are as they say
    ");
    insta::assert_snapshot!(run(&["--config", &file, "--lang", "zh", "mapping", "test", "finance/notise"]), @r"
    exit 2
    错误：无法读取映射 tests/it/fixtures/config/valid/mappings/from/finance/notise.toml：不存在
    提示：是否想写 `finance/notice`？
    ");
    let file = fixture("examples");
    insta::assert_snapshot!(run(&["--config", &file, "mapping", "test"]), @r#"
    exit 1
    land/deal: 1 of 1 examples are not as they say
    tests/it/fixtures/config/examples/mappings/from/land/deal.toml:7:1: record 1, PURCHASE_PROJECT_NAME (采购项目名称): "采购工程" wanted, "采购项目" made
    "#);
    insta::assert_snapshot!(run(&["--config", &file, "--lang", "zh", "mapping", "test", "land/deal"]), @r"
    exit 1
    land/deal：1 个示例中有 1 个不符
    tests/it/fixtures/config/examples/mappings/from/land/deal.toml:7:1: 第 1 条记录 采购项目名称（PURCHASE_PROJECT_NAME）：应为“采购工程”，实际为“采购项目”
    ");
    insta::assert_snapshot!(run(&["--config", &file, "--output", "json", "mapping", "test", "land/deal"]), @r#"
    exit 1
    {
      "mappings": [
        {
          "examples": 1,
          "failed": [
            {
              "column": 1,
              "file": "tests/it/fixtures/config/examples/mappings/from/land/deal.toml",
              "hint": {
                "en": "",
                "zh": ""
              },
              "line": 7,
              "message": {
                "en": "record 1, PURCHASE_PROJECT_NAME (采购项目名称): \"采购工程\" wanted, \"采购项目\" made",
                "zh": "第 1 条记录 采购项目名称（PURCHASE_PROJECT_NAME）：应为“采购工程”，实际为“采购项目”"
              }
            }
          ],
          "name": "land/deal"
        }
      ]
    }
    "#);
}

#[test]
fn rows_are_shown_on_their_way_through_a_mapping() {
    let (file, rows) = (fixture("valid"), "tests/it/fixtures/config/valid/drop/rows.csv");
    let with = |args: &[&str]| run(&[&["--config", file.as_str(), "mapping", "try"], args].concat());
    insta::assert_snapshot!(with(&["finance/notice", "--input", rows, "--rows", "3"]), @r#"
    exit 0
    read as csv, GBK (as the job reads that uses the mapping)
    row 1 (line 2) → finance/notice
      553 BID_DEAL_ANNOUNCE #0  identity 1  version 2026-03-18 12:00:00
        WIN_BID_BULLETIN_TITLE 公告标题 = 采购项目
            "xmmc"  ← xmmc=采购项目  (finance/notice:7)
        WINNINGBIDDER_NAME 中标（成交）供应商名称 = 甲公司
            "gysmc"  ← gysmc=甲公司  (finance/notice:8)
        WIN_BID_PRICE 中标（成交）价格 = 120000 元
            { from = "zbje", as = "money", unit = "元" }  ← zbje=12万  (finance/notice:9)
        refused required: PURCHASE_PROJECT_CODE (采购项目编号): required, but empty [数据规范 553]
        refused required: PURCHASE_PROJECT_NAME (采购项目名称): required, but empty [数据规范 553]
        refused required: PURCHASE_SECTION_CODE (采购项目子包编号): required, but empty [数据规范 553]
        refused required: UNIFIED_DEAL_CODE (统一交易标识码): required, but empty [数据规范 553]
        refused required: REGION_CODE (采购项目子包所在行政区域代码): required, but empty [数据规范 553]
        refused required: TRA_PLACE_CODE (交易发生行政区域代码): required, but empty [数据规范 553]
        refused required: PURCHASER_AGENCY_NAME (采购代理机构名称): required, but empty [数据规范 553]
        refused required: PURCHASER_AGENCY_CODE (采购代理机构代码): required, but empty [数据规范 553]
        refused required: WIN_BID_BULLETIN_CONTENT (公告内容): required, but empty [数据规范 553]
        refused required: WIN_BID_BULLETIN_START_TIME (首次公告时间): required, but empty [数据规范 553]
        refused required: URL (公告源URL): required, but empty [数据规范 553]
        refused required: WINNINGBIDDER_TYPE (中标（成交）供应商类别): required, but empty [数据规范 553]
        refused required: WINNINGBIDDER_CODE (中标（成交）供应商代码): required, but empty [数据规范 553]
        refused required: PRICE_FORM_CODE (价款形式代码): required, but empty [数据规范 553]
        refused required: CREATOR (创建人): required, but empty [数据规范 553]
        refused required: PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 553]
        refused required: PUB_SERVICE_PLAT_CODE (公共服务平台标识码): required, but empty [数据规范 553]
        refused required: DATA_TIMESTAMP (数据时间戳): required, but empty [数据规范 553]
    row 2 (line 3) → finance/notice
      553 BID_DEAL_ANNOUNCE #0  identity 2  version 2026-03-18 12:00:00  filtered
    row 3 (line 4) → finance/notice
      refused: rows.csv:4: the row has 4 cells, the header has 6
    "#);
    insta::assert_snapshot!(with(&["finance/notice", "--input", rows, "--row", "3", "--lang", "zh"]), @"
    exit 0
    读取方式：csv, GBK（按使用该映射的任务）
    第 3 行（文件第 4 行）→ finance/notice
      不合格：rows.csv:4：该行只有 4 列，表头有 6 列
    ");
    insta::assert_snapshot!(with(&["finance/notice", "--input", rows, "--row", "9"]), @r"
    exit 2
    error: the file has 3 rows and no row 9
    ");
    // Two jobs use the mapping, and the ending says nothing of the format.
    let folder = tempfile::tempdir().unwrap();
    let answer = folder.path().join("answer.txt").display().to_string();
    std::fs::write(&answer, r#"{"data":{"items":[{"id":"1","shzt":"1"}]}}"#).unwrap();
    let told = |lang: &str| {
        let told = with(&["finance/notice", "--input", &answer, "--job", "finance/nightly", "--lang", lang]);
        told.lines().nth(1).unwrap().to_owned()
    };
    insta::assert_snapshot!(format!("{}\n{}", told("en"), told("zh")), @"
    read as json, UTF-8 (as job finance/nightly reads)
    读取方式：json, UTF-8（按任务 finance/nightly）
    ");
    insta::assert_snapshot!(with(&["finance/notice", "--input", rows, "--job", "finance/nigthly"]), @"
    exit 2
    error: no job `finance/nigthly` uses the mapping finance/notice
    hint: jobs that use it: finance/notices, finance/nightly
    ");
    insta::assert_snapshot!(with(&["finance/notice", "--input", rows, "--job", "x", "--lang", "zh"]), @"
    exit 2
    错误：没有使用映射 finance/notice 的任务 `x`
    提示：使用它的任务：finance/notices、finance/nightly
    ");
    insta::assert_snapshot!(with(&["finance/notice", "--input", "no.csv"]), @r"
    exit 2
    error: no.csv cannot be read: it does not exist
    ");
    let short = "tests/it/fixtures/config/valid/drop/short.csv";
    insta::assert_snapshot!(with(&["finance/notice", "--input", short]), @r"
    exit 2
    error: tests/it/fixtures/config/valid/mappings/from/finance/notice.toml:8:26: the file has no column `gysmc`
    hint: did you mean `gysmcc`?
    error: tests/it/fixtures/config/valid/mappings/from/finance/notice.toml:9:35: the file has no column `zbje`
    error: 2 mistakes found
    ");
}

/// A row that takes its record back says no more than which.
#[test]
fn a_withdrawal_is_not_told_what_a_record_would_need() {
    let folder = tempfile::tempdir().unwrap();
    let mapping = folder.path().join("m.toml");
    let text = "dataset = \"601\"\nidentity = [\"id\"]\nwithdraw_when = { d = [\"1\"] }\n[fields]\nLAND_CODE = \"id\"\n\
                LAND_AREA = { concat = [\"mj\", \"dw\"], as = \"area\" }\n";
    std::fs::write(&mapping, text).unwrap();
    let rows = folder.path().join("rows.csv");
    std::fs::write(&rows, "id,mj,dw,d\n1,120,公顷,1\n2,3,公顷,1\n").unwrap();
    let (mapping, rows) = (mapping.display().to_string(), rows.display().to_string());
    let told = run(&["--config", &fixture("valid"), "mapping", "try", &mapping, "--input", &rows]);
    let name = folder.path().file_name().unwrap().to_string_lossy().into_owned();
    insta::assert_snapshot!(told.replace(&name, "FOLDER"), @r#"
    exit 0
    read as csv, UTF-8 (as its ending says)
    row 1 (line 2) → FOLDER/m
      601 DEAL_LAND_INFO #0  identity 1  withdrawal
        LAND_CODE 宗地编号 = 1
            "id"  ← id=1  (FOLDER/m:5)
        LAND_AREA 土地面积 = 1.2 平方公里
            { concat = ["mj", "dw"], as = "area" }  ← mj=120, dw=公顷  (FOLDER/m:6)
    "#);
}

#[test]
fn what_the_hub_fills_in_is_told_for_every_item() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("s")).unwrap();
    let mapping = r#"
dataset  = "513"
identity = ["ID", "BD"]
version  = "SJ"
[fields]
BID_SECTION_CODE   = "BD"
BID_AMOUNT         = { from = "JE", as = "money", unit_from = "DW" }
WIN_BIDDER_NAME    = "ZBR"
WIN_BIDDER_CODE    = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "ZBR" }, take = "LEGAL_CODE" }
TENDER_AGENCY_CODE = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "DL" }, take = "LEGAL_CODE", missing = "quarantine" }
UNIFIED_DEAL_CODE  = { assign = "unified-deal-code", class = { from = "LX" }, by = "BID_SECTION_CODE", platform = "12350100MB02709751" }
DATA_TIMESTAMP     = { stamp = "version" }
"#;
    std::fs::write(folder.path().join("s/award.toml"), mapping).unwrap();
    let rows = folder.path().join("rows.csv");
    let (file, mapping) = (fixture("valid"), folder.path().join("s/award.toml").display().to_string());
    let tried = |rows: &std::path::Path, lang: &str| {
        let input = rows.display().to_string();
        let out =
            run(&["--config", &file, "--lang", lang, "mapping", "try", &mapping, "--input", &input, "--rows", "9"]);
        let unrequired = |line: &&str| !line.contains(" required: ");
        out.lines().filter(unrequired).collect::<Vec<_>>().join("\n").replace(&folder.path().display().to_string(), "")
    };
    let text = "ID,BD,SJ,JE,DW,ZBR,DL,LX\n7,E4207040001000012001001,2016/4/14 9:05,28.38,万元,某公司,代理公司,A01\n\
                8,E4207040001000012001002,,1,角角,,代理公司,A1\n";
    std::fs::write(&rows, text).unwrap();
    insta::assert_snapshot!(tried(&rows, "en"), @r#"
    exit 0
    read as csv, UTF-8 (as its ending says)
    row 1 (line 2) → s/award
      513 WIN_RESULT_ANNO #0  identity 7 / E4207040001000012001001  version 2016-04-14 09:05:00
        BID_SECTION_CODE 标段（包）编号 = E4207040001000012001001
            "BD"  ← BD=E4207040001000012001001  (s/award:6)
        BID_AMOUNT 中标金额 = 283800 元
            { from = "JE", as = "money", unit_from = "DW" }  ← JE=28.38, DW=万元  (s/award:7)
        WIN_BIDDER_NAME 中标投标人名称 = 某公司
            "ZBR"  ← ZBR=某公司  (s/award:8)
        WIN_BIDDER_CODE 中标投标人代码 = (looked up when stored)
            { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "ZBR" }, take = "LEGAL_CODE" }  ← ZBR=某公司  (s/award:9)
            looks for LEGAL_NAME=某公司 in LEGAL_PERSON_BASE and takes LEGAL_CODE; if there is none, the item waits for the record
        TENDER_AGENCY_CODE 招标代理机构代码 = (looked up when stored)
            { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "DL" }, take = "LEGAL_CODE", missing = "quarantine" }  ← DL=代理公司  (s/award:10)
            looks for LEGAL_NAME=代理公司 in LEGAL_PERSON_BASE and takes LEGAL_CODE; if there is none, the item is quarantined
        UNIFIED_DEAL_CODE 统一交易标识码 = (assigned when stored: the code of BID_SECTION_CODE=E4207040001000012001001; class A01, platform 12350100MB02709751)
            { assign = "unified-deal-code", class = { from = "LX" }, by = "BID_SECTION_CODE", platform = "12350100MB02709751" }  (s/award:11)
        DATA_TIMESTAMP 数据时间戳 = (stamped when stored: the Beijing time)
            { stamp = "version" }  (s/award:12)
    row 2 (line 3) → s/award
      513 WIN_RESULT_ANNO #0  identity 8 / E4207040001000012001002  version 0
        BID_SECTION_CODE 标段（包）编号 = E4207040001000012001002
            "BD"  ← BD=E4207040001000012001002  (s/award:6)
        BID_AMOUNT 中标金额 = ∅
            { from = "JE", as = "money", unit_from = "DW" }  ← JE=1, DW=角角  (s/award:7)
        WIN_BIDDER_NAME 中标投标人名称 = ∅
            "ZBR"  ← ZBR=  (s/award:8)
        WIN_BIDDER_CODE 中标投标人代码 = ∅
            { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "ZBR" }, take = "LEGAL_CODE" }  ← ZBR=  (s/award:9)
            something in `where` is empty, so nothing is looked up
        TENDER_AGENCY_CODE 招标代理机构代码 = (looked up when stored)
            { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "DL" }, take = "LEGAL_CODE", missing = "quarantine" }  ← DL=代理公司  (s/award:10)
            looks for LEGAL_NAME=代理公司 in LEGAL_PERSON_BASE and takes LEGAL_CODE; if there is none, the item is quarantined
        UNIFIED_DEAL_CODE 统一交易标识码 = (assigned when stored: the code of BID_SECTION_CODE=E4207040001000012001002; class A1, platform 12350100MB02709751)
            { assign = "unified-deal-code", class = { from = "LX" }, by = "BID_SECTION_CODE", platform = "12350100MB02709751" }  (s/award:11)
        DATA_TIMESTAMP 数据时间戳 = (stamped when stored: the Beijing time)
            { stamp = "version" }  (s/award:12)
        refused unit_unknown: BID_AMOUNT (中标金额): the unit of "角角" is not known [s/award:7]
        refused assign_impossible: UNIFIED_DEAL_CODE (统一交易标识码): no deal code can be made of class "A1" and platform "12350100MB02709751" [s/award:11]
    "#);
    insta::assert_snapshot!(tried(&rows, "zh"), @r#"
    exit 0
    读取方式：csv, UTF-8（按文件后缀）
    第 1 行（文件第 2 行）→ s/award
      513 WIN_RESULT_ANNO #0  身份 7 / E4207040001000012001001  版本 2016-04-14 09:05:00
        BID_SECTION_CODE 标段（包）编号 = E4207040001000012001001
            "BD"  ← BD=E4207040001000012001001  (s/award:6)
        BID_AMOUNT 中标金额 = 283800 元
            { from = "JE", as = "money", unit_from = "DW" }  ← JE=28.38, DW=万元  (s/award:7)
        WIN_BIDDER_NAME 中标投标人名称 = 某公司
            "ZBR"  ← ZBR=某公司  (s/award:8)
        WIN_BIDDER_CODE 中标投标人代码 = （入库时查找）
            { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "ZBR" }, take = "LEGAL_CODE" }  ← ZBR=某公司  (s/award:9)
            在 LEGAL_PERSON_BASE 中查找 LEGAL_NAME=某公司，取 LEGAL_CODE；查不到时等待该记录到来
        TENDER_AGENCY_CODE 招标代理机构代码 = （入库时查找）
            { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "DL" }, take = "LEGAL_CODE", missing = "quarantine" }  ← DL=代理公司  (s/award:10)
            在 LEGAL_PERSON_BASE 中查找 LEGAL_NAME=代理公司，取 LEGAL_CODE；查不到时进入隔离区
        UNIFIED_DEAL_CODE 统一交易标识码 = （入库时分配：归属 BID_SECTION_CODE=E4207040001000012001001；分类 A01，平台 12350100MB02709751）
            { assign = "unified-deal-code", class = { from = "LX" }, by = "BID_SECTION_CODE", platform = "12350100MB02709751" }  (s/award:11)
        DATA_TIMESTAMP 数据时间戳 = （入库时写入北京时间）
            { stamp = "version" }  (s/award:12)
    第 2 行（文件第 3 行）→ s/award
      513 WIN_RESULT_ANNO #0  身份 8 / E4207040001000012001002  版本 0
        BID_SECTION_CODE 标段（包）编号 = E4207040001000012001002
            "BD"  ← BD=E4207040001000012001002  (s/award:6)
        BID_AMOUNT 中标金额 = ∅
            { from = "JE", as = "money", unit_from = "DW" }  ← JE=1, DW=角角  (s/award:7)
        WIN_BIDDER_NAME 中标投标人名称 = ∅
            "ZBR"  ← ZBR=  (s/award:8)
        WIN_BIDDER_CODE 中标投标人代码 = ∅
            { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "ZBR" }, take = "LEGAL_CODE" }  ← ZBR=  (s/award:9)
            `where` 中有空值，不查找
        TENDER_AGENCY_CODE 招标代理机构代码 = （入库时查找）
            { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "DL" }, take = "LEGAL_CODE", missing = "quarantine" }  ← DL=代理公司  (s/award:10)
            在 LEGAL_PERSON_BASE 中查找 LEGAL_NAME=代理公司，取 LEGAL_CODE；查不到时进入隔离区
        UNIFIED_DEAL_CODE 统一交易标识码 = （入库时分配：归属 BID_SECTION_CODE=E4207040001000012001002；分类 A1，平台 12350100MB02709751）
            { assign = "unified-deal-code", class = { from = "LX" }, by = "BID_SECTION_CODE", platform = "12350100MB02709751" }  (s/award:11)
        DATA_TIMESTAMP 数据时间戳 = （入库时写入北京时间）
            { stamp = "version" }  (s/award:12)
        不合格 unit_unknown: 中标金额（BID_AMOUNT）：“角角”的单位不明（依据：s/award:7）
        不合格 assign_impossible: 统一交易标识码（UNIFIED_DEAL_CODE）：分类“A1”、平台“12350100MB02709751”不能组成统一交易标识码（依据：s/award:11）
    "#);
    std::fs::write(&rows, text.replace(',', ";")).unwrap();
    insta::assert_snapshot!(tried(&rows, "en"), @r#"
    exit 2
    error: /rows.csv: it was read as csv, UTF-8
    hint: the file has one column; cut at `;` it has 8: write format.csv = { delimiter = ";" }
    "#);
    let odd = folder.path().join("rows.xml");
    std::fs::write(&odd, "<R/>").unwrap();
    insta::assert_snapshot!(tried(&odd, "en"), @r#"
    exit 2
    error: the format of /rows.xml is not known: no job uses the mapping, and its ending is none of .csv, .json, .ndjson and .xlsx
    hint: rename the file, or use the mapping in a job that names the format, e.g. from.files.format.xml = { row = "ROW" }
    "#);
}
