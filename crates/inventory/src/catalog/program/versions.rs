//! Programs that no package manager knows, by what they write out as their version: one line for
//! each. Official images and OpenFaaS templates bring them.

use memchr::memmem;

use super::super::split_last;
use crate::catalog::Found;
use crate::ecosystem::Ecosystem;

/// A program that says its version.
pub(super) struct Program {
    name: &'static str,
    /// How its file is named: `*` stands for anything, only at the end.
    files: &'static [&'static str],
    /// What stands right before the version, the likeliest first.
    before: &'static [&'static [u8]],
    /// What may stand right behind it; without any, whatever is no part of a version.
    behind: &'static [u8],
}

/// All of them. A new one is a line here, and one in the test.
const PROGRAMS: &[Program] = &[
    program("node", &["node", "nodejs", "libnode.so*"], &[b"node.js/v"], b""),
    // A linker keeps the version as the end of a longer text, where it is built into such a folder.
    program("python", &["python*", "libpython*"], &[b"\0", b"/"], b"\0"),
    program("java", &["libjvm.so"], &[b" JRE ("], b"+-)"),
    program("ruby", &["ruby*", "libruby*"], &[b"ruby "], b" "),
    program("php", &["php*", "libphp*"], &[b"X-Powered-By: PHP/"], b""),
    program("perl", &["perl*", "libperl.so*"], &[b"\0v"], b"\0"),
    program("of-watchdog", &["fwatchdog*", "of-watchdog*"], &[b"main.Version="], b""),
    program("busybox", &["busybox*"], &[b"BusyBox v"], b" "),
    program("nginx", &["nginx*"], &[b"nginx version: nginx/"], b""),
    program("redis", &["redis-server*"], &[b"\0"], b"\0"),
];

const fn program(
    name: &'static str,
    files: &'static [&'static str],
    before: &'static [&'static [u8]],
    behind: &'static [u8],
) -> Program {
    Program { name, files, before, behind }
}

/// The program that a file is named after.
pub(super) fn of_name(path: &[u8]) -> Option<&'static Program> {
    let file = split_last(path).1;
    let is_named = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(stem) => file.starts_with(stem.as_bytes()),
        None => file == pattern.as_bytes(),
    };
    PROGRAMS.iter().find(|it| it.files.iter().any(is_named))
}

/// Looks for the version of the program that a file is named after.
pub(super) struct Version {
    program: &'static Program,
    /// A Python's version begins as its file's name says it.
    start: Vec<u8>,
    found: Option<String>,
}

impl Version {
    /// `None` if no program is named so.
    pub(super) fn of(path: &[u8]) -> Option<Self> {
        let program = of_name(path)?;
        let file = split_last(path).1;
        let mut start = Vec::new();
        if program.name == "python" {
            let digits = file.iter().skip_while(|it| !it.is_ascii_digit());
            start.extend(digits.take_while(|it| it.is_ascii_digit() || **it == b'.'));
            while start.pop_if(|it| *it == b'.').is_some() {}
            start.push(b'.');
        }
        Some(Self { program, start, found: None })
    }

    /// Searches bytes for the first version.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        if self.found.is_some() {
            return;
        }
        let first = |before: &&[u8]| {
            let needle = [before, self.start.as_slice()].concat();
            memmem::find_iter(bytes, &needle).find_map(|at| {
                let text = bytes.get(at + before.len()..)?;
                version(text, self.program.behind)
            })
        };
        self.found = self.program.before.iter().find_map(first).map(str::to_owned);
    }

    pub(super) fn close(self) -> Option<Found> {
        Some(Found::new(Ecosystem::Binary, self.program.name.to_owned(), self.found?))
    }
}

/// Numbers with dots between, and letters or digits that may be joined to the last.
fn version<'t>(text: &'t [u8], behind: &[u8]) -> Option<&'t str> {
    const BYTES_MAX: usize = 32;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"._".contains(byte);
    let length = text.iter().take(BYTES_MAX).take_while(|it| is_part(it)).count();
    let (text, rest) = text.split_at(length);
    let is_ended = behind.is_empty() || rest.first().is_some_and(|it| behind.contains(it));
    let text = str::from_utf8(text).ok()?.trim_end_matches('.');
    let mut numbers = text.splitn(3, '.');
    let is_number = |it: Option<&str>| {
        it.is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()) && !it.is_empty())
    };
    let has_shape = is_number(numbers.next())
        && is_number(numbers.next())
        && numbers.next().is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
    (is_ended && has_shape).then_some(text)
}
