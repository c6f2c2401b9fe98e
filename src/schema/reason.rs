//! Why an item could not become a valid record, in the words of the person who has to mend it.

use serde::{Deserialize, Serialize};

use crate::diagnostic::Lang;

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
    /// What the code's sentence says with it, in the order given at the code.
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
    RowUndecodable: "该行含有不是 {0} 编码的字节 {2}（文件第 {1} 字节处）", "the row has bytes {2} that are not {0} (at byte {1} of the file)";
    RowUnclosedQuote: "第 {0} 行开始的引号没有结束", "the quote that opens in line {0} is never closed";
    RowShort: "该行只有 {0} 列，表头有 {1} 列", "the row has {0} cells, the header has {1}";
    RowLong: "该行有 {0} 列，表头只有 {1} 列", "the row has {0} cells, the header has only {1}";
    RowTooLarge: "该行有 {0} 字节，超过上限 {1}（{2}）", "the row has {0} bytes, above the limit of {1} ({2})";
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
    AssignEmpty: "{0} 为空，无法赋码", "{0} is empty, so no code can be assigned";

    // Schema.
    Required: "必填项为空", "required, but empty";
    RequiredWhen: "当 {0} 时必填，现为空", "required when {0}, but empty";
    OneOf: "{0} 应且只应填写一项", "exactly one of {0} must be given";
    TooLong: "长度 {0}，超过上限 {1}", "{0} characters, at most {1} allowed";
    WrongLength: "长度 {0}，应为 {1}", "{0} characters, must be {1}";
    NotANumber: "“{v}”不是数字", "\"{v}\" is no number";
    DigitsWhole: "整数部分 {0} 位，超过上限 {1}", "{0} digits before the point, at most {1} allowed";
    DigitsFraction: "小数部分 {0} 位，超过上限 {1}", "{0} digits after the point, at most {1} allowed";
    NotADate: "“{v}”不是 {0} 格式的日期", "\"{v}\" is no date of the form {0}";
    NotABoolean: "“{v}”不是 0 或 1", "\"{v}\" is neither 0 nor 1";
    NotInCodeSet: "“{v}”不在代码集 {0}（{1}）中", "\"{v}\" is not in code set {0} ({1})";
    CodeUncheckable: "代码集 {0} 的取值未知，“{v}”无法核对", "the values of code set {0} are not known; \"{v}\" cannot be checked";
    CodeRetired: "“{v}”（{0}）已停用", "\"{v}\" ({0}) is retired";
    RegionUnknown: "行政区划代码“{v}”不存在", "there is no division \"{v}\"";
    RegionRetired: "行政区划代码“{v}”（{0}）已撤销", "division \"{v}\" ({0}) no longer exists";
    CreditCode: "“{v}”不是有效的统一社会信用代码：{0}", "\"{v}\" is no valid unified social credit code: {0}";
    OrganisationCode: "“{v}”不是有效的组织机构代码：{0}", "\"{v}\" is no valid organisation code: {0}";
    IdNumber: "“{v}”不是有效的公民身份号码：{0}", "\"{v}\" is no valid citizen ID number: {0}";
    PartyCode: "“{v}”既不是信用代码、组织机构代码，也不是身份号码", "\"{v}\" is neither a credit code nor an organisation code nor an ID number";
    DealCodeShape: "“{v}”不是统一交易标识码：{0}", "\"{v}\" is no unified deal code: {0}";
    DealCodeCheck: "统一交易标识码“{v}”的校验码为 {0}，应为 {1}", "the check character of deal code \"{v}\" is {0}, should be {1}";
    TenderCode: "“{v}”不符合{0}的组成规则：{1}", "\"{v}\" does not follow the composition of {0}: {1}";
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
        let mut sentence = lang.pick(zh, en).replace("{v}", &self.value);
        for (i, arg) in self.args.iter().enumerate() {
            sentence = sentence.replace(&format!("{{{i}}}"), arg);
        }
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
}
