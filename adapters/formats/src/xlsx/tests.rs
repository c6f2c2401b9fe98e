//! Workbooks as Excel writes them, and as nobody would.

use std::io::{Cursor, Write as _};

use adapter::FaultKind;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook as Writer, Worksheet};

use super::*;
use crate::testing::{read_once, show, told};

/// Writes one sheet.
fn sheet(fill: impl FnOnce(&mut Worksheet)) -> Vec<u8> {
    let mut writer = Writer::new();
    fill(writer.add_worksheet().set_name("项目").unwrap());
    writer.save_to_buffer().unwrap()
}

fn text(sheet: &mut Worksheet, rows: &[&[&str]]) {
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            if !cell.is_empty() {
                sheet.write_string(row as u32, column as u16, *cell).unwrap();
            }
        }
    }
}

fn refusal(config: &str, bytes: &[u8]) -> String {
    let rows = read_once(config, bytes);
    let last = rows.row(rows.len() - 1);
    assert_eq!(last.fault().unwrap().kind, FaultKind::FileUnreadable);
    format!("{} rows before\n{}", rows.len() - 1, told(last.fault().unwrap()))
}

#[test]
fn cells_are_what_a_person_sees() {
    let bytes = sheet(|sheet| {
        text(sheet, &[&["文字", "数", "日期", "时间", "公式", "是否"], &[" a ", "", "2026/3/16"]]);
        sheet.write_number(1, 1, 0.1 + 0.2).unwrap();
        let date = Format::new().set_num_format("yyyy-mm-dd");
        let time = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        sheet.write_datetime_with_format(2, 2, ExcelDateTime::from_ymd(2026, 3, 16).unwrap(), &date).unwrap();
        let moment = ExcelDateTime::from_ymd(2026, 3, 16).unwrap().and_hms(9, 5, 7).unwrap();
        sheet.write_datetime_with_format(2, 3, moment, &time).unwrap();
        sheet.write_formula(2, 4, rust_xlsxwriter::Formula::new("=1+1").set_result("2")).unwrap();
        sheet.write_boolean(4, 5, true).unwrap();
    });
    insta::assert_snapshot!(show(&read_once("xlsx = {}", &bytes)), @"
    文字 | 数 | 日期 | 时间 | 公式 | 是否
    2@0 [ a ] [0.3] [2026/3/16]
    3@0 [2026-03-16] [2026-03-16 09:05:07] [2]
    5@0 [true]
    ");
}

#[test]
fn a_header_of_two_rows_is_joined_and_merged_cells_name_each_column() {
    let bytes = sheet(|sheet| {
        sheet.write_string(0, 0, "项目台账").unwrap();
        let plain = Format::new();
        sheet.merge_range(1, 0, 2, 0, "编号", &plain).unwrap();
        sheet.merge_range(1, 1, 1, 2, "招标人", &plain).unwrap();
        sheet.write_string(2, 1, "名\n称").unwrap();
        sheet.write_string(2, 2, "代码").unwrap();
        text2(sheet, 3, &["1", "甲", "X"]);
    });
    insta::assert_snapshot!(show(&read_once("xlsx = { header_row = 2, header_rows = 2 }", &bytes)), @"
    编号 | 招标人/名称 | 招标人/代码
    4@0 [1] [甲] [X]
    ");
}

fn text2(sheet: &mut Worksheet, row: u32, cells: &[&str]) {
    for (column, cell) in cells.iter().enumerate() {
        sheet.write_string(row, column as u16, *cell).unwrap();
    }
}

#[test]
fn merged_cells_give_what_the_rule_says() {
    let bytes = sheet(|sheet| {
        let plain = Format::new();
        text(sheet, &[&["项目", "金额", "标段"], &["", "", "一"], &["", "", "二"], &["乙", "3", "三"]]);
        sheet.merge_range(1, 0, 2, 0, "甲", &plain).unwrap();
        sheet.merge_range(1, 1, 2, 1, "9", &plain).unwrap();
    });
    insta::assert_snapshot!(show(&read_once("xlsx = {}", &bytes)), @"
    项目 | 金额 | 标段
    2@0 [甲] [9] [一]
    3@0 [二]
    4@0 [乙] [3] [三]
    ");
    insta::assert_snapshot!(show(&read_once("xlsx = { merged = 'fill' }", &bytes)), @"
    项目 | 金额 | 标段
    2@0 [甲] [9] [一]
    3@0 [甲] [9] [二]
    4@0 [乙] [3] [三]
    ");
    insta::assert_snapshot!(show(&read_once("xlsx = { merged = 'fill', merged_columns = ['项目'] }", &bytes)), @"
    项目 | 金额 | 标段
    2@0 [甲] [9] [一]
    3@0 [甲] [二]
    4@0 [乙] [3] [三]
    ");
}

#[test]
fn totals_notes_and_empty_rows_are_left_out_by_rule() {
    let bytes = sheet(|sheet| {
        text(
            sheet,
            &[&["序号", "名称"], &["1", "甲"], &["", " "], &["合 计", "9"], &["", "总计"], &["说明：金额以元计"]],
        );
    });
    let config =
        "xlsx = { skip_rows_where = [{ column = '序号', matches = ['合计', '说明*'] }, { matches = ['总计'] }] }";
    insta::assert_snapshot!(show(&read_once(config, &bytes)), @"
    序号 | 名称
    2@0 [1] [甲]
    ");
}

#[test]
fn a_row_with_an_error_or_a_cell_too_many_is_broken_alone() {
    let bytes = sheet(|sheet| {
        text(sheet, &[&["A", "", "C"], &["1"], &["2", "", "x", "y"], &["3"]]);
        let formula = rust_xlsxwriter::Formula::new("=NA()").set_result("#N/A");
        sheet.write_formula(1, 2, formula).unwrap();
    });
    insta::assert_snapshot!(show(&read_once("xlsx = {}", &bytes)), @r#"
    A | #2 | C
    2@0 Malformed["the cell C2 holds #N/A"] <1\t\t>
    3@0 Long["4", "3"] <2\t\tx\ty>
    4@0 [3]
    "#);
}

#[test]
fn a_large_sheet_is_read_in_order_and_resumed_anywhere() {
    let bytes = sheet(|sheet| {
        text2(sheet, 0, &["A"]);
        (1..=2_500).for_each(|row| text2(sheet, row, &[&row.to_string()]));
    });
    let config: crate::FormatConfig = toml::from_str("xlsx = {}").unwrap();
    for skip in [0, 1, 999, 1_000, 1_001, 2_499, 2_500] {
        let mut reader = crate::open(&config, "a.xlsx", Box::new(Cursor::new(bytes.clone())));
        assert!(reader.skip(skip).unwrap());
        let mut rows = Rows::default();
        while reader.next(&mut rows, 5_000, usize::MAX).unwrap() {}
        let values: Vec<u64> = rows.iter().map(|row| row.text(0).unwrap().parse().unwrap()).collect();
        assert_eq!(values, (skip + 1..=2_500).collect::<Vec<_>>());
    }
    // Dropped in the middle, its thread ends by itself.
    let mut reader = crate::open(&config, "a.xlsx", Box::new(Cursor::new(bytes)));
    assert!(reader.next(&mut Rows::default(), 1, usize::MAX).unwrap());
}

/// Every way in which a workbook is refused, in the words that a person reads.
#[test]
fn a_workbook_that_is_not_what_it_should_be_is_refused() {
    let good = sheet(|sheet| text(sheet, &[&["A", "B"], &["1", "2"]]));
    let doubled = sheet(|sheet| text(sheet, &[&["A", "A"], &["1", "2"]]));
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let all = [
        refusal("xlsx = {}", b""),
        refusal("xlsx = {}", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        refusal("xlsx = {}", b"<html><table>"),
        refusal("xlsx = {}", b"A,B\n"),
        refusal("xlsx = {}", &good[..good.len() / 2]),
        refusal("xlsx = { sheet = 'X' }", &good),
        refusal("xlsx = { sheet = 2 }", &good),
        refusal("xlsx = { header_row = 9 }", &good),
        refusal("xlsx = {}", &doubled),
        refusal("xlsx = { merged_columns = ['C'] }", &good),
        refusal("xlsx = { skip_rows_where = [{ column = 'C', matches = ['x'] }] }", &good),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @"
    0 rows before
    the file is empty
    文件是空的
    ask the sender for the file again; an export that ended early leaves such files
    请对方重新提供该文件；导出中断会留下这样的文件

    0 rows before
    it is an old workbook (.xls) or one with a password
    是旧格式的工作簿（.xls），或带有密码
    open it in Excel or WPS and save it as .xlsx, without a password
    请用 Excel 或 WPS 打开，另存为不带密码的 .xlsx

    0 rows before
    it is no xlsx workbook but an HTML or XML text, whatever its name says
    不是 xlsx 工作簿，而是 HTML 或 XML 文本，只是文件名如此
    open it in Excel or WPS and save it as .xlsx, or set the format that it really has
    请用 Excel 或 WPS 打开，另存为 .xlsx，或设置文件的实际格式

    0 rows before
    it is no xlsx workbook, whatever its name says
    不是 xlsx 工作簿，只是文件名如此
    open it in Excel or WPS and save it as .xlsx, or set the format that it really has
    请用 Excel 或 WPS 打开，另存为 .xlsx，或设置文件的实际格式

    0 rows before
    it is no whole xlsx file: invalid Zip archive: Could not find EOCD
    不是完整的 xlsx 文件（invalid Zip archive: Could not find EOCD）
    an upload that was cut off leaves such files: ask the sender for it again
    上传中断会留下这样的文件：请对方重新提供

    0 rows before
    it has no sheet named `X`; its sheets: `项目`
    没有名为 `X` 的工作表；现有 `项目`
    set `sheet` to the name or the number of the sheet that holds the rows
    请把 `sheet` 设为数据所在工作表的名称或序号

    0 rows before
    it has no sheet number 2; its sheets: `项目`
    没有第 2 个工作表；现有 `项目`
    set `sheet` to the name or the number of the sheet that holds the rows
    请把 `sheet` 设为数据所在工作表的名称或序号

    0 rows before
    the sheet has no header in row 9
    工作表第 9 行没有表头
    set `header_row` to the row of the sheet in which the columns are named
    请把 `header_row` 设为列名所在的行号

    0 rows before
    columns 1 and 2 are both named `A`
    第 1 列和第 2 列都叫 `A`
    have one of them renamed in the sheet
    请在工作表中改名

    0 rows before
    `merged_columns` names the column `C`, which the sheet lacks; it has `A`, `B`
    `merged_columns` 写的列 `C` 在工作表中没有；现有 `A`、`B`
    correct `merged_columns`, or have the column named so again
    请改正 `merged_columns`，或请对方恢复该列名

    0 rows before
    `skip_rows_where` names the column `C`, which the sheet lacks; it has `A`, `B`
    `skip_rows_where` 写的列 `C` 在工作表中没有；现有 `A`、`B`
    correct `skip_rows_where`, or have the column named so again
    请改正 `skip_rows_where`，或请对方恢复该列名
    ");
    assert!(refusal("xlsx = {}", &damaged).contains("it"));
}

/// Writes a workbook by hand, as no program would.
fn forged(sheet: &str, shared: &str, more: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let rels = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let parts = [
        (
            "_rels/.rels",
            format!(
                "{rels}<Relationship Id='r1' Type='{office}/officeDocument' Target='xl/workbook.xml'/></Relationships>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "{rels}<Relationship Id='r1' Type='{office}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!("<workbook xmlns:r='{office}'><sheets><sheet name='S' sheetId='1' r:id='r1'/></sheets></workbook>"),
        ),
        ("xl/worksheets/sheet1.xml", sheet.to_owned()),
        ("xl/sharedStrings.xml", shared.to_owned()),
    ];
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in parts {
        zip.start_file(name, options).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    for (name, content) in more {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_workbook_that_claims_more_than_it_holds_asks_for_no_memory() {
    let head = "<c r='A1' t='inlineStr'><is><t>A</t></is></c>";
    let cell = |at: &str| {
        format!(
            "<worksheet><dimension ref='A1:XFD1048576'/><sheetData><row r='1'>{head}</row><row r='1048576'><c r='{at}'><v>1</v></c></row></sheetData></worksheet>"
        )
    };
    insta::assert_snapshot!(show(&read_once("xlsx = {}", &forged(&cell("A1048576"), "<sst/>", &[]))), @"
    A
    1048576@0 [1]
    ");
    insta::assert_snapshot!(show(&read_once("xlsx = {}", &forged(&cell("XFD1048576"), "<sst/>", &[]))).replace("\\t", ""), @r#"
    A
    1048576@0 Long["16384", "1"] <1>
    "#);
    let claims = |shared: &str| refusal("xlsx = {}", &forged(&cell("A9"), shared, &[]));
    let long = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(2 << 20));
    let merged = format!(
        "<worksheet><sheetData><row r='1'>{head}</row></sheetData><mergeCells>{}</mergeCells></worksheet>",
        "<mergeCell ref='A1:B2'/>".repeat(100_001)
    );
    let zeros = vec![0; 10 << 20];
    let all = [
        claims("<sst uniqueCount='99999999999'/>"),
        claims("<sst uniqueCount                    ='99999999999'/>"),
        claims(&long),
        refusal("xlsx = {}", &forged(&merged, "<sst/>", &[])),
        refusal("xlsx = {}", &forged(&cell("A9"), "<sst/>", &[("xl/media/a.bin", &zeros)])),
    ];
    insta::assert_snapshot!(all.join("\n\n"), @"
    0 rows before
    its part `xl/sharedStrings.xml` claims to hold 99999999999 shared texts, and 1 is the limit: it may be made to exhaust memory
    其中的部件 `xl/sharedStrings.xml` 自称有 99999999999 条共享文本，上限是 1：可能是为耗尽内存而制作的
    open it in Excel or WPS and save it again as .xlsx; if it came from outside, ask where from
    请用 Excel 或 WPS 打开，另存为 .xlsx；如果来自外部，请核实来源

    0 rows before
    its part `xl/sharedStrings.xml` claims to hold 18446744073709551615 shared texts, and 1 is the limit: it may be made to exhaust memory
    其中的部件 `xl/sharedStrings.xml` 自称有 18446744073709551615 条共享文本，上限是 1：可能是为耗尽内存而制作的
    open it in Excel or WPS and save it again as .xlsx; if it came from outside, ask where from
    请用 Excel 或 WPS 打开，另存为 .xlsx；如果来自外部，请核实来源

    0 rows before
    its part `xl/sharedStrings.xml` holds a text of more than 1048576 bytes, and 1048576 is the limit: it may be made to exhaust memory
    其中的部件 `xl/sharedStrings.xml` 含有超过 1048576 字节的文本，上限是 1048576：可能是为耗尽内存而制作的
    open it in Excel or WPS and save it again as .xlsx; if it came from outside, ask where from
    请用 Excel 或 WPS 打开，另存为 .xlsx；如果来自外部，请核实来源

    0 rows before
    its part `xl/worksheets/sheet1.xml` has 100003 merged areas, and 100000 is the limit: it may be made to exhaust memory
    其中的部件 `xl/worksheets/sheet1.xml` 有 100003 个合并区域，上限是 100000：可能是为耗尽内存而制作的
    open it in Excel or WPS and save it again as .xlsx; if it came from outside, ask where from
    请用 Excel 或 WPS 打开，另存为 .xlsx；如果来自外部，请核实来源

    0 rows before
    its part `xl/media/a.bin` is larger than 8388608 bytes for its packed size, and 8388608 is the limit: it may be made to exhaust memory
    其中的部件 `xl/media/a.bin` 超过 8388608 字节（按压缩大小），上限是 8388608：可能是为耗尽内存而制作的
    open it in Excel or WPS and save it again as .xlsx; if it came from outside, ask where from
    请用 Excel 或 WPS 打开，另存为 .xlsx；如果来自外部，请核实来源
    ");
}

#[test]
fn a_sheet_that_ends_too_early_gives_the_rows_before() {
    let sheet = "<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></c></row><row r='2'><c r='A2'><v>2</v></c></row><row r='3'><c r='A3'><v>3</v></c>";
    insta::assert_snapshot!(refusal("xlsx = {}", &forged(sheet, "<sst/>", &[])), @"
    1 rows before
    it can't be read as a workbook: Unexpected end of xml, expecting '</sheetData>'
    无法作为工作簿读取（Unexpected end of xml, expecting '</sheetData>'）
    open it in Excel or WPS and save it again as .xlsx
    请用 Excel 或 WPS 打开，另存为 .xlsx
    ");
}
