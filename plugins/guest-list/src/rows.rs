//! Rows of cells, out of CSV or YAML. What the cells say is not looked at here.

use csv::{ErrorKind, Position, ReaderBuilder, Trim};
use serde_yaml::{Mapping, Value};

use crate::columns::{self, Column};

/// One person as written: the filled cells and the line that they begin in.
#[derive(Debug, PartialEq)]
pub struct Row {
    pub line: u64,
    pub cells: Vec<(Column, String)>,
}

/// Hands over row after row of a list in either format. A YAML list begins with `-` or `[`; nothing that names columns
/// does.
pub fn read(text: &str, take: impl FnMut(Row) -> Result<(), String>) -> Result<(), String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    match first {
        // A file that was cut off, more likely than a list of nobody.
        None => Err(
            "there is nothing in it, expected a line of column names, or [] for nobody".to_owned(),
        ),
        Some(line) if line.starts_with(['-', '[']) => read_yaml(text, take),
        Some(header) => read_csv(text, header, take),
    }
}

fn read_csv(
    text: &str,
    header: &str,
    mut take: impl FnMut(Row) -> Result<(), String>,
) -> Result<(), String> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(header))
        .comment(Some(b'#'))
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|err| csv_error(text, &err))?;
    let line = line_of(text, header.position());
    let columns = (1..)
        .zip(header)
        .map(|(number, name)| column(line, number, name));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    for record in reader.records() {
        let record = record.map_err(|err| csv_error(text, &err))?;
        let cells = columns
            .iter()
            .cloned()
            .zip(record.iter().map(str::to_owned));
        take(Row {
            line: line_of(text, record.position()),
            cells: cells.filter(|(_, text)| !text.is_empty()).collect(),
        })?;
    }
    Ok(())
}

/// Spreadsheets write semicolons where a comma is a decimal point.
fn delimiter(header: &str) -> u8 {
    let count = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    let most = [b'\t', b';', b','].into_iter().max_by_key(count);
    most.expect("there are three")
}

fn csv_error(text: &str, err: &csv::Error) -> String {
    match err.kind() {
        ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = line_of(text, pos.as_ref());
            format!("line {line}: {len} columns, expected {expected_len}")
        }
        _ => err.to_string(),
    }
}

/// The line of a record. The reader's own position lies before the empty lines and comments that it skips.
fn line_of(text: &str, position: Option<&Position>) -> u64 {
    let Some(position) = position else {
        return 1;
    };
    let from = usize::try_from(position.byte()).unwrap_or_default();
    let rest = text.get(from..).unwrap_or_default().lines();
    let skipped = rest.take_while(|line| line.is_empty() || line.starts_with('#'));
    (position.line()..)
        .zip(skipped)
        .map(|(line, _)| line + 1)
        .last()
        .unwrap_or(position.line())
}

fn read_yaml(text: &str, mut take: impl FnMut(Row) -> Result<(), String>) -> Result<(), String> {
    let people: Value = serde_yaml::from_str(text).map_err(|err| err.to_string())?;
    let Value::Sequence(people) = people else {
        return Err("line 1: expected a list of people".to_owned());
    };
    let lines = entry_lines(text);
    let lines = lines.into_iter().chain(std::iter::repeat(1));
    for (person, line) in people.into_iter().zip(lines) {
        let Value::Mapping(person) = person else {
            return Err(format!(
                "line {line}: expected keys and values, such as \"name: Ada Lovelace\""
            ));
        };
        take(Row {
            line,
            cells: yaml_cells(line, person)?,
        })?;
    }
    Ok(())
}

/// The lines in which the entries of a list begin, if each has lines of its own.
fn entry_lines(text: &str) -> Vec<u64> {
    let is_entry = |line: &str| line == "-" || line.starts_with("- ");
    let mut indent = None;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| {
        let content = line.trim_start();
        let depth = line.len() - content.len();
        is_entry(content.trim_end()) && *indent.get_or_insert(depth) == depth
    });
    lines.map(|(number, _)| number).collect()
}

fn yaml_cells(line: u64, person: Mapping) -> Result<Vec<(Column, String)>, String> {
    let mut cells = Vec::new();
    for (number, (key, value)) in (1..).zip(person) {
        let key = text_of(&key).unwrap_or_default();
        let is_odd =
            || format!("line {line}: the value of key {number} is neither text nor a number");
        match value {
            Value::Null => {
                column(line, number, &key).map(drop)?;
            }
            Value::Mapping(inner) => {
                for (name, value) in inner {
                    let name = text_of(&name).unwrap_or_default();
                    let column = column(line, number, &format!("{key}.{name}"))?;
                    cells.push((column, text_of(&value).ok_or_else(is_odd)?));
                }
            }
            Value::Sequence(list) => {
                let texts: Option<Vec<_>> = list.iter().map(text_of).collect();
                cells.push((
                    column(line, number, &key)?,
                    texts.ok_or_else(is_odd)?.join(" "),
                ));
            }
            value => {
                cells.push((
                    column(line, number, &key)?,
                    text_of(&value).ok_or_else(is_odd)?,
                ));
            }
        }
    }
    cells.retain(|(_, text)| !text.is_empty());
    Ok(cells)
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => Some(is_so.to_string()),
        Value::Null => Some(String::new()),
        _ => None,
    }
}

/// The column of this name. An unknown one is told by its number, since without a header it would be somebody's name.
fn column(line: u64, number: u32, name: &str) -> Result<Column, String> {
    let unknown = || {
        format!(
            "line {line}: the name of column {number} is unknown, expected one of {}",
            columns::known()
        )
    };
    Column::parse(name).ok_or_else(unknown)
}
