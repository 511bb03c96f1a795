//! Rows in a few large buffers, in the order in which they were added.

/// The size of a buffer. A longer row has one of its own.
const BUFFER_BYTES: usize = if cfg!(test) { 64 } else { 1 << 20 };
/// Rows begin at multiples of this, so that a short number is enough to find one.
const UNIT_BYTES: usize = 8;
/// Before each row is the length of its key, and that of its value.
const HEADER_BYTES: usize = 8;

/// Where a row is: its buffer and where it begins there, counted in units.
pub(crate) type Position = u32;

#[derive(Default)]
pub(crate) struct Buffers {
    buffers: Vec<Vec<u8>>,
}

/// The lengths of a row.
#[derive(Clone, Copy)]
struct Header {
    key: usize,
    value: usize,
}

impl Header {
    #[inline]
    fn parse(row: &[u8]) -> Self {
        let bytes = *row.first_chunk().expect("a row begins with its lengths");
        let lengths = u64::from_le_bytes(bytes);
        Self {
            key: lengths as u32 as usize,
            value: (lengths >> 32) as usize,
        }
    }

    fn bytes(self) -> [u8; HEADER_BYTES] {
        (self.key as u64 | (self.value as u64) << 32).to_le_bytes()
    }

    /// How far it is to the next row.
    fn len(self) -> usize {
        (HEADER_BYTES + self.key + self.value).next_multiple_of(UNIT_BYTES)
    }
}

impl Buffers {
    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) -> Position {
        let header = Header {
            key: key.len(),
            value: value.len(),
        };
        let has_room = |buffer: &Vec<u8>| buffer.len() + header.len() <= BUFFER_BYTES;
        if !self.buffers.last().is_some_and(has_room) {
            let bytes = header.len().max(BUFFER_BYTES);
            self.buffers.push(Vec::with_capacity(bytes));
        }
        let last = self.buffers.len() - 1;
        let buffer = &mut self.buffers[last];
        let start = buffer.len();
        buffer.extend_from_slice(&header.bytes());
        buffer.extend_from_slice(key);
        buffer.extend_from_slice(value);
        buffer.resize(start + header.len(), 0);
        position(last, start)
    }

    /// The key of a row, and its value.
    pub(crate) fn row(&self, position: Position) -> (&[u8], &[u8]) {
        let (buffer, start) = place(position);
        let row = &self.buffers[buffer][start..];
        let header = Header::parse(row);
        row[HEADER_BYTES..][..header.key + header.value].split_at(header.key)
    }

    pub(crate) fn key(&self, position: Position) -> &[u8] {
        self.row(position).0
    }

    /// Sets the value of a row, if it is as long as the one before. Returns whether it is.
    pub(crate) fn overwrite(&mut self, position: Position, value: &[u8]) -> bool {
        let (buffer, start) = place(position);
        let row = &mut self.buffers[buffer][start..];
        let header = Header::parse(row);
        let is_as_long = header.value == value.len();
        if is_as_long {
            row[HEADER_BYTES + header.key..][..header.value].copy_from_slice(value);
        }
        is_as_long
    }

    /// All rows, in order.
    pub(crate) fn positions(&self) -> impl Iterator<Item = Position> {
        self.buffers.iter().enumerate().flat_map(|(at, buffer)| {
            let is_row = |start: &usize| *start < buffer.len();
            let first = Some(0).filter(is_row);
            let next = move |start: &usize| Some(start + Header::parse(&buffer[*start..]).len());
            std::iter::successors(first, move |start| next(start).filter(is_row))
                .map(move |start| position(at, start))
        })
    }
}

fn position(buffer: usize, start: usize) -> Position {
    let units = buffer * (BUFFER_BYTES / UNIT_BYTES) + start / UNIT_BYTES;
    Position::try_from(units).expect("a table of 32 GiB does not fit into memory")
}

fn place(position: Position) -> (usize, usize) {
    const UNITS: usize = BUFFER_BYTES / UNIT_BYTES;
    let units = position as usize;
    (units / UNITS, units % UNITS * UNIT_BYTES)
}
