//! Reads rows of cells from CSV or YAML. It does not interpret the cells.

use crate::columns::{self, Column};
use crate::csv::{Reader, Record, is_blank_or_comment};
use crate::yaml::{self, Node};

/// One person as written, and the line in which they begin.
#[derive(Debug, PartialEq)]
pub struct Row {
    pub line: u64,
    pub cells: Vec<(Column, String)>,
}

/// Passes on row after row of a list in either format. A YAML list begins with `-` or `[`; a line of column names never
/// does.
pub fn read(text: &str, mut take: impl FnMut(Row) -> Result<(), String>) -> Result<(), String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.contains(['\0', '\u{fffd}']) {
        return Err("it is not UTF-8; save it as \"CSV UTF-8\"".to_owned());
    }
    let take = |mut row: Row| {
        row.check()?;
        row.cells.retain(|(_, text)| !text.is_empty());
        take(row)
    };
    let mut lines = text.split(['\r', '\n']);
    match lines.find(|line| !is_blank_or_comment(line)).map(str::trim) {
        // The file was more likely cut off than meant to be empty.
        None => Err(
            "there is nothing in it, expected a line of column names, or [] for nobody".to_owned(),
        ),
        Some(line) if line.starts_with(['-', '[']) => read_yaml(text, take),
        Some(_) => read_csv(text, take),
    }
}

impl Row {
    /// Refuses a duplicate column, and line breaks that come from a missing quote.
    fn check(&self) -> Result<(), String> {
        let line = self.line;
        for (number, (column, text)) in self.cells.iter().enumerate() {
            let name = column.name();
            if self.cells[..number]
                .iter()
                .any(|(other, _)| other == column)
            {
                return Err(format!(
                    "line {line}: {name} stands there twice, expected once"
                ));
            }
            if text.contains(['\r', '\n']) && !column.may_have_lines() {
                return Err(format!(
                    "line {line}: {name}: a line break, expected one line; is a quote missing?"
                ));
            }
        }
        Ok(())
    }
}

fn read_csv(text: &str, mut take: impl FnMut(Row) -> Result<(), String>) -> Result<(), String> {
    let mut reader = Reader::new(text);
    let Some(header) = reader.record().transpose()? else {
        return Err("expected a line of column names below sep=".to_owned());
    };
    let columns = columns_of(&header)?;
    let mut is_nobody = true;
    loop {
        let line = reader.peek_line();
        if is_comment(line, &reader) {
            reader.skip_line();
            continue;
        }
        let Some(record) = reader.record().transpose()? else {
            break;
        };
        if record.cells.iter().all(String::is_empty) {
            continue;
        }
        check_hash(&record, columns.len())?;
        take(row_of(record, &columns)?)?;
        is_nobody = false;
    }
    match is_nobody {
        // The file was probably cut off.
        true => Err(format!(
            "line {}: nobody stands below the column names; write [] if nobody is meant",
            header.line
        )),
        false => Ok(()),
    }
}

/// Whether a line below the header is a comment. `#1001,Ada` is a row.
fn is_comment(line: &str, reader: &Reader) -> bool {
    let line = line.trim_matches(' ');
    (line == "#" || line.starts_with("# ")) && !line.contains(reader.delimiter)
}

/// Refuses a row that may be meant as a comment.
fn check_hash(record: &Record, columns: usize) -> Result<(), String> {
    let is_short = record.cells.len() < columns;
    let fault = match &*record.cells {
        [only] if is_short && only.starts_with('#') => {
            "# stands before a single cell; begin a comment with \"# \", and fill in the other cells of a row"
        }
        [first, ..] if is_short && first.starts_with("# ") => {
            "\"# \" begins a comment, but the line contains the separator; take the separator out, move the comment \
             above the column names, or fill in all cells of a row"
        }
        _ => return Ok(()),
    };
    Err(format!("line {}: {fault}", record.line))
}

/// The meaning of each column; `None` for one without a name.
fn columns_of(header: &Record) -> Result<Vec<Option<Column>>, String> {
    let mut columns = Vec::with_capacity(header.cells.len());
    for (number, name) in (1..).zip(&header.cells) {
        let column = match name.as_str() {
            "" => None,
            name => Some(column(header.line, number, name)?),
        };
        if column.is_some() && columns.contains(&column) {
            return Err(format!(
                "line {}: column {number} has the name of another, expected its own",
                header.line
            ));
        }
        columns.push(column);
    }
    Ok(columns)
}

/// Assigns cells to columns. Missing cells at the end are empty.
fn row_of(record: Record, columns: &[Option<Column>]) -> Result<Row, String> {
    let (line, count) = (record.line, record.cells.len());
    let mut cells = Vec::with_capacity(columns.len());
    for (number, text) in (1_usize..).zip(record.cells) {
        match columns.get(number - 1) {
            _ if text.is_empty() => {}
            Some(Some(column)) => cells.push((column.clone(), text)),
            Some(None) => {
                return Err(format!(
                    "line {line}: column {number} is filled, but has no name above; give it one, or empty it"
                ));
            }
            None => {
                return Err(format!(
                    "line {line}: {count} columns, expected {}; a cell with a comma or semicolon in it needs quotes",
                    columns.len()
                ));
            }
        }
    }
    Ok(Row { line, cells })
}

fn read_yaml(text: &str, mut take: impl FnMut(Row) -> Result<(), String>) -> Result<(), String> {
    let people = yaml::read(text).map_err(|err| err.to_string())?;
    let Node::List(people) = people else {
        return Err("line 1: expected a list of people".to_owned());
    };
    let lines = yaml::entry_lines(text);
    let lines = lines.into_iter().chain(std::iter::repeat(1));
    for (person, line) in people.into_iter().zip(lines) {
        let Node::Map(person) = person else {
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

fn yaml_cells(line: u64, person: Vec<(String, Node)>) -> Result<Vec<(Column, String)>, String> {
    let mut cells = Vec::new();
    for (number, (key, value)) in (1..).zip(person) {
        let is_odd = || format!("line {line}: the value of key {number} is no text");
        match value {
            Node::Text(text) if text.is_empty() && is_group(&key) => {}
            Node::Text(text) => cells.push((column(line, number, &key)?, text.trim().to_owned())),
            Node::List(list) => {
                let texts: Option<Vec<_>> = list.into_iter().map(Node::into_text).collect();
                let texts = texts.ok_or_else(is_odd)?.join(" ");
                cells.push((column(line, number, &key)?, texts));
            }
            Node::Map(inner) => {
                for (name, value) in inner {
                    let column = column(line, number, &format!("{key}.{name}"))?;
                    cells.push((column, value.into_text().ok_or_else(is_odd)?));
                }
            }
            Node::Other => return Err(is_odd()),
        }
    }
    Ok(cells)
}

/// Whether a key may have keys of its own below it.
fn is_group(key: &str) -> bool {
    ["attributes", "details"].contains(&key.to_lowercase().as_str())
}

/// The column of this name. An error gives the number of an unknown one: if the header is missing, its text is
/// somebody's name.
fn column(line: u64, number: usize, name: &str) -> Result<Column, String> {
    let unknown = || {
        format!(
            "line {line}: the name of column {number} is unknown, expected one of {}",
            columns::known()
        )
    };
    Column::parse(name).ok_or_else(unknown)
}
