//! The words of every reason that a mapping gives.

use insta::assert_snapshot;

use super::*;
use crate::schema::{Reason, ReasonCode};

#[test]
fn every_reason_of_a_mapping_speaks_both_languages() {
    use ReasonCode::*;
    let all: &[(ReasonCode, &str, &[&str])] = &[
        (DateUnreadable, "明天", &[]),
        (DateAmbiguous, "03/04/2026", &["2026-04-03", "2026-03-04"]),
        (DateImpossible, "2016-02-30", &[]),
        (MoneyUnreadable, "面议", &[]),
        (MoneyInexact, "1.23456789", &["万元", "6"]),
        (UnitUnknown, "28.38", &[]),
        (NumberUnreadable, "三", &[]),
        (NameUnknown, "奇怪", &["notice_nature"]),
        (PatternUnmatched, "某项目", &["第(.+?)包"]),
        (LookupMissing, "新局", &["LEGAL_PERSON_BASE", "LEGAL_NAME"]),
        (LookupMany, "两家", &["LEGAL_PERSON_BASE", "LEGAL_NAME"]),
        (LookupList, "甲;乙", &["LEGAL_PERSON_BASE", "LEGAL_NAME"]),
        (ExpressionFailed, "", &["VALUE(\"甲\")"]),
        (ListUneven, "", &["BDBH 3, BDMC 2"]),
        (CellUndecodable, "B9 FF", &["GBK"]),
        (IdentityEmpty, "", &["ID"]),
        (VersionUnreadable, "无", &[]),
        (VersionFuture, "2099-01-01", &[]),
        (Panicked, "", &["index out of bounds"]),
        (AreaUnreadable, "大", &[]),
        (AreaInexact, "1平方米", &["平方公里", "2"]),
        (NotInTable, "2", &[]),
        (NameAmbiguous, "鼓楼区", &["region", "320106 320302"]),
        (ListTooLong, "", &["10000"]),
        (Cut, "五个汉字！", &["5", "4"]),
        (AssignEmpty, "", &["标段（包）编号（BID_SECTION_CODE）"]),
    ];
    let lines = all.iter().flat_map(|(code, value, args)| {
        let reason = Reason::refuse(*code, "FIELD", "字段", value, args, "s/m:7");
        [Lang::Zh, Lang::En].map(|lang| reason.render(lang))
    });
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    字段（FIELD）：“明天”不是可识别的日期（依据：s/m:7）
    FIELD (字段): "明天" is no date that is known [s/m:7]
    字段（FIELD）：“03/04/2026”可能是 2026-04-03 也可能是 2026-03-04，映射须写明 form（依据：s/m:7）
    FIELD (字段): "03/04/2026" could be 2026-04-03 or 2026-03-04; the mapping must name the form [s/m:7]
    字段（FIELD）：“2016-02-30”不是存在的日期（依据：s/m:7）
    FIELD (字段): "2016-02-30" is a date that does not exist [s/m:7]
    字段（FIELD）：“面议”不是可识别的金额（依据：s/m:7）
    FIELD (字段): "面议" is no amount that is known [s/m:7]
    字段（FIELD）：“1.23456789”换算成 万元 后超过 6 位小数，会丢失精度（依据：s/m:7）
    FIELD (字段): "1.23456789" in 万元 needs more than 6 decimal places; it would be rounded [s/m:7]
    字段（FIELD）：“28.38”的单位不明（依据：s/m:7）
    FIELD (字段): the unit of "28.38" is not known [s/m:7]
    字段（FIELD）：“三”不是数字（依据：s/m:7）
    FIELD (字段): "三" is no number [s/m:7]
    字段（FIELD）：“奇怪”不在对照表或代码集 notice_nature 中（依据：s/m:7）
    FIELD (字段): "奇怪" is neither in the mapping's table nor in code set notice_nature [s/m:7]
    字段（FIELD）：“某项目”不符合格式 第(.+?)包（依据：s/m:7）
    FIELD (字段): "某项目" does not match 第(.+?)包 [s/m:7]
    字段（FIELD）：在 LEGAL_PERSON_BASE 中找不到 LEGAL_NAME 为“新局”的记录（依据：s/m:7）
    FIELD (字段): no record of LEGAL_PERSON_BASE has LEGAL_NAME "新局" [s/m:7]
    字段（FIELD）：在 LEGAL_PERSON_BASE 中有多条 LEGAL_NAME 为“两家”的记录（依据：s/m:7）
    FIELD (字段): more than one record of LEGAL_PERSON_BASE has LEGAL_NAME "两家" [s/m:7]
    字段（FIELD）：“甲;乙”是多个值，不能按 LEGAL_NAME 在 LEGAL_PERSON_BASE 中逐个查找（依据：s/m:7）
    FIELD (字段): "甲;乙" is several values, and LEGAL_PERSON_BASE is looked up by one LEGAL_NAME only [s/m:7]
    字段（FIELD）：表达式无法计算：VALUE("甲")（依据：s/m:7）
    FIELD (字段): the expression failed: VALUE("甲") [s/m:7]
    字段（FIELD）：各列表的个数不一致：BDBH 3, BDMC 2（依据：s/m:7）
    FIELD (字段): the lists differ in length: BDBH 3, BDMC 2 [s/m:7]
    字段（FIELD）：该列含有不是 GBK 编码的字节（依据：s/m:7）
    FIELD (字段): the cell has bytes that are not GBK [s/m:7]
    字段（FIELD）：标识列 ID 为空，无法确定是哪一条记录（依据：s/m:7）
    FIELD (字段): the identity column ID is empty, so the record cannot be told [s/m:7]
    字段（FIELD）：版本列的值“无”既不是时间也不是整数（依据：s/m:7）
    FIELD (字段): the version "无" is neither a time nor a whole number [s/m:7]
    字段（FIELD）：版本时间“2099-01-01”晚于当前时间一天以上，按读取时间计（依据：s/m:7）
    FIELD (字段): the version "2099-01-01" is more than a day ahead; the time of reading is taken [s/m:7]
    字段（FIELD）：处理该行时程序出错：index out of bounds（依据：s/m:7）
    FIELD (字段): the program failed on this row: index out of bounds [s/m:7]
    字段（FIELD）：“大”不是可识别的面积（依据：s/m:7）
    FIELD (字段): "大" is no area that is known [s/m:7]
    字段（FIELD）：“1平方米”换算成 平方公里 后超过 2 位小数，会丢失精度（依据：s/m:7）
    FIELD (字段): "1平方米" in 平方公里 needs more than 2 decimal places; it would be rounded [s/m:7]
    字段（FIELD）：“2”不在对照表中（依据：s/m:7）
    FIELD (字段): "2" is not in the mapping's table [s/m:7]
    字段（FIELD）：“鼓楼区”在代码集 region 中对应多个代码：320106 320302（依据：s/m:7）
    FIELD (字段): "鼓楼区" is the name of several codes of code set region: 320106 320302 [s/m:7]
    字段（FIELD）：该行的元素超过 10000 个（依据：s/m:7）
    FIELD (字段): the row has more than 10000 elements [s/m:7]
    字段（FIELD）：长度 5，已截断为 4（依据：s/m:7）
    FIELD (字段): 5 characters, cut to 4 [s/m:7]
    字段（FIELD）：标段（包）编号（BID_SECTION_CODE） 为空，无法赋码（依据：s/m:7）
    FIELD (字段): 标段（包）编号（BID_SECTION_CODE） is empty, so no code can be assigned [s/m:7]
    "#);
}
