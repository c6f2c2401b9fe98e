//! The keys of `config/systems/<system>.toml` but those of adapters.

use super::Absent::{Nothing, Required, Value};
use super::{Absent, File, Key, Kind};

pub(super) const fn system(path: &'static str, kind: Kind, default: Absent, zh: &'static str, en: &'static str) -> Key {
    Key { file: File::System, path, kind, default, zh, en }
}

const CLASSES: &[&str] = &["accepted", "duplicate", "rejected", "busy", "unclear", "missing_parent", "authentication"];

/// The system itself and its jobs.
pub(super) const JOBS: &[Key] = &[
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
        Kind::OneOf(&["all", "last"]),
        Nothing,
        "全量：没有出现的记录视为已删除。all：目录中所有文件合起来是全量；last：排在最后的文件是全量",
        "everything is shown, and what is missing was deleted: by `all` files that are there, or by the `last` in order",
    ),
    system(
        "job.vanished_share",
        Kind::Decimal,
        Value("0.05"),
        "一次可消失的比例（0–1）；超过则停下等人确认",
        "the share of records that may vanish in one run (0–1); above it the run stops and asks",
    ),
    system(
        "job.from",
        Kind::Table,
        Required,
        "来源；键为适配器，如 [job.from.files]",
        "the source; the key is the adapter, as in [job.from.files]",
    ),
];

/// Its feeds.
pub(super) const FEEDS: &[Key] = &[
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
        "只投递这些系统的记录；空为其他所有系统：本系统提供的不发回本系统，除非在此写明",
        "only records of these systems; if empty, of all others: what this system gave is not sent back to it unless it is named here",
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
        "每个文档最多记录数（1–10000）；各记录合计不超过 16 MiB",
        "most records of a document (1–10000), together at most 16 MiB",
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
    system("feed.retry.factor", Kind::Decimal, Value("2.0"), "每次等待的倍数", "by what the wait grows each time"),
    system(
        "feed.retry.jitter",
        Kind::Decimal,
        Value("0.2"),
        "等待的随机浮动比例（0–1）",
        "the share of the wait that is left to chance (0–1)",
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
        "含义：已接收、重复、拒绝、忙、不明、缺上级（重送其上级，稍后再试）、认证失败",
        "what it means; missing_parent: its parents are sent again, and it is tried later",
    ),
    system(
        "feed.results",
        Kind::Table,
        Nothing,
        "批量回执中逐条记录的结果；配置后，没有此列表的回答视为不明（除非回执规则另有规定）",
        "where a batch's answer says what became of each record; an answer without the list is unclear then, unless a receipt rule holds",
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
