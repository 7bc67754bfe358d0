//! SQLite's file format (sqlite.org/fileformat2.html), as far as one table of it goes: the pages
//! of tables and of what overflows them are held, and the table `Packages` is walked at the end.

use std::io::{BufRead, Read};

use super::super::findings::{Findings, Trouble};
use super::pages::{self, Chain, Pages};
use super::take;

pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

/// The header of the database is in front of the first page's own.
const FRONT_BYTES: usize = 100;
/// Kinds of pages.
const TABLE_INNER: u8 = 5;
const TABLE_LEAF: u8 = 13;
/// A page that a record overflows into begins with the number of the next. There are never so
/// many pages that its highest byte is not 0.
const OVERFLOW: u8 = 0;
/// What is looked at of a row of the schema: what matters stands before the statement.
const ROW_BYTES_MAX: u64 = 4 << 10;
/// No table that matters has more.
const COLUMNS_MAX: usize = 8;
/// No tree is deeper.
const DEPTH_MAX: u32 = 20;
/// After so many pages that cannot be read the others are not tried.
const MALFORMED_MAX: u32 = 1000;

/// What the database's header says of it.
#[derive(Debug, Clone, Copy)]
struct Shape {
    page_bytes: usize,
    /// What of a page is not left to extensions.
    usable: usize,
    encoding: u32,
}

impl Shape {
    fn of(front: &[u8]) -> Option<Self> {
        let page_bytes = match u16_at(front, 16)? {
            1 => 65_536,
            bytes => usize::from(bytes),
        };
        let usable = page_bytes.checked_sub(usize::from(*front.get(20)?))?;
        let is_sound = (512..=65_536).contains(&page_bytes) && page_bytes.is_power_of_two();
        // Smaller than 480 SQLite itself refuses.
        let encoding = u32_at(front, 56)?;
        (is_sound && usable >= 480).then_some(Self { page_bytes, usable, encoding })
    }

    /// How much of a row of `bytes` bytes lies in the page of the tree itself.
    fn within(self, bytes: u64) -> Option<usize> {
        let (usable, most) = (self.usable, self.usable - 35);
        let bytes = usize::try_from(bytes).ok()?;
        if bytes <= most {
            return Some(bytes);
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let fitting = least + (bytes - least) % (usable - 4);
        Some(if fitting <= most { fitting } else { least })
    }

    fn text(self, bytes: &[u8]) -> String {
        let pairs = bytes.chunks_exact(2).filter_map(|it| <[u8; 2]>::try_from(it).ok());
        match self.encoding {
            2 => String::from_utf16_lossy(&pairs.map(u16::from_le_bytes).collect::<Vec<_>>()),
            3 => String::from_utf16_lossy(&pairs.map(u16::from_be_bytes).collect::<Vec<_>>()),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        }
    }
}

/// Reads the packages of a database.
pub(super) fn read(
    front: &[u8],
    content: &mut dyn Read,
    findings: &mut Findings,
) -> Result<(), Trouble> {
    let Some(shape) = Shape::of(front) else {
        return Err(Trouble::Malformed("is an SQLite database of an impossible shape".to_owned()));
    };
    let mut pages = Pages::new(shape.usable);
    let is_whole = pages::each(shape.page_bytes, front, content, |number, page| {
        let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
        let kind = page.first().copied().unwrap_or_default();
        match number == 1 || matches!(kind, TABLE_INNER | TABLE_LEAF | OVERFLOW) {
            true => pages.hold(number, page),
            false => Ok(()),
        }
    })?;
    if !is_whole {
        findings.trouble(Trouble::Malformed("is torn".to_owned()));
    }
    let mut tree = Tree { shape, pages };
    let root = tree.root_of("Packages")?;
    tree.walk(root, &mut |row| row.package(findings))
}

/// A log beside the database: what it holds is not in the database yet. rpm leaves none behind
/// unless it was stopped in the middle, or holds the database open.
pub(super) fn see_log(front: &[u8]) -> Result<(), Trouble> {
    match front.iter().all(|it| *it == 0) {
        true => Ok(()),
        false => {
            let text = "holds changes of rpm's database that are not in it";
            Err(Trouble::Malformed(text.to_owned()))
        }
    }
}

struct Tree {
    shape: Shape,
    pages: Pages,
}

/// A row of a table.
struct Row<'t> {
    shape: Shape,
    bytes: u64,
    record: Chain<'t>,
}

type SeeRow<'s> = dyn FnMut(Row<'_>) -> Result<(), Trouble> + 's;

impl Tree {
    /// The page at which a table's tree begins, by the schema.
    fn root_of(&mut self, table: &str) -> Result<u32, Trouble> {
        let mut root = None;
        let walked = self.walk(1, &mut |row| {
            root = root.or(row.root_of(table)?);
            Ok(())
        });
        let lacking = || Trouble::Malformed(format!("has no table {table}"));
        root.ok_or_else(|| walked.err().unwrap_or_else(lacking))
    }

    /// Shows all rows below a page, in their order. A page that is malformed does not keep the
    /// others from being read; the first such is the error.
    fn walk(&mut self, root: u32, see: &mut SeeRow<'_>) -> Result<(), Trouble> {
        let (mut left, mut malformed, mut end) = (vec![(root, 1)], 0, Ok(()));
        while let Some((number, depth)) = left.pop() {
            match self.page(number, see) {
                Ok(_) if depth == DEPTH_MAX => {
                    return Err(Trouble::Limit { limit: "rpm_depth_max", max: DEPTH_MAX.into() });
                }
                Ok(below) => left.extend(below.into_iter().rev().map(|it| (it, depth + 1))),
                Err(Trouble::Malformed(why)) if malformed < MALFORMED_MAX => {
                    malformed += 1;
                    end = end.and(Err(Trouble::Malformed(why)));
                }
                Err(other) => return Err(other),
            }
        }
        end
    }

    /// Shows the rows of a page, or answers which pages are below it.
    fn page(&mut self, number: u32, see: &mut SeeRow<'_>) -> Result<Vec<u32>, Trouble> {
        let page = self.pages.take(number)?.to_vec();
        let header = if number == 1 { FRONT_BYTES } else { 0 };
        let malformed = || Trouble::Malformed(format!("has a malformed page {number}"));
        match page.get(header) {
            Some(&TABLE_LEAF) => {
                let mut room = page.len();
                for cell in cells(&page, header, 8).ok_or_else(malformed)? {
                    let cell = Cell::of(cell, self.shape).ok_or_else(malformed)?;
                    // Many rows that lie over each other are more than a page can hold.
                    room = room.checked_sub(cell.start.len()).ok_or_else(malformed)?;
                    let record =
                        Chain::new(&mut self.pages, follow, cell.start, cell.next, cell.bytes);
                    see(Row { shape: self.shape, bytes: cell.bytes, record })?;
                }
                Ok(Vec::new())
            }
            Some(&TABLE_INNER) => {
                let cells = cells(&page, header, 12).ok_or_else(malformed)?;
                let below = cells.iter().map(|cell| u32_at(cell, 0));
                below
                    .chain([u32_at(&page, header + 8)])
                    .collect::<Option<_>>()
                    .ok_or_else(malformed)
            }
            _ => Err(malformed()),
        }
    }
}

/// A row as it lies in a page: its length, what of it lies there, and where it goes on.
struct Cell {
    bytes: u64,
    start: Vec<u8>,
    next: u32,
}

impl Cell {
    fn of(mut cell: &[u8], shape: Shape) -> Option<Self> {
        let bytes = varint(&mut cell)?;
        let _row = varint(&mut cell)?;
        let (start, rest) = cell.split_at_checked(shape.within(bytes)?)?;
        let next = if start.len() as u64 == bytes { 0 } else { u32_at(rest, 0)? };
        Some(Self { bytes, start: start.to_vec(), next })
    }
}

/// How an overflowing record goes on: the number of the next page, then its bytes.
fn follow(page: &[u8]) -> Option<(u32, &[u8])> {
    Some((u32_at(page, 0)?, page.get(4..)?))
}

/// The cells of a page whose header is at `header`, and so many bytes long.
fn cells(page: &[u8], header: usize, header_bytes: usize) -> Option<Vec<&[u8]>> {
    let pointers = header + header_bytes;
    let count = usize::from(u16_at(page, header + 3)?);
    (0..count)
        .map(|at| page.get(usize::from(u16_at(page, pointers + 2 * at)?)..))
        .collect::<Option<_>>()
}

impl Row<'_> {
    /// The page at which a table begins, if this row of the schema is about it: type, name, name
    /// of the table, page, statement.
    fn root_of(mut self, table: &str) -> Result<Option<u32>, Trouble> {
        let mut bytes = Vec::new();
        (&mut self.record).take(ROW_BYTES_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
        let mut rest = bytes.as_slice();
        let columns = columns(&mut rest).ok_or_else(torn)?;
        let mut value = |at: usize| {
            let (value, left) = rest.split_at_checked(columns.get(at).copied().and_then(width)?)?;
            rest = left;
            Some(value)
        };
        let (Some(kind), Some(name), Some(_), Some(page)) =
            (value(0), value(1), value(2), value(3))
        else {
            return Err(torn());
        };
        let is_it = self.shape.text(kind) == "table" && self.shape.text(name) == table;
        let page = page.iter().fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
        Ok(u32::try_from(page).ok().filter(|_| is_it))
    }

    /// Reads a row of `Packages`: its number, and the header as a blob.
    fn package(mut self, findings: &mut Findings) -> Result<(), Trouble> {
        let start = self.record.fill_buf().map_err(unreadable)?;
        let mut rest = start;
        let columns = columns(&mut rest).ok_or_else(torn)?;
        let [number, blob, ..] = columns.as_slice() else { return Err(torn()) };
        let before = start.len() - rest.len() + width(*number).ok_or_else(torn)?;
        let bytes = blob.checked_sub(12).map_or(0, |it| it / 2);
        if before as u64 + bytes > self.bytes || before > start.len() {
            return Err(torn());
        }
        self.record.consume(before);
        take(&mut self.record, bytes, findings)
    }
}

/// What kinds of values a record has, from the header in front of it.
fn columns(record: &mut &[u8]) -> Option<Vec<u64>> {
    let all = *record;
    let header_bytes = usize::try_from(varint(record)?).ok()?;
    let (mut header, rest) = all.split_at_checked(header_bytes)?;
    varint(&mut header)?;
    let mut columns = Vec::new();
    while !header.is_empty() && columns.len() < COLUMNS_MAX {
        columns.push(varint(&mut header)?);
    }
    *record = rest;
    Some(columns)
}

/// How many bytes a value of this kind takes.
fn width(kind: u64) -> Option<usize> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(kind).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => usize::try_from((kind - 12) / 2).ok(),
    }
}

fn torn() -> Trouble {
    Trouble::Malformed("has a row that cannot be read".to_owned())
}

fn unreadable(error: std::io::Error) -> Trouble {
    Trouble::Malformed(error.to_string())
}

/// A number of up to nine bytes, seven bits in each but the last.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if at == 8 {
            return Some(number << 8 | u64::from(byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|it| u16::from_be_bytes(*it))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|it| u32::from_be_bytes(*it))
}
