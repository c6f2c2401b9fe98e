//! Every key of the configuration, with type, default and explanation: what `config reference` prints.
//!
//! Written by hand, since it says in two languages what a doc comment says in one; a test compares the names with
//! those that serde knows and the defaults with those that the program takes, so it cannot drift.

use crate::diagnostic::Words;

/// A file of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// `config/hub.toml`.
    Hub,
    /// `config/systems/<system>.toml`.
    System,
}

impl File {
    pub fn name(self) -> &'static str {
        match self {
            Self::Hub => "config/hub.toml",
            Self::System => "config/systems/<system>.toml",
        }
    }
}

/// What may stand behind a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Texts,
    Path,
    Number,
    Numbers,
    Share,
    Boolean,
    Schedule,
    Pattern,
    Pointer,
    /// `all`, `now` or a date.
    Start,
    OneOf(&'static [&'static str]),
    /// `[a.b]` with keys of its own.
    Table,
    /// `[[a]]`, as often as wanted.
    Tables,
    /// Any keys, each with one of these.
    Map(&'static [&'static str]),
}

impl Kind {
    pub fn words(self) -> Words {
        let (zh, en) = match self {
            Self::Text => ("文字", "text"),
            Self::Texts => ("文字列表", "list of texts"),
            Self::Path => ("路径", "path"),
            Self::Number => ("整数", "whole number"),
            Self::Numbers => ("整数列表", "list of whole numbers"),
            Self::Share => ("小数", "number"),
            Self::Boolean => ("true/false", "true/false"),
            Self::Schedule => ("时间表", "schedule"),
            Self::Pattern => ("正则表达式", "regular expression"),
            Self::Pointer => ("JSON 指针", "JSON pointer"),
            Self::Start => ("\"all\"、\"now\" 或日期", "\"all\", \"now\" or a date"),
            Self::Table => ("表", "table"),
            Self::Tables => ("表（可多个）", "tables"),
            Self::OneOf(values) => return Words::new(values.join(" | "), values.join(" | ")),
            Self::Map(values) => {
                return Words::new(
                    format!("表，值为 {}", values.join(" | ")),
                    format!("table of {}", values.join(" | ")),
                );
            }
        };
        Words::new(zh, en)
    }
}

/// What stands where a key is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The key must be written.
    Required,
    /// Nothing: the explanation says what then holds.
    Nothing,
    /// This, as TOML.
    Value(&'static str),
}

/// One key.
#[derive(Debug)]
pub struct Key {
    pub file: File,
    /// From the top of the file, `job.from.files.directory`.
    pub path: &'static str,
    pub kind: Kind,
    pub default: Absent,
    pub zh: &'static str,
    pub en: &'static str,
}

const fn hub(path: &'static str, kind: Kind, default: Absent, zh: &'static str, en: &'static str) -> Key {
    Key { file: File::Hub, path, kind, default, zh, en }
}

const fn system(path: &'static str, kind: Kind, default: Absent, zh: &'static str, en: &'static str) -> Key {
    Key { file: File::System, path, kind, default, zh, en }
}

use Absent::{Nothing, Required, Value};

const CLASSES: &[&str] = &["accepted", "duplicate", "rejected", "busy", "unclear", "missing_parent", "authentication"];

/// All keys, in the order in which a person would write them.
pub const KEYS: &[Key] = &[
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
    hub(
        "platform",
        Kind::Table,
        Nothing,
        "本枢纽对外的身份；不猜测，缺少时会要求填写",
        "who this hub is towards others; never guessed",
    ),
    hub(
        "platform.service_code",
        Kind::Text,
        Nothing,
        "公共服务平台标识码（统一社会信用代码，18 位）",
        "the public service platform's unified social credit code, 18 characters",
    ),
    hub(
        "platform.trade_code",
        Kind::Text,
        Nothing,
        "交易系统标识码（统一社会信用代码，18 位）",
        "the trading system's unified social credit code, 18 characters",
    ),
    hub("intake", Kind::Table, Nothing, "接收的限制", "limits on taking in"),
    hub(
        "intake.ahead_batches_max",
        Kind::Number,
        Value("64"),
        "已接收未处理的批次达到此数时，任务等待（1–10000）",
        "batches taken in and not yet normalised after which jobs wait (1–10000)",
    ),
    hub("normalise", Kind::Table, Nothing, "处理的限制", "limits on normalising"),
    hub(
        "normalise.workers",
        Kind::Number,
        Nothing,
        "同时映射的批次数（1–256）；不写则每个处理器一个",
        "batches mapped at one time (1–256); one a processor unless said",
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
    //
    system(
        "name",
        Kind::Text,
        Required,
        "系统名，与文件名相同；小写字母、数字、-、_",
        "the system's name, the same as the file's; lower-case letters, digits, - and _",
    ),
    system("name_zh", Kind::Text, Required, "系统的中文名称", "the system's name in Chinese"),
    system("contact", Kind::Table, Nothing, "联系人", "whom to ring"),
    system("contact.name", Kind::Text, Value("\"\""), "姓名", "name"),
    system("contact.telephone", Kind::Text, Value("\"\""), "电话", "telephone"),
    system("contact.department", Kind::Text, Value("\"\""), "部门", "department"),
    system("job", Kind::Tables, Nothing, "从该系统取数的任务", "what is taken from this system"),
    system(
        "job.name",
        Kind::Text,
        Required,
        "任务名；全名为 系统/任务",
        "the job's name; its whole name is system/job",
    ),
    system(
        "job.schedule",
        Kind::Schedule,
        Nothing,
        "五个字段（分 时 日 月 星期）或六个（最前为秒）的 cron，\"every 30s\"，或 { cron, zone }；默认时区 Asia/Shanghai；日与星期都限定时任一符合即可；不写则只由人启动",
        "cron of five fields (minute hour day month weekday) or six (seconds first), \"every 30s\", or { cron, zone }; zone Asia/Shanghai unless said; where both day and weekday restrict, either will do; none: only by hand",
    ),
    system(
        "job.misfire",
        Kind::OneOf(&["once", "skip"]),
        Value("\"once\""),
        "错过的时间：补一次，或等下一次",
        "a time that was missed: run once now, or wait for the next",
    ),
    system("job.paused", Kind::Boolean, Value("false"), "初始为暂停", "starts paused"),
    system(
        "job.mappings",
        Kind::Texts,
        Required,
        "映射名（mappings/from/ 下），每行各成一个条目",
        "mappings below mappings/from/; each makes an item of every row",
    ),
    system(
        "job.snapshot",
        Kind::Boolean,
        Value("false"),
        "每次都是全量：没有出现的记录视为已删除",
        "each run shows everything: what is missing was deleted",
    ),
    system(
        "job.vanished_share",
        Kind::Share,
        Value("0.05"),
        "一次可消失的比例（0–1）；超过则停下等人确认",
        "the share of records that may vanish in one run (0–1); above it the run stops and asks",
    ),
    system(
        "job.batch_rows_max",
        Kind::Number,
        Value("1000"),
        "每批最多行数（1–65535）",
        "most rows of a batch (1–65535)",
    ),
    system(
        "job.from",
        Kind::Table,
        Required,
        "来源；键为适配器，如 [job.from.files]",
        "the source; the key is the adapter, as in [job.from.files]",
    ),
    system("feed", Kind::Tables, Nothing, "向该系统投递的订阅", "what is delivered to this system"),
    system(
        "feed.name",
        Kind::Text,
        Required,
        "订阅名；全名为 系统/订阅",
        "the feed's name; its whole name is system/feed",
    ),
    system("feed.paused", Kind::Boolean, Value("false"), "初始为暂停", "starts paused"),
    system(
        "feed.datasets",
        Kind::Texts,
        Required,
        "数据集的编号或代码；[\"*\"] 为全部",
        "numbers or codes of datasets; [\"*\"]: all",
    ),
    system(
        "feed.from_systems",
        Kind::Texts,
        Value("[]"),
        "只投递这些系统的记录；空为全部",
        "only records of these systems; all if empty",
    ),
    system("feed.from", Kind::Start, Value("\"all\""), "新订阅的起点", "where a new feed starts"),
    system(
        "feed.form",
        Kind::OneOf(&["json", "ndjson", "csv", "xml"]),
        Value("\"json\""),
        "文档形式",
        "form of a document",
    ),
    system(
        "feed.batch_records_max",
        Kind::Number,
        Value("1"),
        "每个文档最多记录数（1–10000）",
        "most records of a document (1–10000)",
    ),
    system(
        "feed.concurrency",
        Kind::Number,
        Value("1"),
        "同时进行的请求数（1–64）；上级和较早的版本总是先行",
        "calls at one time (1–64); parents and earlier versions go first all the same",
    ),
    system("feed.retry", Kind::Table, Nothing, "未被接收时何时重试", "when what was not taken is tried again"),
    system("feed.retry.first_ms", Kind::Number, Value("1000"), "第一次等待的毫秒数", "the first wait, in milliseconds"),
    system("feed.retry.max_ms", Kind::Number, Value("600000"), "最长等待的毫秒数", "the longest wait, in milliseconds"),
    system("feed.retry.factor", Kind::Share, Value("2.0"), "每次等待的倍数", "by what the wait grows each time"),
    system(
        "feed.retry.jitter",
        Kind::Share,
        Value("0.2"),
        "等待的随机浮动比例（0–1）",
        "the share of the wait that is left to chance (0–1)",
    ),
    system(
        "feed.retry.tries_max",
        Kind::Number,
        Value("0"),
        "重试多少次后交给人处理；0 为一直重试",
        "tries after which a delivery is held for a person; 0: never",
    ),
    system(
        "feed.receipt",
        Kind::Tables,
        Nothing,
        "回执规则：第一条全部符合的生效，都不符合时按状态码",
        "what answers mean: the first rule that holds decides, else the status",
    ),
    system(
        "feed.receipt.status",
        Kind::Numbers,
        Value("[]"),
        "HTTP 状态码之一；空为任意",
        "one of these HTTP statuses; any if empty",
    ),
    system("feed.receipt.contains", Kind::Text, Nothing, "正文含有此文字", "the body has this text"),
    system(
        "feed.receipt.pointer",
        Kind::Pointer,
        Nothing,
        "正文（JSON）中此处的值",
        "the value at this place of the body (JSON)",
    ),
    system(
        "feed.receipt.equals",
        Kind::Text,
        Nothing,
        "该值等于此文字；不写则该值存在即可",
        "the value is this; without it, the value is there",
    ),
    system("feed.receipt.matches", Kind::Pattern, Nothing, "正文或该值符合此表达式", "the body, or the value, matches"),
    system(
        "feed.receipt.class",
        Kind::OneOf(CLASSES),
        Required,
        "含义：已接收、重复、拒绝、忙、不明、缺上级、认证失败",
        "what it means",
    ),
    system(
        "feed.results",
        Kind::Table,
        Nothing,
        "批量回执中逐条记录的结果",
        "where a batch's answer says what became of each record",
    ),
    system("feed.results.list", Kind::Pointer, Required, "结果列表所在", "the list"),
    system(
        "feed.results.key",
        Kind::Pointer,
        Required,
        "每条结果中我方的键",
        "our key of the record, within an element",
    ),
    system(
        "feed.results.code",
        Kind::Pointer,
        Required,
        "每条结果中的结果码",
        "the code that says what became of it, within an element",
    ),
    system(
        "feed.results.why",
        Kind::Pointer,
        Nothing,
        "每条结果中的说明",
        "a sentence for a person, within an element",
    ),
    system(
        "feed.results.classes",
        Kind::Map(CLASSES),
        Required,
        "各结果码的含义；未列出的为不明",
        "what each code means; one that is not here is unclear",
    ),
    system(
        "feed.to",
        Kind::Table,
        Required,
        "去向；键为适配器，如 [feed.to.web]",
        "the target; the key is the adapter, as in [feed.to.web]",
    ),
];
