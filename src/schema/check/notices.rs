//! Ten real notices of the national portal of 16 and 17 March 2026, with what each itself tells: the whole list of
//! reasons why it is no record of the standard yet.
//!
//! Values stand as a mapping would hand them over: forms of dates and amounts made right, divisions by their names, a
//! section or package where the notice numbers it, the stamp; units and currencies as the notice words them. What is
//! missing is missing in the world: the parties' and platforms' codes, the deal code.

use insta::assert_snapshot;

use super::tests::words;
use crate::schema::{CheckOptions, Draft, check, embedded_for_tests};

const PORTAL: &str = "https://www.ggzy.gov.cn/information/deal/html/a";
const STAMP: (&str, &str) = ("DATA_TIMESTAMP", "20260317095752");

fn told(dataset: &str, values: &[(&str, &str)]) -> String {
    let dataset = embedded_for_tests().dataset(dataset).expect("the dataset exists");
    let mut draft = Draft::new(dataset.fields.len());
    for (name, value) in values.iter().chain([&STAMP]) {
        draft.set(dataset.field(name).unwrap_or_else(|| panic!("{name} exists")), value);
    }
    let mut reasons = Vec::new();
    check(dataset, &draft, &CheckOptions::default(), &mut reasons);
    words(&reasons)
}

// A correction, Hubei: the purchaser's own code stands for the project, no package, no delay stated.
#[test]
fn the_correction_of_a_negotiation_in_jingmen() {
    let told = told(
        "552",
        &[
            ("PURCHASE_PROJECT_CODE", "JQ2026-CS-02"),
            ("PURCHASE_PROJECT_NAME", "生态运动公园体育场屋面阳光板更换项目"),
            ("PURCHASE_SECTION_CODE", "JQ2026-CS-02"),
            ("TERMINATION_BULLETIN_TITLE", "生态运动公园体育场屋面阳光板更换项目竞争性磋商更正公告"),
            ("TERMINATION_BULLETIN_CONTENT", "工程量清单上传错误，请重新下载查看"),
            ("MODIFICATION_START_TIME", "20260316210300"),
            ("URL", &format!("{PORTAL}/420000/0204/20260316/0042661bb28d396540eb9964ce34f682185b.html")),
        ],
    );
    assert_snapshot!(told, @"
    - 统一交易标识码（UNIFIED_DEAL_CODE）：必填项为空（依据：数据规范 552）
      UNIFIED_DEAL_CODE (统一交易标识码): required, but empty [数据规范 552]
    - 是否延期（IS_POSTPONE）：必填项为空（依据：数据规范 552）
      IS_POSTPONE (是否延期): required, but empty [数据规范 552]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 552）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 552]
    - 公共服务平台标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 552）
      PUB_SERVICE_PLAT_CODE (公共服务平台标识码): required, but empty [数据规范 552]
    ");
}

// A clarification, Tianjin: a tender code of the standard's form with letter I; a bid security of "0元".
#[test]
fn the_clarification_of_a_conference_centre_in_tianjin() {
    let told = told(
        "504",
        &[
            ("TENDER_PROJECT_CODE", "I1200005405000103002"),
            ("DOC_NAME", "天津滨海盘山体育公园会议中心1标段招标澄清文件"),
            ("VALID_PERIOD", "90"),
            ("MARGIN_AMOUNT", "0"),
            ("MARGIN_CURRENCY", "156"),
            ("MARGIN_AMOUNT_UNIT", "0"),
            ("CONTROL_PRICE", "0"),
            ("CONTROL_PRICE_CURRENCY", "156"),
            ("EVALUATING_METHOD", "综合评估法"),
            ("CLARIFY_CONTENT", "详情见文件"),
            ("URL", &format!("{PORTAL}/120000/0105/20260316/00120b66caaaa7ac45899fbf8ab0fbebd8d8.html")),
        ],
    );
    assert_snapshot!(told, @"
    - 相关标段（包）编号（BID_SECTION_CODE）：必填项为空（依据：数据规范 504）
      BID_SECTION_CODE (相关标段（包）编号): required, but empty [数据规范 504]
    - 相关统一交易标识码（UNIFIED_DEAL_CODES）：必填项为空（依据：数据规范 504）
      UNIFIED_DEAL_CODES (相关统一交易标识码): required, but empty [数据规范 504]
    - 投标资格（BID_QUALIFICATION）：必填项为空（依据：数据规范 504）
      BID_QUALIFICATION (投标资格): required, but empty [数据规范 504]
    - 投标文件递交截止时间（BID_DOC_REFER_END_TIME）：必填项为空（依据：数据规范 504）
      BID_DOC_REFER_END_TIME (投标文件递交截止时间): required, but empty [数据规范 504]
    - 投标文件递交方法（BID_DOC_REFER_METHOD）：必填项为空（依据：数据规范 504）
      BID_DOC_REFER_METHOD (投标文件递交方法): required, but empty [数据规范 504]
    - 投标保证金缴纳方式（MARGIN_PAY_TYPE）：必填项为空（依据：数据规范 504）
      MARGIN_PAY_TYPE (投标保证金缴纳方式): required, but empty [数据规范 504]
    - 价款形式代码（PRICE_FORM_CODE）：必填项为空（依据：数据规范 504）
      PRICE_FORM_CODE (价款形式代码): required, but empty [数据规范 504]
    - 开标时间（BID_OPEN_TIME）：必填项为空（依据：数据规范 504）
      BID_OPEN_TIME (开标时间): required, but empty [数据规范 504]
    - 开标地点（BID_OPEN_PLACE）：必填项为空（依据：数据规范 504）
      BID_OPEN_PLACE (开标地点): required, but empty [数据规范 504]
    - 开标方式（BID_OPEN_TYPE）：必填项为空（依据：数据规范 504）
      BID_OPEN_TYPE (开标方式): required, but empty [数据规范 504]
    - 资格审查方式（QUAL_TYPE）：必填项为空（依据：数据规范 504）
      QUAL_TYPE (资格审查方式): required, but empty [数据规范 504]
    - 答疑澄清时间（CLARIFY_TIME）：必填项为空（依据：数据规范 504）
      CLARIFY_TIME (答疑澄清时间): required, but empty [数据规范 504]
    - 是否延期（IS_POSTPONE）：必填项为空（依据：数据规范 504）
      IS_POSTPONE (是否延期): required, but empty [数据规范 504]
    - 递交时间（SUBMIT_TIME）：必填项为空（依据：数据规范 504）
      SUBMIT_TIME (递交时间): required, but empty [数据规范 504]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 504）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 504]
    - 交易服务系统标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 504）
      PUB_SERVICE_PLAT_CODE (交易服务系统标识码): required, but empty [数据规范 504]
    - 交易平台或发布工具标识码（TRADE_PLAT）：必填项为空（依据：数据规范 504）
      TRADE_PLAT (交易平台或发布工具标识码): required, but empty [数据规范 504]
    - 公共服务平台标识码（PUB_SERVICE_PLAT）：必填项为空（依据：数据规范 504）
      PUB_SERVICE_PLAT (公共服务平台标识码): required, but empty [数据规范 504]
    - 控制价单位（如有）（CONTROL_PRICE_UNIT）：填写了 控制价（最高限价）（如有）(CONTROL_PRICE) 时必填，现为空（依据：C30: 金额须有币种和单位）
      CONTROL_PRICE_UNIT (控制价单位（如有）): required where 控制价（最高限价）（如有）(CONTROL_PRICE) is given, but empty [C30: 金额须有币种和单位]
    ");
}

// A clarification, Kunming: a tender code with two letters, a price form whose amount has no unit.
#[test]
fn the_clarification_of_a_park_in_kunming() {
    let told = told(
        "504",
        &[
            ("TENDER_PROJECT_CODE", "GC530100202600193001"),
            ("DOC_NAME", "（招标）昆明市官渡区巫家坝体育公园建设项目（一期）设计、施工一体化.BZBJ"),
            ("VALID_PERIOD", "90"),
            ("PRICE_FORM_CODE", "1"),
            ("MARGIN_AMOUNT", "100000"),
            ("MARGIN_CURRENCY", "156"),
            ("EVALUATING_METHOD", "详见招标文件"),
            ("CLARIFY_CONTENT", "详见招标文件"),
            ("URL", &format!("{PORTAL}/530000/0105/20260316/00532200e0fcd05a4e45b90592df94eabf1a.html")),
        ],
    );
    assert_snapshot!(told, @r#"
    - 招标项目编号（TENDER_PROJECT_CODE）：“GC530100202600193001”不符合编号的组成规则：第 2 位“C”不是允许的字符（依据：电子招标投标系统技术规范 B.3.4）
      TENDER_PROJECT_CODE (招标项目编号): "GC530100202600193001" does not follow the composition of the code: character 2, "C", is not allowed there [电子招标投标系统技术规范 B.3.4]
    - 相关标段（包）编号（BID_SECTION_CODE）：必填项为空（依据：数据规范 504）
      BID_SECTION_CODE (相关标段（包）编号): required, but empty [数据规范 504]
    - 相关统一交易标识码（UNIFIED_DEAL_CODES）：必填项为空（依据：数据规范 504）
      UNIFIED_DEAL_CODES (相关统一交易标识码): required, but empty [数据规范 504]
    - 投标资格（BID_QUALIFICATION）：必填项为空（依据：数据规范 504）
      BID_QUALIFICATION (投标资格): required, but empty [数据规范 504]
    - 投标文件递交截止时间（BID_DOC_REFER_END_TIME）：必填项为空（依据：数据规范 504）
      BID_DOC_REFER_END_TIME (投标文件递交截止时间): required, but empty [数据规范 504]
    - 投标文件递交方法（BID_DOC_REFER_METHOD）：必填项为空（依据：数据规范 504）
      BID_DOC_REFER_METHOD (投标文件递交方法): required, but empty [数据规范 504]
    - 投标保证金缴纳方式（MARGIN_PAY_TYPE）：必填项为空（依据：数据规范 504）
      MARGIN_PAY_TYPE (投标保证金缴纳方式): required, but empty [数据规范 504]
    - 开标时间（BID_OPEN_TIME）：必填项为空（依据：数据规范 504）
      BID_OPEN_TIME (开标时间): required, but empty [数据规范 504]
    - 开标地点（BID_OPEN_PLACE）：必填项为空（依据：数据规范 504）
      BID_OPEN_PLACE (开标地点): required, but empty [数据规范 504]
    - 开标方式（BID_OPEN_TYPE）：必填项为空（依据：数据规范 504）
      BID_OPEN_TYPE (开标方式): required, but empty [数据规范 504]
    - 资格审查方式（QUAL_TYPE）：必填项为空（依据：数据规范 504）
      QUAL_TYPE (资格审查方式): required, but empty [数据规范 504]
    - 答疑澄清时间（CLARIFY_TIME）：必填项为空（依据：数据规范 504）
      CLARIFY_TIME (答疑澄清时间): required, but empty [数据规范 504]
    - 是否延期（IS_POSTPONE）：必填项为空（依据：数据规范 504）
      IS_POSTPONE (是否延期): required, but empty [数据规范 504]
    - 递交时间（SUBMIT_TIME）：必填项为空（依据：数据规范 504）
      SUBMIT_TIME (递交时间): required, but empty [数据规范 504]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 504）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 504]
    - 交易服务系统标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 504）
      PUB_SERVICE_PLAT_CODE (交易服务系统标识码): required, but empty [数据规范 504]
    - 交易平台或发布工具标识码（TRADE_PLAT）：必填项为空（依据：数据规范 504）
      TRADE_PLAT (交易平台或发布工具标识码): required, but empty [数据规范 504]
    - 公共服务平台标识码（PUB_SERVICE_PLAT）：必填项为空（依据：数据规范 504）
      PUB_SERVICE_PLAT (公共服务平台标识码): required, but empty [数据规范 504]
    - 投标保证金单位（MARGIN_AMOUNT_UNIT）：当 价款形式代码(PRICE_FORM_CODE) = 1 时必填，现为空（依据：数据规范 504 PRICE_FORM_CODE 备注; C30）
      MARGIN_AMOUNT_UNIT (投标保证金单位): required when 价款形式代码(PRICE_FORM_CODE) = 1, but empty [数据规范 504 PRICE_FORM_CODE 备注; C30]
    "#);
}

// An opening record, Nagqu: the participants are not named; the day was "Mar 16, 2026".
#[test]
fn the_opening_record_of_a_gymnasium_in_nagqu() {
    let told = told(
        "506",
        &[
            ("TENDER_PROJECT_CODE", "S1407003401015434001"),
            ("BID_SECTION_CODES", "S1407003401015434001001"),
            ("NOTICE_NAME", "那曲市人民体育馆围墙及附属建设项目EPC总承包开标记录"),
            ("BID_OPENING_CONTENT", "投标人名称\n投标报价\n\t\t（元）\n控制价(万元)\n工期\n投标文件递交时间"),
            ("BID_OPENING_ADDRESS", "开标室2"),
            ("BID_OPENING_TIME", "20260316000000"),
            ("URL", &format!("{PORTAL}/540000/0102/20260316/0054ba88d544457e4e17ac1255bcfb19ef9b.html")),
        ],
    );
    assert_snapshot!(told, @"
    - 相关统一交易标识码（UNIFIED_DEAL_CODES）：必填项为空（依据：数据规范 506）
      UNIFIED_DEAL_CODES (相关统一交易标识码): required, but empty [数据规范 506]
    - 开标参与人（BID_OPENING_ACTOR）：必填项为空（依据：数据规范 506）
      BID_OPENING_ACTOR (开标参与人): required, but empty [数据规范 506]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 506）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 506]
    - 交易服务系统标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 506）
      PUB_SERVICE_PLAT_CODE (交易服务系统标识码): required, but empty [数据规范 506]
    - 交易平台或发布工具标识码（TRADE_PLAT）：必填项为空（依据：数据规范 506）
      TRADE_PLAT (交易平台或发布工具标识码): required, but empty [数据规范 506]
    - 公共服务平台标识码（PUB_SERVICE_PLAT）：必填项为空（依据：数据规范 506）
      PUB_SERVICE_PLAT (公共服务平台标识码): required, but empty [数据规范 506]
    ");
}

// An opening record, Chuzhou: the platform's own project code.
#[test]
fn the_opening_record_of_a_dormitory_in_chuzhou() {
    let told = told(
        "506",
        &[
            ("TENDER_PROJECT_CODE", "czsjgc202602-013"),
            ("NOTICE_NAME", "滁州市体育职业学校二期女生宿舍楼项目开标记录"),
            ("BID_OPENING_CONTENT", "详见附件"),
            ("BID_OPENING_ADDRESS", "市本级虚拟标室一"),
            ("BID_OPENING_TIME", "20260316000000"),
            ("URL", &format!("{PORTAL}/340000/0102/20260316/0034e223cda9cafa468fbad4ab7e6c6f6c15.html")),
        ],
    );
    assert_snapshot!(told, @r#"
    - 招标项目编号（TENDER_PROJECT_CODE）：“czsjgc202602-013”不符合编号的组成规则：长度 16，应为 20（依据：电子招标投标系统技术规范 B.3.4）
      TENDER_PROJECT_CODE (招标项目编号): "czsjgc202602-013" does not follow the composition of the code: length 16, must be 20 [电子招标投标系统技术规范 B.3.4]
    - 相关标段（包）编号（BID_SECTION_CODES）：必填项为空（依据：数据规范 506）
      BID_SECTION_CODES (相关标段（包）编号): required, but empty [数据规范 506]
    - 相关统一交易标识码（UNIFIED_DEAL_CODES）：必填项为空（依据：数据规范 506）
      UNIFIED_DEAL_CODES (相关统一交易标识码): required, but empty [数据规范 506]
    - 开标参与人（BID_OPENING_ACTOR）：必填项为空（依据：数据规范 506）
      BID_OPENING_ACTOR (开标参与人): required, but empty [数据规范 506]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 506）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 506]
    - 交易服务系统标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 506）
      PUB_SERVICE_PLAT_CODE (交易服务系统标识码): required, but empty [数据规范 506]
    - 交易平台或发布工具标识码（TRADE_PLAT）：必填项为空（依据：数据规范 506）
      TRADE_PLAT (交易平台或发布工具标识码): required, but empty [数据规范 506]
    - 公共服务平台标识码（PUB_SERVICE_PLAT）：必填项为空（依据：数据规范 506）
      PUB_SERVICE_PLAT (公共服务平台标识码): required, but empty [数据规范 506]
    "#);
}

// A publicity of candidates, Nagqu: consortia without codes.
#[test]
fn the_candidates_of_a_gymnasium_in_nagqu() {
    let told = told(
        "511",
        &[
            ("TENDER_PROJECT_CODE", "S1407003401015434001"),
            ("BID_SECTION_CODES", "S1407003401015434001001"),
            ("PUBLICITY_NAME", "那曲市人民体育馆围墙及附属建设项目EPC总承包项目(1标段)中标候选人公示"),
            ("PUBLICITY_CONTENT", "经评标委员会评审，确定中标候选人，现公示如下"),
            ("PUBLICITY_START_TIME", "20260316180000"),
            ("PUBLICITY_END_TIME", "20260319180000"),
            ("OBJECTION_METHOD", "以书面形式向西藏瑞博项目管理有限公司提出异议文件，联系电话1**********"),
            ("FIRST_BIDDER_NAME", "西藏伊万卡建设工程有限责任公司;中联宏信勘察设计有限公司"),
            ("URL", &format!("{PORTAL}/540000/0104/20260316/00543a59c02831304ccbbf9e39a9a323a2a2.html")),
        ],
    );
    assert_snapshot!(told, @"
    - 相关统一交易标识码（UNIFIED_DEAL_CODE）：必填项为空（依据：数据规范 511）
      UNIFIED_DEAL_CODE (相关统一交易标识码): required, but empty [数据规范 511]
    - 公示提交时间（PUBLICITY_REFER_TIME）：必填项为空（依据：数据规范 511）
      PUBLICITY_REFER_TIME (公示提交时间): required, but empty [数据规范 511]
    - 公示发布媒体（NOTICE_MEDIA）：必填项为空（依据：数据规范 511）
      NOTICE_MEDIA (公示发布媒体): required, but empty [数据规范 511]
    - 公示类型（PUBLICITY_TYPE）：必填项为空（依据：数据规范 511）
      PUBLICITY_TYPE (公示类型): required, but empty [数据规范 511]
    - 公示发布责任人（BULLETIN_DUTY）：必填项为空（依据：数据规范 511）
      BULLETIN_DUTY (公示发布责任人): required, but empty [数据规范 511]
    - 交易平台数据验证责任人姓名（EXAMINER_NAME）：必填项为空（依据：数据规范 511）
      EXAMINER_NAME (交易平台数据验证责任人姓名): required, but empty [数据规范 511]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 511）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 511]
    - 交易服务系统标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 511）
      PUB_SERVICE_PLAT_CODE (交易服务系统标识码): required, but empty [数据规范 511]
    - 交易平台或发布工具标识码（TRADE_PLAT）：必填项为空（依据：数据规范 511）
      TRADE_PLAT (交易平台或发布工具标识码): required, but empty [数据规范 511]
    - 公共服务平台标识码（PUB_SERVICE_PLAT）：必填项为空（依据：数据规范 511）
      PUB_SERVICE_PLAT (公共服务平台标识码): required, but empty [数据规范 511]
    ");
}

// An award, Sanya: winner and amount, no code of any party.
#[test]
fn the_award_of_a_park_in_sanya() {
    let told = told(
        "513",
        &[
            ("TENDER_PROJECT_CODE", "X4600002901004618001"),
            ("REGION_CODE", "460205"),
            ("TRA_PLACE_CODE", "460000"),
            ("TENDER_AGENCY_NAM", "海南赛尚招标代理有限公司"),
            ("NOTICE_NAME", "三亚市崖州区全民健身体育公园项目（施工）中标结果公告"),
            ("NOTICE_CONTENT", "确定三亚市崖州区全民健身体育公园项目（施工）的中标人如下：安徽芊程建设工程有限公司"),
            ("NOTICE_SEND_TIME", "20260316180000"),
            ("NOTICE_NATURE", "1"),
            ("BULLETIN_TYPE", "3"),
            ("WIN_BIDDER_NAME", "安徽芊程建设工程有限公司"),
            ("PRICE_FORM_CODE", "1"),
            ("BID_AMOUNT", "2446475.04"),
            ("OTHER_BID_PRICE", "投标总报价中标价格: 2446475.04 元"),
            ("URL", &format!("{PORTAL}/460000/0104/20260316/00466f679211978d46e3ab2c8f7eb01396c7.html")),
        ],
    );
    assert_snapshot!(told, @"
    - 标段（包）编号（BID_SECTION_CODE）：必填项为空（依据：数据规范 513）
      BID_SECTION_CODE (标段（包）编号): required, but empty [数据规范 513]
    - 统一交易标识码（UNIFIED_DEAL_CODE）：必填项为空（依据：数据规范 513）
      UNIFIED_DEAL_CODE (统一交易标识码): required, but empty [数据规范 513]
    - 招标代理机构代码（TENDER_AGENCY_CODE）：必填项为空（依据：数据规范 513）
      TENDER_AGENCY_CODE (招标代理机构代码): required, but empty [数据规范 513]
    - 公告发布媒体（NOTICE_MEDIA）：必填项为空（依据：数据规范 513）
      NOTICE_MEDIA (公告发布媒体): required, but empty [数据规范 513]
    - 中标投标人类别（BIDDER_CODE_TYPE）：必填项为空（依据：数据规范 513）
      BIDDER_CODE_TYPE (中标投标人类别): required, but empty [数据规范 513]
    - 中标投标人代码（WIN_BIDDER_CODE）：必填项为空（依据：数据规范 513）
      WIN_BIDDER_CODE (中标投标人代码): required, but empty [数据规范 513]
    - 中标投标人角色（BIDDER_ROLE）：必填项为空（依据：数据规范 513）
      BIDDER_ROLE (中标投标人角色): required, but empty [数据规范 513]
    - 公示发布责任人（BULLETIN_DUTY）：必填项为空（依据：数据规范 513）
      BULLETIN_DUTY (公示发布责任人): required, but empty [数据规范 513]
    - 交易平台数据验证责任人姓名（EXAMINER_NAME）：必填项为空（依据：数据规范 513）
      EXAMINER_NAME (交易平台数据验证责任人姓名): required, but empty [数据规范 513]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 513）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 513]
    - 交易服务系统标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 513）
      PUB_SERVICE_PLAT_CODE (交易服务系统标识码): required, but empty [数据规范 513]
    - 交易平台或发布工具标识码（TRADE_PLAT）：必填项为空（依据：数据规范 513）
      TRADE_PLAT (交易平台或发布工具标识码): required, but empty [数据规范 513]
    - 公共服务平台标识码（PUB_SERVICE_PLAT）：必填项为空（依据：数据规范 513）
      PUB_SERVICE_PLAT (公共服务平台标识码): required, but empty [数据规范 513]
    - 价格币种代码（BID_CURRENCY）：当 价款形式代码(PRICE_FORM_CODE) = 1 时必填，现为空（依据：数据规范 513 PRICE_FORM_CODE 备注; C30）
      BID_CURRENCY (价格币种代码): required when 价款形式代码(PRICE_FORM_CODE) = 1, but empty [数据规范 513 PRICE_FORM_CODE 备注; C30]
    - 价格单位（PRICE_UNIT）：当 价款形式代码(PRICE_FORM_CODE) = 1 时必填，现为空（依据：数据规范 513 PRICE_FORM_CODE 备注; C30）
      PRICE_UNIT (价格单位): required when 价款形式代码(PRICE_FORM_CODE) = 1, but empty [数据规范 513 PRICE_FORM_CODE 备注; C30]
    - 中标金额（BID_AMOUNT）：中标金额(BID_AMOUNT), 费率或其它类型结果(OTHER_BID_PRICE) 应且只应填写一项（依据：数据规范 513 OTHER_BID_PRICE 备注（三选一）; C30）
      BID_AMOUNT (中标金额): exactly one of 中标金额(BID_AMOUNT), 费率或其它类型结果(OTHER_BID_PRICE) must be given [数据规范 513 OTHER_BID_PRICE 备注（三选一）; C30]
    ");
}

// A procurement notice, Hubei: the package stands in the title alone.
#[test]
fn the_procurement_notice_of_a_training_in_hubei() {
    let told = told(
        "551",
        &[
            ("PURCHASE_PROJECT_CODE", "HBT-13125032-261031"),
            ("PURCHASE_PROJECT_NAME", "销售点培训建设"),
            ("BULLETIN_BID_NUM", "1"),
            ("PURCHASE_SECTION_CODE", "2"),
            ("BULLETIN_TITLE", "湖北省体育彩票管理中心销售点培训建设2包招标公告"),
            ("BULLETIN_CONTENT", "采购方式：公开招标；预算金额：216.0(万元)"),
            ("BULLETIN_START_TIME", "20260316170300"),
            ("BULLETIN_MEDIA", "湖北省政府采购网"),
            ("BID_CLOSING_TIME", "20260407090000"),
            ("URL", &format!("{PORTAL}/420000/0201/20260316/0042edf76eb771d54fc28e09804060c729ae.html")),
        ],
    );
    assert_snapshot!(told, @"
    - 相关统一交易标识码（UNIFIED_DEAL_CODE）：必填项为空（依据：数据规范 551）
      UNIFIED_DEAL_CODE (相关统一交易标识码): required, but empty [数据规范 551]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 551）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 551]
    - 公共服务平台标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 551）
      PUB_SERVICE_PLAT_CODE (公共服务平台标识码): required, but empty [数据规范 551]
    ");
}

// A procurement result, Beijing: the winner's real credit code stands in the text; currency and unit are words, no codes.
#[test]
fn the_procurement_result_of_a_legal_service_in_beijing() {
    let told = told(
        "553",
        &[
            ("PURCHASE_PROJECT_CODE", "11000026210200163774-XM001"),
            ("PURCHASE_PROJECT_NAME", "市场监管与安全生产项目"),
            ("PURCHASE_SECTION_CODE", "1"),
            ("REGION_CODE", "110100"),
            ("TRA_PLACE_CODE", "110000"),
            (
                "WIN_BID_BULLETIN_TITLE",
                "市场监管与安全生产项目（第一包：体育行业领域预付费纠纷法律服务项目） 竞争性磋商成交公告",
            ),
            ("WIN_BID_BULLETIN_CONTENT", "中标成交供应商名称：北京恒都律师事务所 中标金额：23.5万元"),
            ("WIN_BID_BULLETIN_START_TIME", "20260316171500"),
            ("WINNINGBIDDER_NAME", "北京恒都律师事务所"),
            ("WINNINGBIDDER_CODE", "31110000567482469L"),
            ("PRICE_FORM_CODE", "1"),
            ("WIN_BID_PRICE", "23.5"),
            ("CURRENCY_CODE", "人民币"),
            ("PRICE_UNIT", "万元"),
            ("URL", &format!("{PORTAL}/110000/0202/20260316/0011c540c2bed1ac40ce821dc4b0b1e60b8a.html")),
        ],
    );
    assert_snapshot!(told, @r#"
    - 统一交易标识码（UNIFIED_DEAL_CODE）：必填项为空（依据：数据规范 553）
      UNIFIED_DEAL_CODE (统一交易标识码): required, but empty [数据规范 553]
    ~ 采购项目子包所在行政区域代码（REGION_CODE）：行政区划代码“110100”（市辖区）已撤销（依据：GB/T 2260）
      REGION_CODE (采购项目子包所在行政区域代码): division "110100" (市辖区) no longer exists [GB/T 2260]
    - 采购代理机构名称（PURCHASER_AGENCY_NAME）：必填项为空（依据：数据规范 553）
      PURCHASER_AGENCY_NAME (采购代理机构名称): required, but empty [数据规范 553]
    - 采购代理机构代码（PURCHASER_AGENCY_CODE）：必填项为空（依据：数据规范 553）
      PURCHASER_AGENCY_CODE (采购代理机构代码): required, but empty [数据规范 553]
    - 中标（成交）供应商类别（WINNINGBIDDER_TYPE）：必填项为空（依据：数据规范 553）
      WINNINGBIDDER_TYPE (中标（成交）供应商类别): required, but empty [数据规范 553]
    - 价格币种代码（CURRENCY_CODE）：“人民币”不在代码集 currency（币种 GB/T 12406 数字码）中（依据：数据规范 553）
      CURRENCY_CODE (价格币种代码): "人民币" is not in code set currency (币种 GB/T 12406 数字码) [数据规范 553]
    - 价格单位（PRICE_UNIT）：“万元”不在代码集 money_unit（金额单位）中（依据：数据规范 553）
      PRICE_UNIT (价格单位): "万元" is not in code set money_unit (金额单位) [数据规范 553]
    - 创建人（CREATOR）：必填项为空（依据：数据规范 553）
      CREATOR (创建人): required, but empty [数据规范 553]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 553）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 553]
    - 公共服务平台标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 553）
      PUB_SERVICE_PLAT_CODE (公共服务平台标识码): required, but empty [数据规范 553]
    "#);
}

// A contract, Huzhou: published with "0元" and an empty term.
#[test]
fn the_contract_of_a_bus_service_in_deqing() {
    let told = told(
        "554",
        &[
            ("PURCHASE_PROJECT_CODE", "330521253680050000027-ZJXCXZF-2025-JC57"),
            (
                "PURCHASE_PROJECT_NAME",
                "德清县体育中心（县少年儿童体育学校）的少体校学生就学、训练、参赛等用车服务采购项目",
            ),
            ("CONTRACT_NAME", "德清县体育中心（县少年儿童体育学校）的少体校学生就学、训练、参赛等用车服务采购项目合同"),
            ("PURCHASER_NAME", "德清县体育中心（德清县少年儿童体育学校）"),
            ("SUPPLIER_NAME", "湖州新国旅外事旅游汽车服务有限公司"),
            ("PRICE_FORM_CODE", "1"),
            ("CONTRACT_AMOUNT", "0"),
            ("CURRENCY_CODE", "156"),
            ("PRICE_UNIT", "0"),
            ("SIGNING_TIME", "20260317003209"),
            ("URL", &format!("{PORTAL}/330000/0203/20260317/003346ed9dd8b0494c7aa507db162810f636.html")),
        ],
    );
    assert_snapshot!(told, @"
    - 采购项目子包编号（PURCHASE_SECTION_CODE）：必填项为空（依据：数据规范 554）
      PURCHASE_SECTION_CODE (采购项目子包编号): required, but empty [数据规范 554]
    - 统一交易标识码（UNIFIED_DEAL_CODE）：必填项为空（依据：数据规范 554）
      UNIFIED_DEAL_CODE (统一交易标识码): required, but empty [数据规范 554]
    - 采购人代码（PURCHASER_CODE）：必填项为空（依据：数据规范 554）
      PURCHASER_CODE (采购人代码): required, but empty [数据规范 554]
    - 采购人角色（LEGAL_ROLE）：必填项为空（依据：数据规范 554）
      LEGAL_ROLE (采购人角色): required, but empty [数据规范 554]
    - 中标（成交）供应商代码（SUPPLIER_CODE）：必填项为空（依据：数据规范 554）
      SUPPLIER_CODE (中标（成交）供应商代码): required, but empty [数据规范 554]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 554）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 554]
    - 公共服务平台标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 554）
      PUB_SERVICE_PLAT_CODE (公共服务平台标识码): required, but empty [数据规范 554]
    ");
}

// Another trade, Liangshan: a project code of the exchange's own, no class.
#[test]
fn the_inquiry_for_a_water_heater_in_liangshan() {
    let told = told(
        "1800",
        &[
            ("PROJECT_NAME", "凉山州老年人体育活动中心建设项目太阳能热水系统设备采购项目"),
            ("PROJECT_CODE", "SWUEECG202605661"),
            ("PUBLISHING_TIME", "20260316172200"),
            ("REGION_CODE", "513400"),
            ("TRA_PLACE_CODE", "510000"),
            ("TRA_AGENCY_NAME", "凉山西南联交所企业服务有限公司"),
            ("ANNOUNCEMENT_CONNECT", "采用询价方式进行采购，特邀请符合本次采购要求的供应商参加报价。"),
            ("ANNOUNCEMENT_TITLE", "凉山州老年人体育活动中心建设项目太阳能热水系统设备采购项目询价公告"),
            ("URL", &format!("{PORTAL}/510000/9001/20260316/00516db9f380121742ae897211bec17ced32.html")),
        ],
    );
    assert_snapshot!(told, @"
    - 统一交易标识码（UNIFIED_DEAL_CODE）：必填项为空（依据：数据规范 1800）
      UNIFIED_DEAL_CODE (统一交易标识码): required, but empty [数据规范 1800]
    - 交易机构代码（TRA_AGENCY_CODE）：必填项为空（依据：数据规范 1800）
      TRA_AGENCY_CODE (交易机构代码): required, but empty [数据规范 1800]
    - 交易业务类型代码（CLASSIFY_CODE）：必填项为空（依据：数据规范 1800）
      CLASSIFY_CODE (交易业务类型代码): required, but empty [数据规范 1800]
    - 交易系统标识码（PLATFORM_CODE）：必填项为空（依据：数据规范 1800）
      PLATFORM_CODE (交易系统标识码): required, but empty [数据规范 1800]
    - 公共服务平台标识码（PUB_SERVICE_PLAT_CODE）：必填项为空（依据：数据规范 1800）
      PUB_SERVICE_PLAT_CODE (公共服务平台标识码): required, but empty [数据规范 1800]
    ");
}
