//! Texts of the commands that run the exchange and ask about it; see `help`.

use super::help::Help;

pub(super) const HELP: &[Help] = &[
    Help {
        path: "run",
        zh: "运行枢纽：按时间表取数、规范化、投递，直到收到停止信号",
        en: "Run the hub: take, normalise and deliver on schedule, until it is told to stop",
        args: &[
            ("once", "每个任务运行一次，处理完毕后报告并退出", "each job once and all that follows, then a report"),
            (
                "strict",
                "与 --once 同用：有隔离、等待或被拒的即以 1 退出",
                "with --once: end with 1 while anything is quarantined, waiting or rejected",
            ),
        ],
        examples: &[
            ("run", "常驻；停止：kill 进程号，或 Ctrl-C", "as a service; to stop it: kill PID, or Ctrl-C"),
            ("run --once", "单次运行并报告", "once, with a report"),
            ("run --once --strict --output json", "用于脚本", "for a script"),
        ],
    },
    Help {
        path: "job list",
        zh: "列出任务及其上次、下次运行时间",
        en: "List the jobs, when each ran last and when it runs next",
        args: &[],
        examples: &[("job list", "", ""), ("job list --output json", "供程序读取", "for a program")],
    },
    Help {
        path: "job run",
        zh: "立即运行一个任务，等到取来的行成为记录或条目",
        en: "Run a job now, and wait until its rows are records or items",
        args: &[
            ("name", "任务名，系统/任务", "name of the job, system/job"),
            (
                "again",
                "以前取过的文件也按顺序重新读取（全量只读最后一份）；映射没有 version 时，每个文件都当作新的，较早的状态也会送出",
                "read files again that were taken before, in their order (of whole pictures the last); where a mapping names \
                 no `version`, each counts as new, and earlier states are sent too",
            ),
        ],
        examples: &[
            ("job run finance/results", "", ""),
            (
                "job run finance/results --again",
                "重读全部文件；未变的不会重复投递",
                "all files again; what is unchanged is not sent again",
            ),
        ],
    },
    Help {
        path: "job pause",
        zh: "暂停一个任务",
        en: "Pause a job",
        args: &[
            ("name", "任务名，系统/任务", "name of the job, system/job"),
            ("why", "原因，显示在 job list 中", "the reason, shown by job list"),
        ],
        examples: &[("job pause finance/results --why 对方换系统", "", "")],
    },
    Help {
        path: "job resume",
        zh: "恢复一个已暂停的任务",
        en: "Let a paused job go on",
        args: &[("name", "任务名，系统/任务", "name of the job, system/job")],
        examples: &[("job resume finance/results", "", "")],
    },
    Help {
        path: "feed",
        zh: "订阅：送给各系统的记录，以及没送到的原因",
        en: "Feeds: what is owed to systems, and why some of it is not there",
        args: &[],
        examples: &[],
    },
    Help {
        path: "feed list",
        zh: "列出订阅及应送记录的状态",
        en: "List the feeds and where their records are",
        args: &[],
        examples: &[("feed list", "", "")],
    },
    Help {
        path: "feed show",
        zh: "显示一个订阅：没到的记录、原因、最近的请求与回执",
        en: "One feed: what is not there, why, and the newest requests with their answers",
        args: &[
            ("name", "订阅名，系统/订阅", "name of the feed, system/feed"),
            ("limit", "每个列表最多几行（默认 20）", "most lines of each list (default 20)"),
        ],
        examples: &[("feed show province/rehearsal", "", "")],
    },
    Help {
        path: "feed pause",
        zh: "暂停一个订阅；应送的继续累积",
        en: "Pause a feed; what is owed goes on being counted",
        args: &[
            ("name", "订阅名，系统/订阅", "name of the feed, system/feed"),
            ("why", "原因，显示在 feed show 中", "the reason, shown by feed show"),
        ],
        examples: &[("feed pause province/rehearsal --why 对方检修", "", "")],
    },
    Help {
        path: "feed resume",
        zh: "恢复一个已暂停的订阅",
        en: "Let a paused feed go on",
        args: &[("name", "订阅名，系统/订阅", "name of the feed, system/feed")],
        examples: &[("feed resume province/rehearsal", "", "")],
    },
    Help {
        path: "feed resend",
        zh: "重送被拒收的记录，或指定的一条",
        en: "Send again what was rejected, or one record",
        args: &[
            ("name", "订阅名，系统/订阅", "name of the feed, system/feed"),
            ("record", "记录号；不写则全部被拒收的", "a record's number; all that was rejected unless said"),
        ],
        examples: &[
            ("feed resend province/rehearsal", "全部被拒收或暂扣的", "all that was rejected or withheld"),
            ("feed resend province/rehearsal --record 67", "一条记录", "one record"),
        ],
    },
    Help {
        path: "record", zh: "记录：在哪里，为什么", en: "Records: where is it, and why", args: &[], examples: &[]
    },
    Help {
        path: "record find",
        zh: "按编号、名称、统一社会信用代码或来源标识查找",
        en: "Find by code, name, credit code or the source's own key",
        args: &[
            ("text", "完整的值，或其开头", "a whole value, or its beginning"),
            ("dataset", "只在此数据集中，代码或编号", "in this dataset only, code or number"),
            ("limit", "最多几条（默认 20）", "most records (default 20)"),
        ],
        examples: &[
            ("record find EZZC-2026-0002", "按编号", "by code"),
            ("record find 生态运动公园 --dataset 550", "按名称的开头", "by the beginning of a name"),
        ],
    },
    Help {
        path: "record show",
        zh: "显示一条记录的全部字段；个人信息遮盖",
        en: "All fields of a record; personal data is masked",
        args: &[
            (
                "record",
                "记录号；或数据集及其业务主键的各部分",
                "a record's number; or a dataset and the parts of its key",
            ),
            ("version", "第几版；不写则最新", "which version; the newest unless said"),
        ],
        examples: &[
            ("record show 67", "按记录号", "by number"),
            ("record show 550 EZZC-2026-0002 EZZC-2026-0002-1", "按数据集和业务主键", "by dataset and key"),
        ],
    },
    Help {
        path: "record trace",
        zh: "一条记录在哪里、为什么：每一版、每个来源行、每次投递和回执",
        en: "Where a record is and why: every version and its row, every delivery, attempt and receipt",
        args: &[(
            "record",
            "记录号；或数据集及其业务主键的各部分",
            "a record's number; or a dataset and the parts of its key",
        )],
        examples: &[("record trace 67", "", "")],
    },
    Help {
        path: "quarantine",
        zh: "隔离区：未能成为记录的行，及全部原因",
        en: "Quarantine: rows that could not become records, with every reason",
        args: &[],
        examples: &[],
    },
    Help {
        path: "quarantine list",
        zh: "列出隔离的条目，按原因计数",
        en: "List what is quarantined, counted by reason",
        args: &[
            ("job", "只列此任务的", "of this job only"),
            ("mapping", "只列此映射的；row 为无法读取的行", "of this mapping only; row: rows that could not be read"),
            ("dataset", "只列此数据集的，代码或编号", "of this dataset only, code or number"),
            ("reason", "只列有此原因的，如 credit_code", "with this reason only, e.g. credit_code"),
            ("waiting", "也列等待上级或查找的条目", "also what waits for a parent or a look-up"),
            ("limit", "最多几条（默认 20）", "most items (default 20)"),
        ],
        examples: &[
            ("quarantine list", "", ""),
            ("quarantine list --reason credit_code --limit 100", "一种原因", "one reason"),
            ("quarantine list --waiting", "连同等待的", "with what waits"),
        ],
    },
    Help {
        path: "quarantine show",
        zh: "显示一个条目：原始行、全部原因、应为什么",
        en: "One item: the row as it came, every reason, what would be right",
        args: &[("item", "编号，如 17-203 或 17-203-4-0", "its name, e.g. 17-203 or 17-203-4-0")],
        examples: &[("quarantine show 17-203", "", "")],
    },
    Help {
        path: "books",
        zh: "账：收取和投递的数据各有何结果，账是否平",
        en: "The books: what became of all that came in and goes out, and whether it balances",
        args: &[
            ("verify", "从表重新计数核对", "recount from the tables"),
            ("date", "某一天（北京时间）收取的", "what came in on one day (Beijing)"),
        ],
        examples: &[
            ("books", "", ""),
            ("books --verify", "重新核对；不平以 1 退出", "recount; ends with 1 if it does not balance"),
            ("books --date 2026-11-24 --output json", "一天的账", "one day's books"),
        ],
    },
    Help {
        path: "rehearse",
        zh: "内置的接收方：真正的对方就绪之前，先送给它",
        en: "The built-in receiver: to send to before the real target is there",
        args: &[
            ("listen", "地址和端口，默认 127.0.0.1:7070", "address and port; 127.0.0.1:7070 unless said"),
            (
                "memory",
                "记住已接收内容的文件；不写则只在内存中",
                "a file that remembers what was accepted; in memory only unless said",
            ),
            ("rules", "拒收规则的文件（TOML，[[refuse]]）", "a file of rules by which it refuses (TOML, [[refuse]])"),
            ("lose_answers", "先丢失多少次回执", "lose so many answers first"),
            ("busy", "其后多少次答 503", "then answer 503 so many times"),
            ("garbage", "其后多少次答以不是回执的内容", "then answer so many times with what is no receipt"),
        ],
        examples: &[
            (
                "rehearse",
                "订阅的 [feed.to.web] url = \"http://127.0.0.1:7070/\"",
                "for [feed.to.web] url = \"http://127.0.0.1:7070/\"",
            ),
            (
                "rehearse --memory received.ndjson --lose-answers 2",
                "记住，并丢失两次回执",
                "remember, and lose two answers",
            ),
        ],
    },
];
