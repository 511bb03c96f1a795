//! Some rows in order, in one buffer: a row costs no allocation of its own, and eight bytes beside its key and value.

use std::ops::Range;

/// The bytes of a piece from which on it is split. Rows are moved when others are inserted before them, so it is short.
const PIECE_BYTES: usize = if cfg!(test) { 64 } else { 32 << 10 };

/// One row: the end of its key, after what all keys of its section begin with, and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub tail: &'a [u8],
    pub value: &'a [u8],
}

impl Row<'_> {
    /// The memory that the row takes in a piece.
    pub(crate) fn memory(&self) -> usize {
        self.len() + size_of::<Ends>()
    }

    fn len(&self) -> usize {
        self.tail.len() + self.value.len()
    }
}

/// Rows in the order of their tails.
#[derive(Default)]
pub(crate) struct Piece {
    /// Each tail, followed by its value.
    bytes: Vec<u8>,
    ends: Vec<Ends>,
}

/// Where a row ends in the buffer. It begins where the row before it ends.
#[derive(Clone, Copy)]
struct Ends {
    tail: u32,
    value: u32,
}

impl Ends {
    fn new(start: usize, row: &Row<'_>) -> Self {
        Self {
            tail: (start + row.tail.len()) as u32,
            value: (start + row.len()) as u32,
        }
    }
}

impl Piece {
    /// An empty piece that does not grow until it is full.
    pub(crate) fn roomy() -> Self {
        Self {
            bytes: Vec::with_capacity(PIECE_BYTES),
            ends: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn row(&self, at: usize) -> Row<'_> {
        let ends = self.ends[at];
        let (start, tail, end) = (self.start(at), ends.tail as usize, ends.value as usize);
        Row {
            tail: &self.bytes[start..tail],
            value: &self.bytes[tail..end],
        }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.len()).map(|at| self.row(at))
    }

    /// Where a row is, or else where it belongs.
    pub(crate) fn position(&self, tail: &[u8]) -> Result<usize, usize> {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            match self.row(middle).tail.cmp(tail) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
                std::cmp::Ordering::Equal => return Ok(middle),
            }
        }
        Err(from)
    }

    /// Whether the piece is too long with one row more.
    pub(crate) fn is_full(&self, row: &Row<'_>) -> bool {
        self.len() > 0 && self.bytes.len() + row.len() > PIECE_BYTES
    }

    /// Adds a row behind all others.
    pub(crate) fn push(&mut self, row: Row<'_>) {
        self.ends.push(Ends::new(self.bytes.len(), &row));
        self.bytes.extend_from_slice(row.tail);
        self.bytes.extend_from_slice(row.value);
    }

    /// Puts one row, or none, in the place of others.
    pub(crate) fn splice(&mut self, at: Range<usize>, row: Option<Row<'_>>) {
        let (start, end, len) = (self.start(at.start), self.start(at.end), self.bytes.len());
        let new_end = start + row.as_ref().map_or(0, Row::len);
        self.bytes.resize(len.max(len - end + new_end), 0);
        self.bytes.copy_within(end..len, new_end);
        self.bytes.truncate(len - end + new_end);
        for ends in &mut self.ends[at.end..] {
            ends.tail = ends.tail - end as u32 + new_end as u32;
            ends.value = ends.value - end as u32 + new_end as u32;
        }
        if let Some(row) = &row {
            let (tail, value) = self.bytes[start..new_end].split_at_mut(row.tail.len());
            tail.copy_from_slice(row.tail);
            value.copy_from_slice(row.value);
        }
        self.ends.splice(at, row.map(|row| Ends::new(start, &row)));
    }

    /// Removes the second half of the rows, and returns it.
    pub(crate) fn split(&mut self) -> Self {
        let mut second = Self::default();
        let middle = self.len() / 2;
        for at in middle..self.len() {
            second.push(self.row(at));
        }
        self.splice(middle..self.len(), None);
        second
    }

    fn start(&self, at: usize) -> usize {
        let before = at.checked_sub(1);
        before.map_or(0, |before| self.ends[before].value as usize)
    }
}
