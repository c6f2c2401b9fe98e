//! Examples in a mapping, and a row shown field by field.

use insta::assert_snapshot;

use super::*;

const TEXT: &str = r#"
dataset = "503"
when = { ZT = "1" }
[fields]
NOTICE_NAME = "BT"
NOTICE_NATURE = { from = "XZ", code = "notice_nature" }
NOTICE_SEND_TIME = "SJ"
TENDERER_CODE = { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "ZBR" }, take = "LEGAL_CODE" }
NOTICE_CONTENT = { concat = ["BT", "XZ"], separator = " " }

[[example]]
row = { ZT = 1, BT = "某公告", XZ = "正常公告", SJ = "2016-4-14", ZBR = "某局" }
found = { LEGAL_PERSON_BASE = [{ LEGAL_NAME = "某局", LEGAL_CODE = "91420704MA0000000X" }] }
record = { NOTICE_NAME = "某公告", NOTICE_NATURE = "1", TENDERER_CODE = "91420704MA0000000X", URL = "" }

[[example]]
row = { ZT = 2 }
filtered = true

[[example]]
row = { ZT = 1, BT = "某公告", XZ = "奇怪", ZBR = "新局" }
record = { NOTICE_NAME = "另一公告" }
reasons = ["name_unknown"]

[[example]]
row = { ZT = 1 }
records = [{}, {}]

[[example]]
row = { ZT = 2 }
"#;

#[test]
fn examples_say_what_is_not_as_they_say() {
    let mapping = mapping(TEXT);
    assert_eq!(mapping.examples(), 5);
    let shown = |lang| {
        let outcomes = mapping.test();
        let lines = outcomes.iter().map(|outcome| {
            let mismatches: Vec<String> = outcome.mismatches.iter().map(|m| m.render(lang)).collect();
            format!(
                "line {}: {}",
                outcome.line,
                if mismatches.is_empty() { "ok".to_owned() } else { mismatches.join("\n") }
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(shown(Lang::En), @r#"
    line 11: ok
    line 16: ok
    line 20: record 1, NOTICE_NAME (公告标题): "另一公告" wanted, "某公告" made
    reasons wanted: name_unknown; made:
      name_unknown: NOTICE_NATURE (公告性质): "奇怪" is neither in the mapping's table nor in code set notice_nature [s/m:6]
      lookup_waiting: waits for a record of LEGAL_PERSON_BASE whose LEGAL_NAME is "新局" [s/m]
      required: TENDER_PROJECT_CODE (招标项目编号): required, but empty [数据规范 503]
      required: NOTICE_BID_NUM (公告标段（包）数量): required, but empty [数据规范 503]
      required: UNIFIED_DEAL_CODES (统一交易标识码): required, but empty [数据规范 503]
      required: TENDER_SELF_CODE (招标编号): required, but empty [数据规范 503]
      required: NOTICE_SEND_TIME (公告发布时间): required, but empty [数据规范 503]
      required: NOTICE_MEDIA (公告发布媒体): required, but empty [数据规范 503]
      required: URL (公告源URL): required, but empty [数据规范 503]
      required: BULLETIN_TYPE (公告类型): required, but empty [数据规范 503]
      required: DOC_GET_START_TIME (招标文件/资格预审文件获取时间): required, but empty [数据规范 503]
      required: DOC_GET_END_TIME (招标文件/资格预审文件获取截至时间): required, but empty [数据规范 503]
      required: TENDER_DOC_GET_METHOD (招标文件/资格预审文件获取方法): required, but empty [数据规范 503]
      required: BID_DOC_REFER_END_TIME (投标文件/资格预审申请文件递交截止时间): required, but empty [数据规范 503]
      required: BID_OPEN_TIME (开标时间/开启时间): required, but empty [数据规范 503]
      required: BID_DOC_REFER_METHOD (投标文件/资格预审申请文件递交方法): required, but empty [数据规范 503]
      required: SYNDICATED_FLAG (是否允许联合体投标): required, but empty [数据规范 503]
      required: TENDERER_NAME (招标人名称): required, but empty [数据规范 503]
      required: TENDERER_ADDRESS (招标人地址): required, but empty [数据规范 503]
      required: TENDERER_CONTACTOR (招标人联系人): required, but empty [数据规范 503]
      required: TENDERER_PHONE_NUMBER (招标人联系电话): required, but empty [数据规范 503]
      required: TENDERER_EMAIL (招标人电子邮箱): required, but empty [数据规范 503]
      required: BULLETIN_DUTY (公告发布责任人): required, but empty [数据规范 503]
      required: BULLETIN_DUTY_CODE_TYPE (交易平台验证责任人): required, but empty [数据规范 503]
      required: PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 503]
      required: PUB_SERVICE_PLAT_CODE (交易服务系统标识码): required, but empty [数据规范 503]
      required: DATA_TIMESTAMP (数据时间戳): required, but empty [数据规范 503]
      required: TRADE_PLAT (交易平台或发布工具标识码): required, but empty [数据规范 503]
      required: PUB_SERVICE_PLAT (公共服务平台标识码): required, but empty [数据规范 503]
    line 25: 2 records wanted, 1 made
    line 29: is filtered, but should not be
    "#);
    assert_snapshot!(shown(Lang::Zh), @r"
    line 11: ok
    line 16: ok
    line 20: 第 1 条记录 公告标题（NOTICE_NAME）：应为“另一公告”，实际为“某公告”
    应有的原因：name_unknown；实际：
      name_unknown: 公告性质（NOTICE_NATURE）：“奇怪”不在对照表或代码集 notice_nature 中（依据：s/m:6）
      lookup_waiting: 等待 LEGAL_PERSON_BASE 中 LEGAL_NAME 为“新局”的记录到达（依据：s/m）
      required: 招标项目编号（TENDER_PROJECT_CODE）：必填项为空（依据：数据规范 503）
      required: 公告标段（包）数量（NOTICE_BID_NUM）：必填项为空（依据：数据规范 503）
      required: 统一交易标识码（UNIFIED_DEAL_CODES）：必填项为空（依据：数据规范 503）
      required: 招标编号（TENDER_SELF_CODE）：必填项为空（依据：数据规范 503）
      required: 公告发布时间（NOTICE_SEND_TIME）：必填项为空（依据：数据规范 503）
      required: 公告发布媒体（NOTICE_MEDIA）：必填项为空（依据：数据规范 503）
      required: 公告源URL（URL）：必填项为空（依据：数据规范 503）
      required: 公告类型（BULLETIN_TYPE）：必填项为空（依据：数据规范 503）
      required: 招标文件/资格预审文件获取时间（DOC_GET_START_TIME）：必填项为空（依据：数据规范 503）
      required: 招标文件/资格预审文件获取截至时间（DOC_GET_END_TIME）：必填项为空（依据：数据规范 503）
      required: 招标文件/资格预审文件获取方法（TENDER_DOC_GET_METHOD）：必填项为空（依据：数据规范 503）
      required: 投标文件/资格预审申请文件递交截止时间（BID_DOC_REFER_END_TIME）：必填项为空（依据：数据规范 503）
      required: 开标时间/开启时间（BID_OPEN_TIME）：必填项为空（依据：数据规范 503）
      required: 投标文件/资格预审申请文件递交方法（BID_DOC_REFER_METHOD）：必填项为空（依据：数据规范 503）
      required: 是否允许联合体投标（SYNDICATED_FLAG）：必填项为空（依据：数据规范 503）
      required: 招标人名称（TENDERER_NAME）：必填项为空（依据：数据规范 503）
      required: 招标人地址（TENDERER_ADDRESS）：必填项为空（依据：数据规范 503）
      required: 招标人联系人（TENDERER_CONTACTOR）：必填项为空（依据：数据规范 503）
      required: 招标人联系电话（TENDERER_PHONE_NUMBER）：必填项为空（依据：数据规范 503）
      required: 招标人电子邮箱（TENDERER_EMAIL）：必填项为空（依据：数据规范 503）
      required: 公告发布责任人（BULLETIN_DUTY）：必填项为空（依据：数据规范 503）
      required: 交易平台验证责任人（BULLETIN_DUTY_CODE_TYPE）：必填项为空（依据：数据规范 503）
      required: 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 503）
      required: 交易服务系统标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 503）
      required: 数据时间戳（DATA_TIMESTAMP）：必填项为空（依据：数据规范 503）
      required: 交易平台或发布工具标识码（TRADE_PLAT）：必填项为空（依据：数据规范 503）
      required: 公共服务平台标识码（PUB_SERVICE_PLAT）：必填项为空（依据：数据规范 503）
    line 25: 应有 2 条记录，实际 1 条
    line 29: 被过滤了，不应过滤
    ");
}

#[test]
fn a_row_is_shown_field_by_field() {
    let mapping = mapping(TEXT);
    let given = rows(&["ZT", "BT", "XZ", "SJ", "ZBR"], &[&["1", " 某公告 ", "奇怪", "2016-4-14", "~"]]);
    let bound = mapping.bind(given.columns(), true).unwrap();
    let traces = bound.trace(&given, 0, &Found::default(), READ_US);
    let lines = traces[0].fields.iter().map(|field| {
        let reasons: Vec<String> = field.reasons.iter().map(|reason| reason.code.name()).collect();
        format!(
            "{} {} {:?} by {} at {} → {:?} {}",
            field.field,
            field.label,
            field.columns,
            field.rule,
            field.place,
            field.result,
            reasons.join(",")
        )
    });
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    NOTICE_NAME 公告标题 [("BT", Some(" 某公告 "))] by "BT" at s/m:5 → Some("某公告") 
    NOTICE_NATURE 公告性质 [("XZ", Some("奇怪"))] by { from = "XZ", code = "notice_nature" } at s/m:6 → None name_unknown
    NOTICE_SEND_TIME 公告发布时间 [("SJ", Some("2016-4-14"))] by "SJ" at s/m:7 → Some("20160414000000") 
    TENDERER_CODE 招标人代码 [("ZBR", None)] by { lookup = "LEGAL_PERSON_BASE", where = { LEGAL_NAME = "ZBR" }, take = "LEGAL_CODE" } at s/m:8 → None 
    NOTICE_CONTENT 公告内容 [("BT", Some(" 某公告 ")), ("XZ", Some("奇怪"))] by { concat = ["BT", "XZ"], separator = " " } at s/m:9 → Some("某公告 奇怪")
    "#);
}

/// Every mapping below `mappings/from` is read without a mistake, and its examples are as they say.
#[test]
fn the_mappings_that_ship_are_right() {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings/from");
    let mut wrong = Vec::new();
    let mut read = 0;
    for system in std::fs::read_dir(&from).unwrap() {
        let system = system.unwrap().path();
        let common_file = system.join("common.toml");
        let common = std::fs::read_to_string(&common_file).ok();
        let common = common.as_deref().map(|text| (common_file.as_path(), text));
        for file in std::fs::read_dir(&system).unwrap() {
            let file = file.unwrap().path();
            if file == common_file {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            read += 1;
            match load(
                &file.strip_prefix(&from).unwrap().with_extension("").display().to_string(),
                &file,
                &text,
                common,
                &SCHEMA,
            ) {
                Err(found) => wrong.extend(found.iter().map(|d| d.to_string())),
                Ok(mapping) => {
                    for outcome in mapping.test() {
                        let place = format!("{}:{}", file.display(), outcome.line);
                        wrong.extend(outcome.mismatches.iter().map(|m| format!("{place}: {}", m.render(Lang::En))));
                    }
                }
            }
        }
    }
    assert!(read > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}
