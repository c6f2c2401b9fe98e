//! Why an item could not become a valid record, in the words of the person who has to mend it.

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Lang, Words};

/// One reason: code, field, the value given, what would be right, the rule's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: ReasonCode,
    pub level: Level,
    /// Standard name of the field, or the source's column; empty where the row as a whole is meant.
    pub field: String,
    /// Chinese name of the field, where there is one.
    pub label: String,
    /// The value given, cut at 200 characters.
    pub value: String,
    /// What the code's sentence says with it, in the order given at the code; words as `Words::to_text` has them.
    pub args: Vec<String>,
    /// Where the rule stands, e.g. `GB 32100-2015`.
    pub source: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The item is quarantined.
    Refuse,
    /// The item goes on; the reason is shown.
    Warn,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $zh:literal, $en:literal;)*) => {
        /// What is wrong. The code is stable: letters, statistics and rules refer to it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ReasonCode { $($(#[$doc])* $name,)* }

        impl ReasonCode {
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            /// The sentence in Chinese and English; `{v}` is the value, `{0}`, `{1}` … the arguments.
            fn sentences(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($zh, $en),)* }
            }
        }
    };
}

codes! {
    // The row could not be read (pseudo-mapping `row`).
    RowUndecodable: "该行含有不是 {0} 编码的字节 {2}（文件第 {1} 字节处）{3}", "the row has bytes {2} that are not {0} (at byte {1} of the file){3}";
    RowUnclosedQuote: "第 {0} 行开始的引号没有结束", "the quote that opens in line {0} is never closed";
    RowShort: "该行只有 {0} 列，表头有 {1} 列", "the row has {0} cells, the header has {1}";
    RowLong: "该行有 {0} 列，表头只有 {1} 列", "the row has {0} cells, the header has only {1}";
    RowTooLarge: "{2}为 {0}，超过上限 {1}", "the row has {0} {2}, above the limit of {1}";
    RowMalformed: "该行格式不正确：{0}", "the row is malformed: {0}";
    FileUnreadable: "文件无法读取：{0}。{1}", "the file cannot be read: {0}. {1}";

    // Mapping.
    DateUnreadable: "“{v}”不是可识别的日期", "\"{v}\" is no date that is known";
    DateAmbiguous: "“{v}”可能是 {0} 也可能是 {1}，映射须写明 form", "\"{v}\" could be {0} or {1}; the mapping must name the form";
    DateImpossible: "“{v}”不是存在的日期", "\"{v}\" is a date that does not exist";
    MoneyUnreadable: "“{v}”不是可识别的金额", "\"{v}\" is no amount that is known";
    MoneyInexact: "“{v}”换算成 {0} 后超过 {1} 位小数，会丢失精度", "\"{v}\" in {0} needs more than {1} decimal places; it would be rounded";
    UnitUnknown: "“{v}”的单位不明", "the unit of \"{v}\" is not known";
    NumberUnreadable: "“{v}”不是数字", "\"{v}\" is no number";
    NameUnknown: "“{v}”不在对照表或代码集 {0} 中", "\"{v}\" is neither in the mapping's table nor in code set {0}";
    PatternUnmatched: "“{v}”不符合格式 {0}", "\"{v}\" does not match {0}";
    LookupMissing: "在 {0} 中找不到 {1} 为“{v}”的记录", "no record of {0} has {1} \"{v}\"";
    LookupMany: "在 {0} 中有多条 {1} 为“{v}”的记录", "more than one record of {0} has {1} \"{v}\"";
    LookupList: "“{v}”是多个值，不能按 {1} 在 {0} 中逐个查找", "\"{v}\" is several values, and {0} is looked up by one {1} only";
    ExpressionFailed: "表达式无法计算：{0}", "the expression failed: {0}";
    ListUneven: "各列表的个数不一致：{0}", "the lists differ in length: {0}";
    CellUndecodable: "该列含有不是 {0} 编码的字节", "the cell has bytes that are not {0}";
    IdentityEmpty: "标识列 {0} 为空，无法确定是哪一条记录", "the identity column {0} is empty, so the record cannot be told";
    VersionUnreadable: "版本列的值“{v}”既不是时间也不是整数", "the version \"{v}\" is neither a time nor a whole number";
    VersionFuture: "版本时间“{v}”晚于当前时间一天以上，按读取时间计", "the version \"{v}\" is more than a day ahead; the time of reading is taken";
    Panicked: "处理该行时程序出错：{0}", "the program failed on this row: {0}";
    AreaUnreadable: "“{v}”不是可识别的面积", "\"{v}\" is no area that is known";
    AreaInexact: "“{v}”换算成 {0} 后超过 {1} 位小数，会丢失精度", "\"{v}\" in {0} needs more than {1} decimal places; it would be rounded";
    NotInTable: "“{v}”不在对照表中", "\"{v}\" is not in the mapping's table";
    NameAmbiguous: "“{v}”在代码集 {0} 中对应多个代码：{1}", "\"{v}\" is the name of several codes of code set {0}: {1}";
    ListTooLong: "该行的元素超过 {0} 个", "the row has more than {0} elements";
    Cut: "长度 {0}，已截断为 {1}", "{0} characters, cut to {1}";
    AssignImpossible: "分类“{0}”、平台“{1}”不能组成统一交易标识码", "no deal code can be made of class \"{0}\" and platform \"{1}\"";
    AssignEmpty: "{0} 为空，无法赋码", "{0} is empty, so no code can be assigned";

    // Schema. `{f}` is the flaw that the first argument names, in its own words (`FLAWS`).
    Required: "必填项为空", "required, but empty";
    RequiredWhen: "当 {0} 时必填，现为空", "required when {0}, but empty";
    RequiredWith: "填写了 {0} 时必填，现为空", "required where {0} is given, but empty";
    OneOf: "{0} 应且只应填写一项", "exactly one of {0} must be given";
    TooLong: "长度 {0}，超过上限 {1}", "length {0}, at most {1} allowed";
    WrongLength: "长度 {0}，应为 {1}", "length {0}, must be {1}";
    EmptyElement: "列表“{v}”的第 {0} 项为空", "element {0} of the list \"{v}\" is empty";
    NotANumber: "“{v}”不是数字", "\"{v}\" is no number";
    NotAnInteger: "“{v}”不是整数", "\"{v}\" is no whole number";
    DigitsWhole: "“{v}”的整数部分有 {0} 位，超过上限 {1}", "\"{v}\" has {0} digits before the point, at most {1} allowed";
    DigitsFraction: "“{v}”的小数部分有 {0} 位，超过上限 {1}", "\"{v}\" has {0} digits after the point, at most {1} allowed";
    NotADate: "“{v}”不是 {0} 格式的日期", "\"{v}\" is no date of the form {0}";
    NotABoolean: "“{v}”不是 0 或 1", "\"{v}\" is neither 0 nor 1";
    NotInCodeSet: "“{v}”不在代码集 {0}（{1}）中", "\"{v}\" is not in code set {0} ({1})";
    CodeUncheckable: "代码集 {0} 的取值未知或不全，“{v}”无法核对", "code set {0} is not known in full; \"{v}\" cannot be checked";
    CodeRetired: "“{v}”（{0}）已停用", "\"{v}\" ({0}) is retired";
    RegionUnknown: "行政区划代码“{v}”不存在", "there is no division \"{v}\"";
    RegionRetired: "行政区划代码“{v}”（{0}）已撤销", "division \"{v}\" ({0}) no longer exists";
    CreditCode: "“{v}”不是有效的统一社会信用代码：{f}", "\"{v}\" is no valid unified social credit code: {f}";
    OrganisationCode: "“{v}”不是有效的组织机构代码：{f}", "\"{v}\" is no valid organisation code: {f}";
    IdNumber: "“{v}”不是有效的公民身份号码：{f}", "\"{v}\" is no valid citizen ID number: {f}";
    PartyCode: "“{v}”不是{0}", "\"{v}\" is no {1}";
    InternalCode: "“{v}”不是统一代码，按内部代码接受", "\"{v}\" is no standard code and is taken as an internal one";
    DealCodeShape: "“{v}”不是统一交易标识码：{f}", "\"{v}\" is no unified deal code: {f}";
    DealCodeCheck: "统一交易标识码“{v}”的校验码为 {0}，应为 {1}", "the check character of deal code \"{v}\" is {0}, should be {1}";
    TenderCode: "“{v}”不符合编号的组成规则：{f}", "\"{v}\" does not follow the composition of the code: {f}";
    TenderCodePrefix: "“{v}”不以 {0}“{1}”开头", "\"{v}\" does not begin with {0} \"{1}\"";
    ControlCharacter: "含有不允许的控制字符 {0}", "has the control character {0}, which is not allowed";

    // Among records.
    KeyTaken: "业务主键已属于系统 {0} 的记录 {1}", "the business key belongs to record {1} of system {0}";
    ParentMissing: "找不到上级 {0}（{1}）", "no parent {0} ({1}) is known";
    ParentWaiting: "等待上级 {0}（{1}）到达", "waits for its parent {0} ({1})";
    LookupWaiting: "等待 {0} 中 {1} 为“{v}”的记录到达", "waits for a record of {0} whose {1} is \"{v}\"";
    SerialsUsedUp: "当日统一交易标识码已用完，次日继续", "the day's deal codes are used up; it goes on tomorrow";
}

impl ReasonCode {
    /// The stable name, e.g. `too_long`.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// Longest value that a reason repeats, in characters.
const VALUE_CHARS_MAX: usize = 200;

impl Reason {
    pub fn refuse(code: ReasonCode, field: &str, label: &str, value: &str, args: &[&str], source: &str) -> Self {
        Self {
            code,
            level: Level::Refuse,
            field: field.to_owned(),
            label: label.to_owned(),
            value: value.chars().take(VALUE_CHARS_MAX).collect(),
            args: args.iter().map(|a| (*a).to_owned()).collect(),
            source: source.to_owned(),
        }
    }

    pub fn warn(code: ReasonCode, field: &str, label: &str, value: &str, args: &[&str], source: &str) -> Self {
        Self { level: Level::Warn, ..Self::refuse(code, field, label, value, args, source) }
    }

    /// The whole sentence: field, what is wrong, where the rule stands.
    pub fn render(&self, lang: Lang) -> String {
        let (zh, en) = self.code.sentences();
        let sentence = self.fill(lang.pick(zh, en), lang);
        let head = match (self.field.as_str(), self.label.as_str(), lang) {
            ("", ..) => String::new(),
            (field, "", _) => format!("{field}{}", lang.pick("：", ": ")),
            (field, label, Lang::Zh) => format!("{label}（{field}）："),
            (field, label, Lang::En) => format!("{field} ({label}): "),
        };
        let tail = match (self.source.as_str(), lang) {
            ("", _) => String::new(),
            (source, Lang::Zh) => format!("（依据：{source}）"),
            (source, Lang::En) => format!(" [{source}]"),
        };
        format!("{head}{sentence}{tail}")
    }

    /// Puts value, arguments and flaw into a sentence in one pass, so that a value that holds `{0}` stays as it is.
    fn fill(&self, sentence: &str, lang: Lang) -> String {
        let mut out = String::with_capacity(sentence.len() + self.value.len());
        let mut rest = sentence;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
        {
            out.push_str(before);
            match name {
                "v" => out.push_str(&self.value),
                "f" => out.push_str(&self.fill(flaw_sentence(self.args.first(), lang), lang)),
                place => {
                    let arg = place.parse().ok().and_then(|place: usize| self.args.get(place));
                    out.push_str(arg.map(|arg| Words::of_text(arg)).unwrap_or_default().get(lang));
                }
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// What can be wrong with an identifier, by the name that stands as the reason's first argument; `{1}`, `{2}` follow.
const FLAWS: &[(&str, &str, &str)] = &[
    ("length", "长度 {1}，应为 {2}", "length {1}, must be {2}"),
    ("character", "第 {1} 位“{2}”不是允许的字符", "character {1}, \"{2}\", is not allowed there"),
    ("check", "末位校验码为 {1}，应为 {2}", "the check character is {1}, should be {2}"),
    ("region", "行政区划 {1} 不存在", "there is no division {1}"),
    ("date", "日期 {1} 不存在", "there is no day {1}"),
    ("class", "交易分类 {1} 不存在", "there is no trade class {1}"),
    ("credit_code", "其中的统一社会信用代码 {1} 无效", "the credit code {1} in it is not valid"),
    ("hyphens", "连字符的位置不对", "the hyphens do not stand where they must"),
    (
        "not_standard",
        "是地方监管平台的 {1} 位编号（三位行业类别、行政区划、日期、序号），标准编号为 {2} 位",
        "it is a local platform's code of {1} characters (class of three, division, date, serial); \
         the standard's has {2}",
    ),
];

fn flaw_sentence(name: Option<&String>, lang: Lang) -> &'static str {
    let flaw = FLAWS.iter().find(|(flaw, ..)| name.is_some_and(|name| name == flaw));
    flaw.map_or("", |(_, zh, en)| lang.pick(zh, en))
}
