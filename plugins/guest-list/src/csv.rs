//! Reads records of cells from CSV, each with its line. It does not interpret the cells.
//!
//! A lenient reader takes a stray quote for the start of a cell that lasts until the end of the file, and so loses the
//! people in between. This one reports the line of the quote.

/// One line of the file, or several where cells hold line breaks.
pub struct Record {
    /// The line in which it begins.
    pub line: u64,
    /// The cells, trimmed.
    pub cells: Vec<String>,
}

/// Reads record after record.
pub struct Reader<'t> {
    rest: &'t str,
    /// The line that `rest` begins in.
    line: u64,
    pub delimiter: char,
}

impl<'t> Reader<'t> {
    /// Begins at the header. A line `sep=;` above it, as spreadsheets write it, names the separator; without one, it is the
    /// most frequent candidate in the header.
    pub fn new(text: &'t str) -> Self {
        let mut reader = Self {
            rest: text,
            line: 1,
            delimiter: ',',
        };
        reader.skip_to_header();
        let told = reader.peek_line().trim_matches([' ', '"']);
        let told = told
            .get(..4)
            .filter(|key| key.eq_ignore_ascii_case("sep="))
            .and(told.get(4..));
        let mut told = told.unwrap_or_default().chars();
        match (told.next(), told.next()) {
            (Some(delimiter), None) => {
                reader.delimiter = delimiter;
                reader.skip_line();
                reader.skip_to_header();
            }
            _ => reader.delimiter = delimiter_of(reader.peek_line()),
        }
        reader
    }

    /// The next line of the file, unchanged.
    pub fn peek_line(&self) -> &'t str {
        self.rest.split(['\r', '\n']).next().unwrap_or_default()
    }

    /// Reads the next record; `None` at the end of the file.
    pub fn record(&mut self) -> Option<Result<Record, String>> {
        (!self.rest.is_empty()).then(|| {
            let line = self.line;
            let mut cells = Vec::new();
            loop {
                cells.push(self.cell()?);
                match self.rest.strip_prefix(self.delimiter) {
                    Some(rest) => self.rest = rest,
                    None => break,
                }
            }
            self.end_line();
            Ok(Record { line, cells })
        })
    }

    pub fn skip_line(&mut self) {
        self.rest = &self.rest[self.peek_line().len()..];
        self.end_line();
    }

    fn skip_to_header(&mut self) {
        while !self.rest.is_empty() && is_blank_or_comment(self.peek_line()) {
            self.skip_line();
        }
    }

    fn cell(&mut self) -> Result<String, String> {
        let delimiter = self.delimiter;
        let space = |letter: char| letter != delimiter && matches!(letter, ' ' | '\t' | '\u{a0}');
        if let Some(quoted) = self.rest.trim_start_matches(space).strip_prefix('"') {
            let opened_in = self.line;
            let text = self.quoted(quoted)?;
            self.rest = self.rest.trim_start_matches(space);
            let is_whole = self.rest.is_empty() || self.rest.starts_with([delimiter, '\r', '\n']);
            return match is_whole {
                true => Ok(text),
                false => Err(format!(
                    "line {opened_in}: a quote opens a cell and closes before the cell ends; \
                     write \"\" for a quote within a cell, or take it out"
                )),
            };
        }
        let end = self.rest.find([delimiter, '\r', '\n']);
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        Ok(text.trim().to_owned())
    }

    /// Reads from after the opening quote of a cell to after the closing one.
    fn quoted(&mut self, mut rest: &'t str) -> Result<String, String> {
        let opened_in = self.line;
        let mut text = String::new();
        loop {
            let Some((part, behind)) = rest.split_once('"') else {
                return Err(format!(
                    "line {opened_in}: a quote opens a cell and never closes; close it, or take it out"
                ));
            };
            text.push_str(part);
            self.line += breaks(part);
            match behind.strip_prefix('"') {
                Some(behind) => {
                    text.push('"');
                    rest = behind;
                }
                None => {
                    self.rest = behind;
                    break;
                }
            }
        }
        // A stray quote and the next one make a cell of the rows between them.
        let mut later_lines = text.split(['\r', '\n']).skip(1);
        match later_lines.any(|line| line.contains(self.delimiter)) {
            true => Err(format!(
                "line {opened_in}: a quote opens a cell whose later lines contain the separator, as rows do; \
                 close the quote, take it out, or write the cell in one line"
            )),
            false => Ok(text.trim().to_owned()),
        }
    }

    fn end_line(&mut self) {
        let ended = self.rest.strip_prefix("\r\n");
        if let Some(rest) = ended.or_else(|| self.rest.strip_prefix(['\r', '\n'])) {
            self.rest = rest;
            self.line += 1;
        }
    }
}

/// Whether a line above the header is empty or a comment.
pub fn is_blank_or_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Spreadsheets write semicolons in countries with a decimal comma.
fn delimiter_of(header: &str) -> char {
    let count = |delimiter: &char| header.matches(*delimiter).count();
    let most = ['\t', ';', ','].into_iter().max_by_key(count);
    most.unwrap_or(',')
}

/// How many line breaks a text has: `\n`, `\r` or both together.
fn breaks(text: &str) -> u64 {
    let pairs = text.matches("\r\n").count();
    (text.matches(['\r', '\n']).count() - pairs) as u64
}
