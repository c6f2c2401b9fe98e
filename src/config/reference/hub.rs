//! The keys of `config/hub.toml`.

use super::Absent::{Nothing, Value};
use super::{Absent, File, Key, Kind};

const fn hub(path: &'static str, kind: Kind, default: Absent, zh: &'static str, en: &'static str) -> Key {
    Key { file: File::Hub, path, kind, default, zh, en }
}

pub(super) const KEYS: &[Key] = &[
    hub("store", Kind::Table, Nothing, "存储", "the store"),
    hub(
        "store.path",
        Kind::Path,
        Value("\"../data/hub.db\""),
        "存放数据和队列的 SQLite 文件，不存在则创建",
        "the SQLite file that holds store and queue; made if it is not there",
    ),
    hub(
        "mappings",
        Kind::Path,
        Value("\"../mappings\""),
        "映射目录：from/<系统>/*.toml；其中的 schema/ 和 codes/ 逐文件覆盖内置的数据规范",
        "the directory with from/<system>/*.toml; its schema/ and codes/ override the built-in schema file by file",
    ),
    hub("intake", Kind::Table, Nothing, "接收的限制", "limits on taking in"),
    hub(
        "intake.ahead_batches_max",
        Kind::Number,
        Value("64"),
        "已接收未处理的批次达到此数时，任务等待（1–10000）",
        "batches taken in and not yet normalised after which jobs wait (1–10000)",
    ),
    hub("deliver", Kind::Table, Nothing, "投递的限制", "limits on delivering"),
    hub(
        "deliver.stop_wait_ms",
        Kind::Number,
        Value("30000"),
        "停止时等待未返回的回执多少毫秒；之后按“未知”处理",
        "how long a stop waits for answers that are still out, in milliseconds; afterwards they count as unknown",
    ),
    hub("control", Kind::Table, Nothing, "其他命令如何与运行中的枢纽通信", "how other commands reach a running hub"),
    hub(
        "control.socket",
        Kind::Path,
        Nothing,
        "控制套接字；不写则与存储文件同名，后缀 .sock",
        "the control socket; the store's path with the ending .sock unless said",
    ),
    hub("log", Kind::Table, Nothing, "日志，写到标准错误，英文", "the log: on standard error, in English"),
    hub("log.format", Kind::OneOf(&["text", "json"]), Value("\"text\""), "日志形式", "form of the log"),
    hub(
        "log.level",
        Kind::Text,
        Value("\"info\""),
        "error、warn、info、debug、trace；可按模块，如 info,exchange_hub::pipeline=debug",
        "error, warn, info, debug, trace; also by module: info,exchange_hub::pipeline=debug",
    ),
];
