//! The header of a package, as the database holds it: a count of tags, a count of bytes, an index
//! of 16 bytes for each tag, and the bytes (RPM V4 package format, "Header structure"). It is read
//! once from its front to the last tag that is wanted; the rest is not held.

use std::io::{BufRead, ErrorKind, Read};

use super::super::findings::Trouble;
use super::super::{owned, split_last};

/// rpm takes no header of more tags or more bytes (`lib/header.c`: hdrchkTags, hdrchkData).
const TAGS_MAX: u32 = 0xffff;
const BYTES_MAX: u32 = 256 << 20;
/// The longest that a word of it may be. Licences of bundles take kilobytes.
const TEXT_BYTES_MAX: u64 = 16 << 10;
/// How many files a package may have. The largest of a distribution bring 100,000.
const FILES_MAX: u32 = 1 << 18;
/// What the names of its folders may take.
const FOLDER_BYTES_MAX: usize = 4 << 20;

/// Tags (`include/rpm/rpmtag.h`).
const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const VENDOR: u32 = 1011;
const LICENSE: u32 = 1014;
const ARCHITECTURE: u32 = 1022;
const SOURCE: u32 = 1044;
const FOLDER_OF_FILE: u32 = 1116;
const FILES: u32 = 1117;
const FOLDERS: u32 = 1118;
const WANTED: [u32; 11] = [
    NAME,
    VERSION,
    RELEASE,
    EPOCH,
    VENDOR,
    LICENSE,
    ARCHITECTURE,
    SOURCE,
    FOLDER_OF_FILE,
    FILES,
    FOLDERS,
];

/// Kinds of values.
const INT32: u32 = 4;
const STRING: u32 = 6;
const STRINGS: u32 = 8;
const TRANSLATED: u32 = 9;

/// What a header says of its package. What it does not say is empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) release: String,
    pub(super) epoch: u32,
    pub(super) architecture: String,
    /// The file name of the source package.
    pub(super) source: String,
    pub(super) license: String,
    /// Who built it.
    pub(super) vendor: String,
    /// Those of its files that are worth a claim, from the root.
    pub(super) programs: Vec<Vec<u8>>,
}

/// Where a tag's value lies.
#[derive(Debug, Clone, Copy)]
struct Span {
    tag: u32,
    kind: u32,
    offset: u64,
    count: u32,
}

/// The files of a package: names, and which folder each lies in.
#[derive(Default)]
struct Files {
    /// For each file its folder, by its place among the folders.
    folder_of: Vec<u32>,
    /// Those that are worth a claim, by their place among the files.
    programs: Vec<(usize, Vec<u8>)>,
    folders: Vec<Vec<u8>>,
}

impl Header {
    /// Reads a header of `bytes` bytes.
    pub(super) fn read(mut content: &mut dyn BufRead, bytes: u64) -> Result<Self, Trouble> {
        let [tags, length] = words(&mut content)?;
        let index_bytes = 8 + 16 * u64::from(tags);
        let is_sound = (1..=TAGS_MAX).contains(&tags) && length <= BYTES_MAX;
        if !is_sound || index_bytes + u64::from(length) > bytes {
            return Err(Trouble::Malformed("a package's header has an impossible size".to_owned()));
        }
        let mut spans: Vec<Span> = Vec::with_capacity(WANTED.len());
        for _ in 0..tags {
            let [tag, kind, offset, count] = words(&mut content)?;
            let is_new = spans.iter().all(|it| it.tag != tag);
            if WANTED.contains(&tag) && is_new && count > 0 {
                spans.push(Span { tag, kind, offset: offset.into(), count });
            }
        }
        spans.sort_by_key(|it| it.offset);
        let mut values = Values { content: content.take(length.into()), at: 0 };
        let (mut header, mut files) = (Self::default(), Files::default());
        for span in spans {
            values.skip_to(span.offset)?;
            header.see(span, &mut values, &mut files)?;
        }
        header.programs = files.programs();
        header.check()
    }

    fn see(
        &mut self,
        span: Span,
        values: &mut Values<'_>,
        files: &mut Files,
    ) -> Result<(), Trouble> {
        let text = match span.tag {
            NAME => &mut self.name,
            VERSION => &mut self.version,
            RELEASE => &mut self.release,
            ARCHITECTURE => &mut self.architecture,
            SOURCE => &mut self.source,
            LICENSE => &mut self.license,
            VENDOR => &mut self.vendor,
            EPOCH if span.kind == INT32 => {
                [self.epoch] = values.words()?;
                return Ok(());
            }
            FOLDER_OF_FILE | FILES | FOLDERS if span.count > FILES_MAX => {
                return Err(Trouble::Limit { limit: "rpm_files_max", max: FILES_MAX.into() });
            }
            FOLDER_OF_FILE if span.kind == INT32 => return files.see_folder_of(span, values),
            FILES if span.kind == STRINGS => return files.see_names(span, values),
            FOLDERS if span.kind == STRINGS => return files.see_folders(span, values),
            tag => return Err(unexpected(tag, span.kind)),
        };
        if !matches!(span.kind, STRING | STRINGS | TRANSLATED) {
            return Err(unexpected(span.tag, span.kind));
        }
        let bytes = values.text()?;
        *text = match span.tag {
            // A name of other characters would be another package's name.
            NAME | VERSION | RELEASE => String::from_utf8(bytes).map_err(|_| {
                Trouble::Malformed("a package's name or version is not UTF-8".to_owned())
            })?,
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        };
        Ok(())
    }

    fn check(self) -> Result<Self, Trouble> {
        let Self { name, version, release, .. } = &self;
        if name.is_empty() {
            return Err(Trouble::Malformed("a package has no name".to_owned()));
        }
        if version.is_empty() || release.is_empty() {
            return Err(Trouble::Malformed(format!("package {name} has no version")));
        }
        Ok(self)
    }
}

impl Files {
    fn see_folder_of(&mut self, span: Span, values: &mut Values<'_>) -> Result<(), Trouble> {
        for _ in 0..span.count {
            let [folder] = values.words()?;
            self.folder_of.push(folder);
        }
        Ok(())
    }

    fn see_names(&mut self, span: Span, values: &mut Values<'_>) -> Result<(), Trouble> {
        for at in 0..span.count as usize {
            let name = values.text()?;
            if owned::may_be_told(&name) {
                self.programs.push((at, name));
            }
        }
        Ok(())
    }

    fn see_folders(&mut self, span: Span, values: &mut Values<'_>) -> Result<(), Trouble> {
        let mut bytes = 0;
        for _ in 0..span.count {
            let folder = values.text()?;
            bytes += folder.len() + size_of::<Vec<u8>>();
            if bytes > FOLDER_BYTES_MAX {
                let (limit, max) = ("rpm_folder_bytes_max", FOLDER_BYTES_MAX as u64);
                return Err(Trouble::Limit { limit, max });
            }
            self.folders.push(folder);
        }
        Ok(())
    }

    /// The paths that are claimed, without the leading `/`. One without a folder is nobody's.
    fn programs(self) -> Vec<Vec<u8>> {
        let Self { folder_of, programs, folders } = self;
        let path = |(at, name): (usize, Vec<u8>)| {
            let folder = folders.get(*folder_of.get(at)? as usize)?;
            let folder = folder.strip_prefix(b"/").unwrap_or(folder);
            let is_plain = split_last(&name).0.is_empty();
            is_plain.then(|| [folder, &name].concat()).filter(|it| owned::is_told(it))
        };
        programs.into_iter().filter_map(path).collect()
    }
}

/// The bytes behind the index, read forwards.
struct Values<'c> {
    content: std::io::Take<&'c mut dyn BufRead>,
    at: u64,
}

impl Values<'_> {
    fn skip_to(&mut self, offset: u64) -> Result<(), Trouble> {
        let Some(mut left) = offset.checked_sub(self.at) else {
            return Err(Trouble::Malformed(
                "a package's header says two things at once".to_owned(),
            ));
        };
        while left > 0 {
            let length = self.content.fill_buf().map_err(torn)?.len();
            if length == 0 {
                return Err(torn(ErrorKind::UnexpectedEof.into()));
            }
            let length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.content.consume(length);
            left -= length as u64;
        }
        self.at = offset;
        Ok(())
    }

    fn words<const N: usize>(&mut self) -> Result<[u32; N], Trouble> {
        self.at += 4 * N as u64;
        words(&mut self.content)
    }

    /// Text up to its NUL.
    fn text(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut text = Vec::new();
        let mut bounded = (&mut self.content).take(TEXT_BYTES_MAX + 1);
        let length = bounded.read_until(0, &mut text).map_err(torn)?;
        self.at += length as u64;
        match text.pop() {
            Some(0) => Ok(text),
            Some(_) if length as u64 > TEXT_BYTES_MAX => {
                Err(Trouble::Limit { limit: "rpm_text_bytes_max", max: TEXT_BYTES_MAX })
            }
            _ => Err(torn(ErrorKind::UnexpectedEof.into())),
        }
    }
}

/// Numbers as headers have them, the higher byte first.
fn words<const N: usize>(content: &mut dyn Read) -> Result<[u32; N], Trouble> {
    let mut words = [0; N];
    for word in &mut words {
        let mut bytes = [0; 4];
        content.read_exact(&mut bytes).map_err(torn)?;
        *word = u32::from_be_bytes(bytes);
    }
    Ok(words)
}

/// Why reading ended. What holds the header says by [`ErrorKind::InvalidData`] what is wrong with
/// itself.
fn torn(error: std::io::Error) -> Trouble {
    match error.kind() {
        ErrorKind::InvalidData => Trouble::Malformed(error.to_string()),
        ErrorKind::UnexpectedEof => Trouble::Malformed("a package's header is torn".to_owned()),
        _ => error.into(),
    }
}

fn unexpected(tag: u32, kind: u32) -> Trouble {
    Trouble::Malformed(format!("a package's header has its tag {tag} as kind {kind}"))
}
