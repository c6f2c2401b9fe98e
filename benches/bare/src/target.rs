//! Which fields a row becomes, and where the record stands in the hub's index: what the hub reads from mappings,
//! schema and plan is written out here. Fields stand in the schema's order, since that is the order of a body.

use crate::map::{Field, How, field};

/// A dataset that rows become.
pub struct Target {
    pub number: &'static str,
    pub code: &'static str,
    /// As the hub names the mapping that does the same.
    pub mapping: &'static str,
    pub fields: &'static [Field],
    /// By the number under which a field's value is kept (see [`Field::kept`]).
    pub identity: usize,
    pub key: &'static [usize],
    /// Index names other than the key.
    pub index: &'static [(&'static str, usize)],
    pub points_at: &'static [PointsAt],
}

/// A relation to a parent.
pub struct PointsAt {
    /// Dataset and index name pointed at.
    pub code: &'static str,
    pub name: &'static str,
    pub kept: usize,
    pub required: bool,
    pub parents: Parents,
}

/// Where the parents are while the children come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parents {
    /// The workload has none.
    Nowhere,
    /// In the store; they come in with their children.
    Stored,
    /// In the store and at the target.
    Delivered,
}

const DEAL_CODE: &str = "A01-12420700MB0X000013-20260101-000001-N";
const PLATFORM: &str = "12420700MB0X000013";
const SERVICE: &str = "12420700MB0X000026";
const DISTRICTS: &[(&str, &str)] = &[
    ("鄂城区", "湖北省鄂州市鄂城区"),
    ("华容区", "湖北省鄂州市华容区"),
    ("梁子湖区", "湖北省鄂州市梁子湖区"),
    ("420704", "湖北省鄂州市鄂城区"),
];
const NATURES: &[(&str, &str)] = &[("正常公告", "1"), ("更正公告", "2"), ("重发公告", "3"), ("其他", "9")];
const OPENINGS: &[(&str, &str)] = &[("公开招标", "公开开标"), ("邀请招标", "邀请开标")];
const SYNDICATED: &[(&str, &str)] = &[("1", "0"), ("2", "1")];

/// 503, from `benches/mapping/notice.toml`.
pub static NOTICE: Target = Target {
    number: "503",
    code: "TENDER_ANN_QUA_INQUERY_ANN",
    mapping: "bench/notice",
    fields: &[
        field("TENDER_PROJECT_CODE", 1, How::TenderCode { length: 20, serials: 3 }, 20).kept(0),
        field("NOTICE_BID_NUM", 0, How::Const("1"), 2),
        field("BID_SECTION_CODES", 2, How::TenderCode { length: 23, serials: 6 }, 0).kept(1),
        field("UNIFIED_DEAL_CODES", 0, How::Const(DEAL_CODE), 0).kept(2),
        field("TENDER_SELF_CODE", 0, How::Copy, 600),
        field("NOTICE_NAME", 3, How::Copy, 600).kept(3),
        field("NOTICE_CONTENT", 4, How::Copy, 0),
        field("NOTICE_SEND_TIME", 5, How::DateTime, 14),
        field("NOTICE_MEDIA", 21, How::Copy, 1000),
        field("URL", 22, How::Copy, 500),
        field("NOTICE_NATURE", 15, How::Table(NATURES), 1).kept(4),
        field("BULLETIN_TYPE", 16, How::OneOf(&["1", "2", "3", "9"]), 1).kept(5),
        field("DOC_GET_START_TIME", 7, How::DateTime, 14),
        field("DOC_GET_END_TIME", 8, How::DateTime, 14),
        field("TENDER_DOC_GET_METHOD", 0, How::Const("网上获取"), 500),
        field("BID_DOC_REFER_END_TIME", 6, How::DateTime, 14),
        field("BID_OPEN_TIME", 6, How::DateTime, 14),
        field("BID_OPEN_METHOD", 17, How::Table(OPENINGS), 0),
        field("QUAL_TYPE", 23, How::Integer, 20),
        field("DOC_PRICE", 9, How::TenThousandYuan, 21),
        field("DOC_PRICE_CURRENCY", 0, How::Const("156"), 3),
        field("DOC_PRICE_UNIT", 0, How::Const("0"), 1),
        field("BID_DOC_REFER_METHOD", 22, How::Copy, 500),
        field("SYNDICATED_FLAG", 18, How::Table(SYNDICATED), 1),
        field("TENDERER_CODE", 11, How::CreditCode, 18).kept(6),
        field("TENDERER_NAME", 10, How::Copy, 200),
        field("TENDERER_ADDRESS", 14, How::Table(DISTRICTS), 200),
        field("TENDERER_CONTACTOR", 19, How::Copy, 100),
        field("TENDERER_PHONE_NUMBER", 20, How::Copy, 20),
        field("TENDERER_EMAIL", 0, How::Const("tenderer@example.invalid"), 100),
        field("TENDER_AGENCY_CODE", 13, How::CreditCode, 18),
        field("TENDER_AGENCY_NAME", 12, How::Copy, 200),
        field("TENDER_AGENCY_ADDRESS", 0, How::Const("湖北省鄂州市"), 200),
        field("TENDER_AGENCY_CONTACTOR", 19, How::Copy, 100),
        field("TENDER_AGENCY_PHONE_NUMBER", 20, How::Copy, 20),
        field("TENDER_AGENCY_EMAIL", 0, How::Const("agency@example.invalid"), 100),
        field("OTHER_CONTENT", 25, How::Copy, 0).optional(),
        field("BULLETIN_DUTY", 19, How::Copy, 50),
        field("BULLETIN_DUTY_CODE_TYPE", 19, How::Copy, 50),
        field("PLATFORM_CODE", 0, How::Const(PLATFORM), 18),
        field("PUB_SERVICE_PLAT_CODE", 0, How::Const(SERVICE), 18),
        field("DATA_TIMESTAMP", 24, How::DateTime, 14),
        field("TRADE_PLAT", 0, How::Const("X4207000001"), 11),
        field("PUB_SERVICE_PLAT", 0, How::Const("X4207000002"), 11),
    ],
    identity: 1,
    key: &[0, 5, 4, 3],
    index: &[
        ("BID_SECTION_CODES", 1),
        ("NOTICE_NAME", 3),
        ("TENDERER_CODE", 6),
        ("TENDER_PROJECT_CODE", 0),
        ("UNIFIED_DEAL_CODES", 2),
    ],
    points_at: &[
        PointsAt { code: "TENDER_PROJECT", name: "key", kept: 0, required: true, parents: Parents::Delivered },
        PointsAt { code: "SECTION", name: "key", kept: 1, required: false, parents: Parents::Delivered },
    ],
};

/// 501, from `benches/mapping/project.toml`.
pub static PROJECT: Target = Target {
    number: "501",
    code: "TENDER_PROJECT",
    mapping: "bench/project",
    fields: &[
        field("PROJECT_CODE", 0, How::TenderCode { length: 17, serials: 0 }, 17).kept(0),
        field("TENDER_PROJECT_CODE", 1, How::TenderCode { length: 20, serials: 3 }, 20).kept(1),
        field("IS_TO_LAW", 0, How::Const("1"), 1),
        field("TENDER_PROJECT_NAME", 3, How::Copy, 600).kept(2),
        field("TENDER_PROJECT_TYPE", 0, How::Const("A01"), 3),
        field("REGION_CODE", 0, How::Const("420704"), 6),
        field("TENDER_CONTENT", 3, How::Copy, 0),
        field("TENDERER_NAME", 10, How::Copy, 2000),
        field("TENDERER_CODE_TYPE", 0, How::Const("1"), 20),
        field("TENDERER_CODE", 11, How::CreditCode, 2000).kept(3),
        field("ISUNION", 0, How::Const("0"), 1),
        field("TENDERER_ROLE", 0, How::Const("01"), 2),
        field("TENDER_AGENCY_NAME", 12, How::Copy, 200),
        field("TENDER_AGENCY_CODE_TYPE", 0, How::Const("1"), 1),
        field("TENDER_AGENCY_CODE", 13, How::CreditCode, 18),
        field("TENDER_AGENCY_ROLE", 0, How::Const("02"), 2),
        field("TENDER_MODE", 0, How::Const("1"), 1),
        field("TENDER_ORGANIZE_FORM", 0, How::Const("2"), 1),
        field("CREATE_TIME", 5, How::DateTime, 14),
        field("SUPERVISE_DEPT_NAME", 0, How::Const("鄂州市公共资源交易监督管理局"), 200),
        field("APPROVE_DEPT_NAME", 0, How::Const("鄂州市发展和改革委员会"), 200),
        field("REPORT_DUTY", 19, How::Copy, 100),
        field("PLATFORM_CODE", 0, How::Const(PLATFORM), 18),
        field("PUB_SERVICE_PLAT_CODE", 0, How::Const(SERVICE), 18),
        field("TRADE_PLAT", 0, How::Const("X4207000001"), 11),
        field("PUB_SERVICE_PLAT", 0, How::Const("X4207000002"), 11),
    ],
    identity: 1,
    key: &[1],
    index: &[("PROJECT_CODE", 0), ("TENDERER_CODE", 3), ("TENDER_PROJECT_NAME", 2)],
    points_at: &[PointsAt { code: "PROJECT", name: "key", kept: 0, required: false, parents: Parents::Nowhere }],
};

/// 502, from `benches/mapping/section.toml`.
pub static SECTION: Target = Target {
    number: "502",
    code: "SECTION",
    mapping: "bench/section",
    fields: &[
        field("TENDER_PROJECT_CODE", 1, How::TenderCode { length: 20, serials: 3 }, 20).kept(0),
        field("BID_SECTION_CODE", 2, How::TenderCode { length: 23, serials: 6 }, 23).kept(1),
        field("BID_SECTION_NAME", 3, How::Copy, 500).kept(2),
        field("BID_ECTION_NUM", 0, How::Const("1"), 1),
        field("UNIFIED_DEAL_CODE", 0, How::Const(DEAL_CODE), 40).kept(3),
        field("BID_TENDER_MODE", 0, How::Const("1"), 1),
        field("REGION_CODE", 0, How::Const("420704"), 6),
        field("TRA_PLACE_CODE", 0, How::Const("420704"), 6),
        field("BID_SECTION_CONTENT", 3, How::Copy, 0),
        field("TENDER_PROJECT_CLASSIFY_CODE", 0, How::Const("A01"), 30),
        field("CONTRACT_RECKON_PRICE", 9, How::TenThousandYuan, 21),
        field("CURRENCY_CODE", 0, How::Const("156"), 3),
        field("PRICE_UNIT", 0, How::Const("0"), 1),
        field("BID_QUALIFICATION", 0, How::Const("见公告"), 0),
        field("CREATE_TIME", 5, How::DateTime, 14),
        field("PLATFORM_CODE", 0, How::Const(PLATFORM), 18),
        field("PUB_SERVICE_PLAT_CODE", 0, How::Const(SERVICE), 18),
        field("TRADE_PLAT", 0, How::Const("X4207000001"), 11),
        field("PUB_SERVICE_PLAT", 0, How::Const("X4207000002"), 11),
    ],
    identity: 1,
    key: &[1],
    index: &[("BID_SECTION_NAME", 2), ("TENDER_PROJECT_CODE", 0), ("UNIFIED_DEAL_CODE", 3)],
    points_at: &[PointsAt { code: "TENDER_PROJECT", name: "key", kept: 0, required: true, parents: Parents::Stored }],
};

/// What the notices point at, parents first.
pub static PARENTS: [&Target; 2] = [&PROJECT, &SECTION];
pub static NOTICES: [&Target; 1] = [&NOTICE];
