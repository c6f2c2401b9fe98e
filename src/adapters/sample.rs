//! Rows of one file for a person who tries a mapping: nothing is taken or kept, and what looks wrong about the file is
//! told with what would be right.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use adapter::{PAGE_BYTES_MAX, Rows};
use formats::{CsvConfig, Encoding, FormatConfig, JsonConfig, NdjsonConfig, XlsxConfig};

use super::SourceConfig;
use crate::diagnostic::{Words, say};

/// Bytes that are looked at to find out what a file is.
const LOOKED_AT_BYTES: u64 = 1 << 20;
/// What may stand between the cells of a line.
const DELIMITERS: [char; 5] = [',', ';', '\t', '|', '，'];

/// What was read of a file.
pub struct Sample {
    pub rows: Rows,
    /// How it was read: `csv, UTF-8`.
    pub read_as: String,
    /// True: as a job of the mapping reads its files; else by the ending of its name.
    pub as_job: bool,
    /// What would be right where the file is not what it was read as.
    pub advice: Vec<Words>,
}

/// Reads a file up to row `last`, counted from 1: as that of the jobs reads it whose pattern covers its name, or whose
/// format its ending names; else as its ending says. An ending that says nothing is read as the first job reads.
pub fn sample<'a>(file: &Path, jobs: impl Iterator<Item = &'a SourceConfig>, last: usize) -> io::Result<Sample> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let by_ending = format_by_ending(file);
    let jobs: Vec<_> = jobs.map(|SourceConfig::Files(config)| config).collect();
    let covers = jobs.iter().find(|config| config.pattern.matches(&name));
    let alike = || jobs.iter().find(|config| by_ending.as_ref().is_none_or(|f| f.name() == config.format.name()));
    let job =
        covers.filter(|config| by_ending.as_ref().is_none_or(|f| f.name() == config.format.name())).or_else(alike);
    match (job, by_ending) {
        (Some(config), _) => read(file, &config.format, true, last),
        (None, Some(format)) => read(file, &format, false, last),
        (None, None) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Reads a file up to row `last` as one job reads its files, whatever the file's name.
pub fn sample_of(file: &Path, SourceConfig::Files(job): &SourceConfig, last: usize) -> io::Result<Sample> {
    read(file, &job.format, true, last)
}

fn read(file: &Path, format: &FormatConfig, as_job: bool, last: usize) -> io::Result<Sample> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut reader = formats::open(format, &name, Box::new(File::open(file)?));
    let mut rows = Rows::default();
    while rows.len() < last && reader.next(&mut rows, last, PAGE_BYTES_MAX)? {}
    let mut bytes = Vec::new();
    File::open(file)?.take(LOOKED_AT_BYTES).read_to_end(&mut bytes)?;
    Ok(Sample {
        read_as: match rows.encoding.as_str() {
            "" => format.name().to_owned(),
            encoding => format!("{}, {encoding}", format.name()),
        },
        as_job,
        advice: advice(format, &rows, &bytes),
        rows,
    })
}

fn format_by_ending(file: &Path) -> Option<FormatConfig> {
    let ending = file.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    Some(match ending.as_str() {
        "csv" | "txt" => FormatConfig::Csv(CsvConfig::default()),
        "json" => FormatConfig::Json(JsonConfig::default()),
        "ndjson" | "jsonl" => FormatConfig::Ndjson(NdjsonConfig::default()),
        "xlsx" => FormatConfig::Xlsx(XlsxConfig::default()),
        _ => return None,
    })
}

/// What a person should set where rows could not be read.
fn advice(format: &FormatConfig, rows: &Rows, bytes: &[u8]) -> Vec<Words> {
    let mut advice = Vec::new();
    let format_name = format.name();
    let declared = match format {
        FormatConfig::Csv(config) => Some(config.encoding),
        FormatConfig::Json(config) => Some(config.encoding),
        FormatConfig::Ndjson(config) => Some(config.encoding),
        FormatConfig::Xml(_) | FormatConfig::Xlsx(_) => None,
    };
    if declared.is_some_and(|declared| !declared.reads(bytes)) {
        match Encoding::of_text(bytes) {
            Some(right) => {
                let name = right.name();
                let key = name.to_lowercase();
                advice.push(say(
                    format!("该文件是 {name} 编码的文本：写 format.{format_name} = {{ encoding = \"{key}\" }}"),
                    format!("the file is text in {name}: write format.{format_name} = {{ encoding = \"{key}\" }}"),
                ));
            }
            None => advice.push(say(
                "该文件用 UTF-8 和 GB18030 都无法读成文本：可能已损坏，或不是文本文件",
                "the file is text neither in UTF-8 nor in GB18030: it is broken, or no text at all",
            )),
        }
    }
    if let FormatConfig::Csv(config) = format
        && let [only] = rows.columns()
        && config.columns.is_empty()
    {
        let cells = |delimiter: &char| only.matches(*delimiter).count() + 1;
        if let Some(delimiter) = DELIMITERS.iter().filter(|d| cells(d) > 1).max_by_key(|d| cells(d)) {
            let (n, written) = (cells(delimiter), delimiter.escape_default());
            advice.push(match delimiter.is_ascii() {
                true => say(
                    format!("文件只有一列；按 `{written}` 分隔有 {n} 列：写 format.csv = {{ delimiter = \"{written}\" }}"),
                    format!(
                        "the file has one column; cut at `{written}` it has {n}: write format.csv = {{ delimiter = \"{written}\" }}"
                    ),
                ),
                false => say(
                    format!("文件只有一列，其中有全角的 `{delimiter}`：请对方用半角逗号分隔"),
                    format!("the file has one column, with full-width `{delimiter}` in it: have it written with commas"),
                ),
            });
        }
    }
    advice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Lang;

    fn advised(name: &str, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let sample = sample(&file, std::iter::empty(), 10).unwrap();
        let words = sample.advice.iter().flat_map(|words| [words.get(Lang::Zh), words.get(Lang::En)]);
        [sample.read_as.as_str()].into_iter().chain(words).collect::<Vec<_>>().join("\n")
    }

    /// 编号,名称 / 1,公告 in GB18030.
    const GB: &[u8] = b"\xb1\xe0\xba\xc5,\xc3\xfb\xb3\xc6\n1,\xb9\xab\xb8\xe6\n";

    #[test]
    fn a_file_in_another_encoding_is_told_in_which() {
        insta::assert_snapshot!(advised("rows.csv", GB), @r#"
        csv
        该文件是 GB18030 编码的文本：写 format.csv = { encoding = "gb18030" }
        the file is text in GB18030: write format.csv = { encoding = "gb18030" }
        "#);
        insta::assert_snapshot!(advised("rows.csv", b"A,B\n1,\xb9\xab\xb8\xe6\n"), @r#"
        csv, UTF-8
        该文件是 GB18030 编码的文本：写 format.csv = { encoding = "gb18030" }
        the file is text in GB18030: write format.csv = { encoding = "gb18030" }
        "#);
        insta::assert_snapshot!(advised("rows.csv", b"A,B\n1,\xb9\xff\n"), @r#"
        csv, UTF-8
        该文件用 UTF-8 和 GB18030 都无法读成文本：可能已损坏，或不是文本文件
        the file is text neither in UTF-8 nor in GB18030: it is broken, or no text at all
        "#);
        insta::assert_snapshot!(advised("rows.csv", "A,B\n1,公告\n".as_bytes()), @"csv, UTF-8");
    }

    #[test]
    fn one_column_is_told_what_would_cut_it() {
        insta::assert_snapshot!(advised("rows.csv", "编号;名称;金额\n1;公告;2\n".as_bytes()), @r#"
        csv, UTF-8
        文件只有一列；按 `;` 分隔有 3 列：写 format.csv = { delimiter = ";" }
        the file has one column; cut at `;` it has 3: write format.csv = { delimiter = ";" }
        "#);
        insta::assert_snapshot!(advised("rows.txt", b"A\tB\n1\t2\n"), @r#"
        csv, UTF-8
        文件只有一列；按 `\t` 分隔有 2 列：写 format.csv = { delimiter = "\t" }
        the file has one column; cut at `\t` it has 2: write format.csv = { delimiter = "\t" }
        "#);
        insta::assert_snapshot!(advised("rows.csv", "A，B\n1，2\n".as_bytes()), @r#"
        csv, UTF-8
        文件只有一列，其中有全角的 `，`：请对方用半角逗号分隔
        the file has one column, with full-width `，` in it: have it written with commas
        "#);
        insta::assert_snapshot!(advised("rows.csv", b"A\n1\n"), @"csv, UTF-8");
    }

    #[test]
    fn an_ending_that_says_nothing_needs_a_job() {
        let error = sample(Path::new("rows.xml"), std::iter::empty(), 1).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }
}
