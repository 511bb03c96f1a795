//! The rows of a section of a table, in order: short sorted pieces, so that a row is found and inserted in a few steps.

use crate::piece::{Piece, Row};

/// How many bytes of its first tail are kept beside a piece, so that most pieces are told apart without a look into them.
const HEAD_BYTES: usize = 16;

/// Rows in the order of their keys.
#[derive(Default)]
pub(crate) struct Section {
    /// None is empty.
    pieces: Vec<Headed>,
}

struct Headed {
    head: Head,
    piece: Piece,
}

/// The first bytes of the first tail of a piece, filled up with zeros.
type Head = [u8; HEAD_BYTES];

impl Headed {
    fn new(piece: Piece) -> Self {
        let head = head(piece.row(0).tail);
        Self { head, piece }
    }

    fn begins_at_or_before(&self, tail: &[u8], head: &Head) -> bool {
        match self.head.cmp(head) {
            std::cmp::Ordering::Equal => self.piece.row(0).tail <= tail,
            order => order.is_lt(),
        }
    }
}

impl Section {
    /// Adds a row behind all others.
    pub(crate) fn push(&mut self, row: Row<'_>) {
        let is_first = self.pieces.is_empty();
        match self.pieces.last_mut() {
            Some(last) if !last.piece.is_full(&row) => last.piece.push(row),
            _ => {
                // There are many small sections: only a second piece is likely to be filled.
                let mut piece = if is_first {
                    Piece::default()
                } else {
                    Piece::roomy()
                };
                piece.push(row);
                self.pieces.push(Headed::new(piece));
            }
        }
    }

    pub(crate) fn get(&self, tail: &[u8]) -> Option<Row<'_>> {
        let Headed { piece, .. } = &self.pieces[self.piece(tail)?];
        piece.position(tail).ok().map(|at| piece.row(at))
    }

    /// Sets a row. Returns the memory of the one that it replaces.
    pub(crate) fn set(&mut self, row: Row<'_>) -> usize {
        if self.pieces.is_empty() {
            self.push(row);
            return 0;
        }
        let mut at = self.piece(row.tail).unwrap_or_default();
        if self.pieces[at].piece.is_full(&row) && self.pieces[at].piece.len() > 1 {
            let second = Headed::new(self.pieces[at].piece.split());
            self.pieces.insert(at + 1, second);
            at = self.piece(row.tail).unwrap_or_default();
        }
        let Headed { head, piece } = &mut self.pieces[at];
        match piece.position(row.tail) {
            Ok(position) => {
                let replaced = piece.row(position).memory();
                piece.splice(position..position + 1, Some(row));
                replaced
            }
            Err(position) => {
                piece.splice(position..position, Some(row));
                *head = self::head(piece.row(0).tail);
                0
            }
        }
    }

    /// Removes a row. Returns the memory that it took.
    pub(crate) fn remove(&mut self, tail: &[u8]) -> usize {
        let Some(at) = self.piece(tail) else {
            return 0;
        };
        let Headed { piece, head } = &mut self.pieces[at];
        let Ok(position) = piece.position(tail) else {
            return 0;
        };
        let removed = piece.row(position).memory();
        piece.splice(position..position + 1, None);
        if piece.len() == 0 {
            self.pieces.remove(at);
        } else {
            *head = self::head(piece.row(0).tail);
        }
        removed
    }

    /// The rows from this tail on.
    pub(crate) fn rows_from(&self, tail: &[u8]) -> impl Iterator<Item = Row<'_>> {
        let pieces = &self.pieces[self.piece(tail).unwrap_or_default()..];
        let first = pieces.first().map(|first| first.piece.position(tail));
        let before = first.map_or(0, |position| position.unwrap_or_else(|at| at));
        (pieces.iter().flat_map(|headed| headed.piece.rows())).skip(before)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The last piece that begins at or before this tail: the only one that can hold it.
    fn piece(&self, tail: &[u8]) -> Option<usize> {
        let head = head(tail);
        let is_before = |headed: &Headed| headed.begins_at_or_before(tail, &head);
        self.pieces.partition_point(is_before).checked_sub(1)
    }
}

fn head(tail: &[u8]) -> Head {
    let mut head = Head::default();
    let bytes = tail.len().min(HEAD_BYTES);
    head[..bytes].copy_from_slice(&tail[..bytes]);
    head
}
