//! Who reads a file: one cataloger, several, or nobody.

use std::io::{Chain, Read};

use super::{CATALOGERS, Cataloger, FilePath, Findings, Trouble};

/// What is held of a file that several read, for its bytes pass once.
const SHARED_BYTES_MAX: usize = 8 << 20;
/// As long as the longest of the magics that files begin with.
const MAGIC_BYTES: usize = 8;

const _: () = assert!(CATALOGERS.len() <= u64::BITS as usize, "a set of roles is 64 bits");

/// A cataloger, by its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Role(u8);

/// A set of catalogers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Roles(u64);

/// A regular file before its content passes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'p> {
    /// Real, from the image's root, without a leading `/`. Any bytes.
    pub(crate) path: &'p [u8],
    pub(crate) mode: u32,
    pub(crate) size: u64,
}

/// Who asks for the file at this path.
pub(crate) fn roles_of(path: &[u8]) -> Roles {
    let path = FilePath::of(path);
    Roles::of(|it| it.wants(&path))
}

/// Who looks into a file whatever its name.
pub(crate) fn lookers_into(candidate: &Candidate<'_>) -> Roles {
    Roles::of(|it| !it.magics().is_empty() && it.looks_into(candidate))
}

impl Role {
    fn cataloger(self) -> Option<&'static dyn Cataloger> {
        CATALOGERS.get(usize::from(self.0)).copied()
    }

    /// Its place in the list.
    pub(crate) fn index(self) -> u8 {
        self.0
    }

    /// The one at this place of the list, if there is one.
    pub(crate) fn at(index: u8) -> Option<Self> {
        Self(index).cataloger().map(|_| Self(index))
    }

    /// Whether it reads files of any size, for it holds little of them.
    pub(crate) fn streams(self) -> bool {
        self.cataloger().is_some_and(Cataloger::streams)
    }

    fn read(self, path: &[u8], content: &mut dyn Read) -> Findings {
        let mut findings = Findings::default();
        if let Some(cataloger) = self.cataloger()
            && let Err(trouble) = cataloger.read(path, content, &mut findings)
        {
            findings.trouble(trouble);
        }
        findings
    }
}

impl Roles {
    fn of(which: impl Fn(&dyn Cataloger) -> bool) -> Self {
        let all = (0..).map(Role).zip(CATALOGERS);
        all.filter(|(_, it)| which(**it)).map(|(role, _)| role).collect()
    }

    /// As bits, by the places in the list.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// Those of these bits.
    pub(crate) fn of_bits(bits: u64) -> Self {
        Self(bits)
    }

    fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Role> {
        (0..64).filter(move |at| self.0 & 1 << at != 0).map(Role)
    }

    /// What each finds in the content, whose bytes pass once. `asked` asked for the file by its
    /// path; `looking` look into it if it begins as theirs do. Who is not of the answer did not
    /// look.
    pub(crate) fn read(
        asked: Self,
        looking: Self,
        path: &[u8],
        content: &mut dyn Read,
    ) -> Vec<(Role, Findings)> {
        let mut start = [0; MAGIC_BYTES];
        let mut readers = asked;
        let mut length = 0;
        if !looking.without(asked).is_empty() {
            length = match fill(content, &mut start) {
                Ok(length) => length,
                Err(error) => return refuse(asked, &error.into()),
            };
            let start = &start[..length];
            let is_its = |it: &&[u8]| start.starts_with(it);
            let begins = Self::of(|it| it.magics().iter().any(is_its));
            readers = asked.union(Self(looking.0 & begins.0));
        }
        Self::read_from(readers, path, start[..length].chain(content))
    }

    fn read_from(
        self,
        path: &[u8],
        mut content: Chain<&[u8], &mut dyn Read>,
    ) -> Vec<(Role, Findings)> {
        if self.len() <= 1 {
            return self.iter().map(|role| (role, role.read(path, &mut content))).collect();
        }
        let mut bytes = Vec::new();
        let read = content.take(SHARED_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
        if let Err(error) = read {
            return refuse(self, &error.into());
        }
        if bytes.len() > SHARED_BYTES_MAX {
            let (limit, max) = ("shared_file_bytes_max", SHARED_BYTES_MAX as u64);
            return refuse(self, &Trouble::Limit { limit, max });
        }
        self.iter().map(|role| (role, role.read(path, &mut bytes.as_slice()))).collect()
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::default(), Self::with)
    }
}

/// Reads until the buffer is full or the content ends.
pub(super) fn fill(content: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match content.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn refuse(roles: Roles, trouble: &Trouble) -> Vec<(Role, Findings)> {
    let told = |role| {
        let mut findings = Findings::default();
        findings.trouble(trouble.clone());
        (role, findings)
    };
    roles.iter().map(told).collect()
}
