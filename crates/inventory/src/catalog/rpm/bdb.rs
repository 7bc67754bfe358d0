//! Berkeley DB's hash format (its `dbinc/db_page.h`), rpm's of old: buckets that name each
//! record's first page, and pages that records overflow into. Both orders of bytes are read.
//! Buckets are not hashed for: every page of them counts.

use std::io::Read;

use super::super::findings::{Findings, Trouble};
use super::pages::{self, Chain, Follow, Pages};
use super::take;

/// Where the magic number of a hash stands.
const MAGIC_AT: usize = 12;
const MAGIC: u32 = 0x0006_1561;
/// A page's own header.
const PAGE_HEADER_BYTES: usize = 26;
/// Kinds of pages.
const BUCKET_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const BUCKET: u8 = 13;
/// Kinds of items in a bucket: bytes, and a chain of pages.
const BYTES: u8 = 1;
const CHAIN: u8 = 3;
/// More records than this are an attack; a record is a package.
const RECORDS_MAX: usize = 65_536;

/// In which order numbers have their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// That of the database that begins so, if it is one.
    pub(super) fn of(front: &[u8]) -> Option<Self> {
        [Self::Little, Self::Big].into_iter().find(|it| it.u32(front, MAGIC_AT) == Some(MAGIC))
    }

    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        })
    }

    /// How an overflowing record goes on: the next page, and as many bytes as the page says.
    fn follow(self) -> Follow {
        fn follow(page: &[u8], order: Order) -> Option<(u32, &[u8])> {
            let length = usize::from(order.u16(page, 22)?);
            let bytes = page.get(PAGE_HEADER_BYTES..)?.get(..length)?;
            (kind_of(page) == OVERFLOW).then_some((order.u32(page, 16)?, bytes))
        }
        match self {
            Self::Little => |page| follow(page, Self::Little),
            Self::Big => |page| follow(page, Self::Big),
        }
    }
}

fn kind_of(page: &[u8]) -> u8 {
    page.get(25).copied().unwrap_or_default()
}

/// A record, by the page that its chain begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Record {
    page: u32,
    bytes: u32,
}

/// Reads the packages of a database, whose `front` was read already.
pub(super) fn read(
    order: Order,
    front: &[u8],
    content: &mut dyn Read,
    findings: &mut Findings,
) -> Result<(), Trouble> {
    let page_bytes = order.u32(front, 20).and_then(|it| usize::try_from(it).ok());
    let is_sound = |it: &usize| (512..=65_536).contains(it) && it.is_power_of_two();
    let is_plain = front.get(24) == Some(&0);
    let Some(page_bytes) = page_bytes.filter(is_sound).filter(|_| is_plain) else {
        let text = "is a Berkeley DB database of an impossible shape";
        return Err(Trouble::Malformed(text.to_owned()));
    };
    let mut pages = Pages::new(page_bytes);
    let mut records = Vec::new();
    let is_whole = pages::each(page_bytes, front, content, |number, page| match kind_of(page) {
        BUCKET | BUCKET_UNSORTED => bucket(order, page, &mut records, findings),
        OVERFLOW => pages.hold(u32::try_from(number).unwrap_or(u32::MAX), page),
        _ => Ok(()),
    })?;
    if !is_whole {
        findings.trouble(Trouble::Malformed("is torn".to_owned()));
    }
    records.sort_unstable();
    for Record { page, bytes } in records {
        let bytes = u64::from(bytes);
        let mut record = Chain::new(&mut pages, order.follow(), Vec::new(), page, bytes);
        take(&mut record, bytes, findings)?;
    }
    Ok(())
}

/// Sees a bucket: keys and records in turn.
fn bucket(
    order: Order,
    page: &[u8],
    records: &mut Vec<Record>,
    findings: &mut Findings,
) -> Result<(), Trouble> {
    let Some(items) = items(order, page) else {
        findings.trouble(Trouble::Malformed("has a malformed page".to_owned()));
        return Ok(());
    };
    for pair in items.chunks(2) {
        let [key, record] = pair else {
            findings.trouble(Trouble::Malformed("has a key without a record".to_owned()));
            continue;
        };
        match record {
            // Under the key 0 stands the number that the next package gets.
            _ if matches!(key, [BYTES, 0, 0, 0, 0]) => {}
            [BYTES, header @ ..] => take(&mut &*header, header.len() as u64, findings)?,
            [CHAIN, ..] if records.len() == RECORDS_MAX => {
                return Err(Trouble::Limit { limit: "rpm_records_max", max: RECORDS_MAX as u64 });
            }
            [CHAIN, ..] => {
                let place = order.u32(record, 4).zip(order.u32(record, 8));
                records.extend(place.map(|(page, bytes)| Record { page, bytes }));
            }
            _ => findings.trouble(Trouble::Malformed("has a record of no known kind".to_owned())),
        }
    }
    Ok(())
}

/// The items of a bucket. They stand from the page's end to its front, each up to the one before.
fn items(order: Order, page: &[u8]) -> Option<Vec<&[u8]>> {
    let mut end = page.len();
    let item = |at: usize| {
        let start = usize::from(order.u16(page, PAGE_HEADER_BYTES + 2 * at)?);
        let item = page.get(start..end).filter(|it| !it.is_empty());
        end = start;
        item
    };
    (0..usize::from(order.u16(page, 20)?)).map(item).collect()
}
