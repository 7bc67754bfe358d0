//! Pages of a database that are needed in another order than they stream by in. They are held
//! deflated, some at a time, up to a limit.

use std::io::{BufRead, Read};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::super::findings::Trouble;
use super::super::roles::fill;

/// A larger database is refused, whatever it holds.
const DATABASE_BYTES_MAX: u64 = 512 << 20;
/// What all pages may take, deflated: some 100 MB of package headers.
const HELD_BYTES_MAX: usize = 32 << 20;
/// Pages are deflated by as many as this.
const BLOCK_BYTES: usize = 128 << 10;
/// How many blocks lie inflated: records that lie among each other need some.
const OPEN_BLOCKS: usize = 4;
/// How often blocks may be inflated, for as many as there are: a record that leads from block to
/// block and back would have them inflated for every page.
const INFLATIONS_MAX: u64 = 16;

/// Pages, by their number.
pub(super) struct Pages {
    /// What of each is held.
    page_bytes: usize,
    /// The numbers of those that are held, ascending.
    numbers: Vec<u32>,
    /// Which of them have been taken: each page has one place in a database.
    taken: Vec<bool>,
    blocks: Vec<Vec<u8>>,
    /// The last ones, not deflated yet.
    last: Vec<u8>,
    held_bytes: usize,
    deflate: Compress,
    inflate: Decompress,
    /// Inflated blocks, the one used last in front.
    open: Vec<(usize, Vec<u8>)>,
    inflations: u64,
}

impl Pages {
    pub(super) fn new(page_bytes: usize) -> Self {
        Self {
            page_bytes,
            numbers: Vec::new(),
            taken: Vec::new(),
            blocks: Vec::new(),
            last: Vec::new(),
            held_bytes: 0,
            deflate: Compress::new(Compression::fast(), false),
            inflate: Decompress::new(false),
            open: Vec::new(),
            inflations: 0,
        }
    }

    /// Holds a page; of its bytes as many as all pages are held by. Numbers ascend.
    pub(super) fn hold(&mut self, number: u32, page: &[u8]) -> Result<(), Trouble> {
        self.numbers.push(number);
        self.last.extend_from_slice(page.get(..self.page_bytes).unwrap_or(page));
        if self.last.len() >= BLOCK_BYTES {
            self.deflate_last()?;
        }
        Ok(())
    }

    fn deflate_last(&mut self) -> Result<(), Trouble> {
        let mut block = Vec::with_capacity(self.last.len() + (self.last.len() >> 3) + 64);
        self.deflate.reset();
        let end = self.deflate.compress_vec(&self.last, &mut block, FlushCompress::Finish);
        if !matches!(end, Ok(Status::StreamEnd)) {
            return Err(Trouble::Read("its pages cannot be held".to_owned()));
        }
        block.shrink_to_fit();
        self.last.clear();
        self.held_bytes += block.len() + size_of::<Vec<u8>>();
        self.blocks.push(block);
        if self.held_bytes > HELD_BYTES_MAX {
            let (limit, max) = ("rpm_held_bytes_max", HELD_BYTES_MAX as u64);
            return Err(Trouble::Limit { limit, max });
        }
        Ok(())
    }

    /// Takes a page, once. None if it is not held.
    pub(super) fn take(&mut self, number: u32) -> Result<&[u8], Trouble> {
        self.taken.resize(self.numbers.len(), false);
        let place = self.numbers.binary_search(&number).ok();
        let taken = place.and_then(|it| Some((it, self.taken.get_mut(it)?)));
        let Some((place, is_taken)) = taken else {
            return Err(Trouble::Malformed(format!("lacks its page {number}")));
        };
        if std::mem::replace(is_taken, true) {
            return Err(Trouble::Malformed(format!("leads to its page {number} twice")));
        }
        let in_block = BLOCK_BYTES.div_ceil(self.page_bytes);
        let start = place % in_block * self.page_bytes;
        let end = start + self.page_bytes;
        let block = self.block(place / in_block)?;
        block.get(start..end).ok_or_else(|| Trouble::Read(format!("page {number} is not held")))
    }

    fn block(&mut self, at: usize) -> Result<&[u8], Trouble> {
        let Some(block) = self.blocks.get(at) else { return Ok(&self.last) };
        if let Some(place) = self.open.iter().position(|it| it.0 == at) {
            self.open[..=place].rotate_right(1);
        } else {
            self.inflations += 1;
            if self.inflations > INFLATIONS_MAX * self.blocks.len() as u64 {
                let limit = "rpm_block_inflations_max";
                return Err(Trouble::Limit { limit, max: INFLATIONS_MAX });
            }
            let spare = match self.open.len() {
                OPEN_BLOCKS => self.open.pop().map(|it| it.1),
                _ => None,
            };
            let mut bytes = spare.unwrap_or_default();
            bytes.clear();
            bytes.reserve_exact(BLOCK_BYTES.next_multiple_of(self.page_bytes));
            self.inflate.reset(false);
            let end = self.inflate.decompress_vec(block, &mut bytes, FlushDecompress::Finish);
            end.map_err(|error| Trouble::Read(error.to_string()))?;
            self.open.insert(0, (at, bytes));
        }
        Ok(self.open.first().map(|it| it.1.as_slice()).unwrap_or_default())
    }
}

/// Shows each page of a database, whose `front` was read already. Answers whether the last one is
/// whole.
pub(super) fn each(
    page_bytes: usize,
    front: &[u8],
    content: &mut dyn Read,
    mut see: impl FnMut(u64, &[u8]) -> Result<(), Trouble>,
) -> Result<bool, Trouble> {
    let mut content = front.chain(content);
    let mut page = vec![0; page_bytes];
    for number in 0.. {
        let length = fill(&mut content, &mut page)?;
        if length < page_bytes {
            return Ok(length == 0);
        }
        if (number + 1) * page_bytes as u64 > DATABASE_BYTES_MAX {
            let (limit, max) = ("rpm_database_bytes_max", DATABASE_BYTES_MAX);
            return Err(Trouble::Limit { limit, max });
        }
        see(number, &page)?;
    }
    Ok(true)
}

/// How a page leads to the next one of its record: that page's number, 0 if it is the last, and
/// what it holds of the record.
pub(super) type Follow = fn(&[u8]) -> Option<(u32, &[u8])>;

/// A record whose bytes lie in a chain of pages.
pub(super) struct Chain<'p> {
    pages: &'p mut Pages,
    follow: Follow,
    next: u32,
    left: u64,
    /// What was taken last, and how much of it was read.
    taken: Vec<u8>,
    read: usize,
}

impl<'p> Chain<'p> {
    /// A record of `bytes` bytes that begins with `start` and goes on at page `next`.
    pub(super) fn new(
        pages: &'p mut Pages,
        follow: Follow,
        start: Vec<u8>,
        next: u32,
        bytes: u64,
    ) -> Self {
        let left = bytes.saturating_sub(start.len() as u64);
        Self { pages, follow, next, left, taken: start, read: 0 }
    }

    fn go_on(&mut self) -> Result<(), Trouble> {
        let torn = || Trouble::Malformed("a record of it is torn".to_owned());
        if self.next == 0 {
            return Err(torn());
        }
        let page = self.pages.take(self.next)?;
        let (next, bytes) = (self.follow)(page).filter(|it| !it.1.is_empty()).ok_or_else(torn)?;
        let length = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.taken.clear();
        self.taken.extend_from_slice(bytes.get(..length).unwrap_or(bytes));
        (self.read, self.next, self.left) = (0, next, self.left - length as u64);
        Ok(())
    }
}

impl Read for Chain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Chain<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.read >= self.taken.len() && self.left > 0 {
            let invalid =
                |it: Trouble| std::io::Error::new(std::io::ErrorKind::InvalidData, it.to_string());
            self.go_on().map_err(invalid)?;
        }
        Ok(self.taken.get(self.read..).unwrap_or_default())
    }

    fn consume(&mut self, length: usize) {
        self.read = (self.read + length).min(self.taken.len());
    }
}
