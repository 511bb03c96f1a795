//! The rows of a section of a table, in order: short sorted pieces, so that a row is found and inserted in a few steps.

use crate::row::{Row, Tail};

/// The most rows of a piece.
const PIECE_MAX: usize = if cfg!(test) { 4 } else { 96 };

/// Rows in the order of their keys.
#[derive(Default)]
pub(crate) struct Section {
    /// None is empty.
    pieces: Vec<Piece>,
}

struct Piece {
    /// Not above the head of the first row, and above all rows before.
    head: [u64; 2],
    rows: Vec<Row>,
}

impl Piece {
    fn new(rows: Vec<Row>) -> Self {
        let head = rows[0].tail().head();
        Self { head, rows }
    }

    fn begins_at_or_before(&self, tail: &Tail<'_>) -> bool {
        match self.head.cmp(&tail.head()) {
            std::cmp::Ordering::Equal => self.rows[0].tail() <= *tail,
            order => order.is_lt(),
        }
    }

    fn position(&self, tail: &Tail<'_>) -> Result<usize, usize> {
        self.rows.binary_search_by(|row| row.tail().cmp(tail))
    }
}

impl Section {
    /// Takes rows that are in order, each with a key of its own.
    pub(crate) fn from_sorted(mut rows: impl Iterator<Item = Row>) -> Self {
        let mut section = Self::default();
        loop {
            let (_, most) = rows.size_hint();
            let mut piece = Vec::with_capacity(most.unwrap_or(PIECE_MAX).min(PIECE_MAX));
            piece.extend(rows.by_ref().take(PIECE_MAX));
            if piece.is_empty() {
                return section;
            }
            section.pieces.push(Piece::new(piece));
        }
    }

    /// Adds a row behind all others.
    pub(crate) fn push(&mut self, row: Row) {
        match self.pieces.last_mut() {
            Some(piece) if piece.rows.len() < PIECE_MAX => piece.rows.push(row),
            _ => self.pieces.push(Piece::new(vec![row])),
        }
    }

    pub(crate) fn get(&self, tail: &Tail<'_>) -> Option<&Row> {
        let piece = &self.pieces[self.piece(tail)?];
        piece.position(tail).ok().map(|at| &piece.rows[at])
    }

    /// Sets a row. Returns the one that it replaces.
    pub(crate) fn set(&mut self, row: Row) -> Option<Row> {
        let at = self.piece(&row.tail());
        let Some(at) = at.or((!self.pieces.is_empty()).then_some(0)) else {
            self.push(row);
            return None;
        };
        let piece = &mut self.pieces[at];
        match piece.position(&row.tail()) {
            Ok(position) => return Some(std::mem::replace(&mut piece.rows[position], row)),
            Err(position) => {
                piece.head = piece.head.min(row.tail().head());
                piece.rows.insert(position, row);
            }
        }
        if piece.rows.len() > PIECE_MAX {
            let second = piece.rows.split_off(PIECE_MAX / 2);
            self.pieces.insert(at + 1, Piece::new(second));
        }
        None
    }

    /// Removes a row, and returns it.
    pub(crate) fn remove(&mut self, tail: &Tail<'_>) -> Option<Row> {
        let at = self.piece(tail)?;
        let piece = &mut self.pieces[at];
        let row = piece.rows.remove(piece.position(tail).ok()?);
        if piece.rows.is_empty() {
            self.pieces.remove(at);
        }
        Some(row)
    }

    /// The rows from this tail on.
    pub(crate) fn rows_from<'a>(&'a self, tail: Tail<'a>) -> impl Iterator<Item = &'a Row> {
        let pieces = &self.pieces[self.piece(&tail).unwrap_or_default()..];
        (pieces.iter().flat_map(|piece| &piece.rows)).skip_while(move |row| row.tail() < tail)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The last piece that begins at or before this tail: the only one that can hold it.
    fn piece(&self, tail: &Tail<'_>) -> Option<usize> {
        let after = (self.pieces).partition_point(|piece| piece.begins_at_or_before(tail));
        after.checked_sub(1)
    }
}
