//! Programs that the tests put together, each a section table and what lies in its sections.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::super::findings::{Findings, Found};
use super::*;

const ADDRESS: u64 = 0x40_0000;
const HEADERS_BYTES: usize = 64 + 56;

/// A program of 64 bits whose sections, each at a multiple of 16, are loaded at [`ADDRESS`].
fn program(sections: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0; HEADERS_BYTES];
    let mut offsets = Vec::new();
    for section in sections {
        file.resize(file.len().next_multiple_of(16), 0);
        offsets.push(file.len() as u64);
        file.extend(section);
    }
    let table = file.len() as u64;
    for offset in &offsets {
        let mut header = [0; 64];
        header[24..32].copy_from_slice(&offset.to_le_bytes());
        file.extend(header);
    }
    let count = u16::try_from(sections.len()).unwrap();
    let size = file.len() as u64;
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01");
    put(32, &64_u64.to_le_bytes());
    put(40, &table.to_le_bytes());
    put(54, &[56, 0, 1, 0, 64, 0]);
    put(60, &count.to_le_bytes());
    put(64, &[1, 0, 0, 0, 4]); // loaded, to be read
    put(64 + 16, &ADDRESS.to_le_bytes());
    put(64 + 32, &size.to_le_bytes());
    file
}

fn read(path: &str, file: &[u8]) -> Vec<String> {
    let mut findings = Findings::default();
    let end = Program.read(path.as_bytes(), &mut &*file, &mut findings);
    end.unwrap_or_else(|trouble| findings.trouble(trouble));
    let package = |it: &Found| format!("{} {} {}", it.ecosystem, it.name, it.version);
    let troubles = findings.troubles.iter().map(|it| format!("! {it}"));
    findings.packages.iter().map(package).chain(troubles).collect()
}

fn framed(modules: &str) -> Vec<u8> {
    let end = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";
    [go::MODULES_START, modules.as_bytes(), end].concat()
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

fn build_info(version: &str, modules: &[u8]) -> Vec<u8> {
    let header = [go::MAGIC, &[8, 2], &[0; 16]].concat();
    let version = [varint(version.len()), version.as_bytes().to_vec()].concat();
    [header, version, varint(modules.len()), modules.to_vec()].concat()
}

const MODULES: &str = "path\texample.com/app\nmod\texample.com/app\t(devel)\t\n\
    dep\tgolang.org/x/net\tv0.0.0-20200520182314-0ba52f642ac2\th1:x=\n\
    dep\texample.com/old\tv1.0.0\n=>\texample.com/new\tv1.2.3\th1:y=\n\
    dep\texample.com/here\tv1.0.0\n=>\t./here\t(devel)\t\nbuild\tCGO_ENABLED=0\n";
const FOUND: [&str; 5] = [
    "golang stdlib 1.22.1",
    "golang example.com/app (devel)",
    "golang golang.org/x/net v0.0.0-20200520182314-0ba52f642ac2",
    "golang example.com/new v1.2.3",
    "golang example.com/here (devel)",
];

#[test]
fn what_replaces_a_module_counts() {
    let info = build_info("go1.22.1 X:boringcrypto", &framed(MODULES));
    assert_eq!(read("app", &program(&[info])), FOUND);
}

#[test]
fn build_info_is_found_wherever_the_window_ends() {
    for padding in [131_000, 131_040, 131_056, 131_072, 140_000, 300_000] {
        let padding = vec![b'x'; padding];
        let info = build_info("go1.22.1", &framed(MODULES));
        assert_eq!(read("app", &program(&[padding, info])), FOUND);
    }
}

#[test]
fn only_an_aligned_magic_is_build_info() {
    let info = [b"x".to_vec(), build_info("go1.22.1", b"")].concat();
    assert_eq!(read("app", &program(&[info])), [""; 0]);
    let bare = build_info("go1.22.1", b"");
    assert_eq!(read("app", &program(&[bare])), ["golang stdlib 1.22.1"]);
    let own = build_info("devel go1.27-5ba1d3f Mon Sep 1", b"");
    assert_eq!(read("app", &program(&[own])), ["golang stdlib (devel)"]);
}

/// The format before Go 1.18: the strings first, then the build info, then what it points to.
#[test]
fn old_build_info_points_to_what_passed_before() {
    for bytes in [4_usize, 8] {
        let number = |it: u64| it.to_le_bytes()[..bytes].to_vec();
        let strings = [b"xgo1.1go1.17.5go1.x".to_vec(), framed(MODULES)].concat();
        let at = ADDRESS + 128;
        let info_at = (at + strings.len() as u64).next_multiple_of(16);
        let pointed = info_at + 32;
        let info = [
            [go::MAGIC, &[u8::try_from(bytes).unwrap(), 0]].concat(),
            number(pointed),
            number(0),
            vec![0; 16 - 2 * bytes],
            number(at + 6),
            number(8),
        ];
        let found = read("app", &program(&[strings, info.concat()]));
        assert_eq!(found[0], "golang stdlib 1.17.5");
        assert_eq!(found[1..], FOUND[1..]);
    }
}

#[test]
fn modules_past_the_limit_are_said() {
    let long = framed(&format!("mod\tx\tv1\n{}", "#".repeat(1 << 20)));
    let found = read("app", &program(&[build_info("go1.22.1", &long)]));
    assert_eq!(found[0], "golang stdlib 1.22.1");
    assert!(found[1].contains("go_modules_bytes_max"), "{found:?}");
}

fn deflated(level: u32, json: &str) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(json.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

const LIST: &str = r#"{"packages":[
    {"name":"app","version":"0.1.0","source":"local","dependencies":[1,2],"root":true},
    {"name":"serde","version":"1.0.1","source":"crates.io","features":["std"]},
    {"name":"cc","version":"1.0.2","source":"crates.io","kind":"build"},
    {"name":"odd","version":"2.0.0-rc.1","source":"git","kind":"another"}],"format":1}"#;

#[test]
fn crates_are_listed_but_those_that_only_built_it() {
    for level in [1, 6, 7, 9] {
        let file = program(&[vec![b'x'; 200_000], deflated(level, LIST), vec![1; 99]]);
        let expected = ["cargo app 0.1.0", "cargo serde 1.0.1", "cargo odd 2.0.0-rc.1"];
        assert_eq!(read("app", &file), expected, "level {level}");
    }
}

#[test]
fn a_list_amid_a_section_is_another_programs() {
    let file = program(&[[vec![b'x'; 20], deflated(7, LIST)].concat()]);
    assert_eq!(read("app", &file), [""; 0]);
    let mut stripped = file;
    stripped[40..48].fill(0); // without section headers nobody can tell
    assert_eq!(read("app", &stripped).len(), 3);
}

#[test]
fn a_list_that_cannot_be_read_is_said() {
    let found = read("app", &program(&[deflated(7, "{\"packages\":[{\"name\":7}]}")]));
    assert!(found[0].starts_with("! its list of Rust crates cannot be read"), "{found:?}");
    let torn = &deflated(7, &LIST.replace("odd", &"odd".repeat(999)))[..40];
    let found = read("app", &program(&[torn.to_vec()]));
    assert!(found.is_empty() || found[0].starts_with('!'), "{found:?}");
}

#[test]
fn a_program_that_seems_full_of_lists_is_past_the_limit() {
    let file = program(&[b"\x78\x9c\x05".repeat(100_000)]);
    assert!(read("app", &file)[0].contains("zlib_streams_max"));
}

#[test]
fn no_program_is_an_endless_one() {
    for length in [0, 3, 16, 63, 64, 100, 119] {
        let file = program(&[b"x".to_vec()]);
        assert_eq!(read("app", &file[..length]), [""; 0]);
    }
    let mut wild = program(&[build_info("go1.22.1", b"")]);
    wild[32..48].fill(0xff); // headers beyond the end of all
    assert_eq!(read("app", &wild), ["golang stdlib 1.22.1"]);
}

#[test]
fn programs_say_their_version_in_words_of_their_own() {
    let check = |file: &str, text: &[u8], expected: &str| {
        let found = read(file, &program(&[vec![b'x'; 200_000], text.to_vec()]));
        let expected: Vec<String> =
            (!expected.is_empty()).then(|| format!("binary {expected}")).into_iter().collect();
        assert_eq!(found, expected, "{file}");
    };
    // As they stand in Debian's and the official images' programs.
    check("usr/local/bin/node", b"\0node.js/v20.20.2\0", "node 20.20.2");
    check("usr/lib/libpython3.11.so.1.0", b"\x003.11.2\0", "python 3.11.2");
    check("usr/bin/python3.12", b"\x003.11.2\0\x003.12.0rc1\0", "python 3.12.0rc1");
    check(
        "usr/local/lib/libpython3.11.so.1.0",
        b"/opt/versions/3.11.7/lib\0/opt/versions/3.11.7\0EXEC_PREFIX",
        "python 3.11.7",
    );
    let jvm = b"OpenJDK 64-Bit Server VM (25.1+2) for linux-amd64 JRE (17.0.21.1+2-1), built";
    check("jvm/lib/server/libjvm.so", jvm, "java 17.0.21.1");
    check("jre/lib/amd64/server/libjvm.so", b" JRE (1.8.0_392-b08), built", "java 1.8.0_392");
    check("usr/lib/libruby-3.1.so.3.1.2", b"ruby 3.1.2p20 (2022-04-12", "ruby 3.1.2p20");
    check("usr/sbin/php-fpm", b"X-Powered-By: PHP/8.2.36\0", "php 8.2.36");
    check("usr/local/bin/perl5.38.0", b"\0v5.38.0\0", "perl 5.38.0");
    check("usr/bin/fwatchdog", b" -X main.Version=0.10.7 -X main", "of-watchdog 0.10.7");
    check("bin/busybox", b"BusyBox v1.35.0 (Debian", "busybox 1.35.0");
    check("usr/sbin/nginx", b"nginx version: nginx/1.25.3\0", "nginx 1.25.3");
    check("usr/bin/redis-server", b"\x007.0.15\0", "redis 7.0.15");
    check("usr/bin/redis-server", b"\x007.0.15x-12\0\x007.1\0", "");
    check("usr/bin/other", b"node.js/v20.20.2", "");
    check("bin/busybox", b"BusyBox v%s", "");
}

#[test]
fn a_packed_program_is_said() {
    let mut file = program(&[b"nothing to be seen".to_vec()]);
    file.splice(HEADERS_BYTES..HEADERS_BYTES, *b"\0\0\0\0UPX!");
    let said = "! is packed by UPX: what it was built from cannot be seen";
    assert_eq!(read("usr/bin/fwatchdog", &file), [said]);
    // One that only speaks of it, as UPX itself does.
    let file = program(&[[[0; 600].as_slice(), b"UPX!"].concat()]);
    assert!(read("usr/bin/upx", &file).is_empty());
}

/// A .NET program in one file: a host that knows where the header is, a `deps.json`, the header.
fn bundle(padding: usize, deps: &[u8], major: u32, is_told: bool) -> Vec<u8> {
    let mut file = program(&[vec![0; padding], [&[0; 8], bundle::SIGNATURE].concat()]);
    let mark = file.len() - 2 * 64 - bundle::SIGNATURE.len();
    file.extend(vec![1; 200_000]);
    let (offset, size) = (file.len() as u64, deps.len() as u64 * u64::from(is_told));
    file.extend(deps);
    let header = file.len() as u64;
    file[mark - 8..mark].copy_from_slice(&header.to_le_bytes());
    file.extend([&major.to_le_bytes()[..], &[0; 4], &[2, 0, 0, 0], b"\x0c6vNB7DvjUL2h"].concat());
    file.extend([offset.to_le_bytes(), size.to_le_bytes()].concat());
    file.extend([0; 24]);
    file
}

#[test]
fn a_dotnet_program_in_one_file_brings_its_packages() {
    let deps = b"{\n  \"runtimeTarget\": {\n    \"name\": \"x\"\n  },\n  \"libraries\": {\
        \"fn/1.0.0\": {\"type\": \"project\"}, \"A.B/1.2.3\": {\"type\": \"package\"},\
        \"runtimepack.R.linux-x64/8.0.0\": {\"type\": \"runtimepack\"}}}";
    let expected = ["nuget A.B 1.2.3", "nuget R.linux-x64 8.0.0"];
    // Also where the window ends between the offset and the mark behind it.
    for padding in [16, (128 << 10) - 120 - 8 - 1024, (128 << 10) - 120 - 1024] {
        assert_eq!(read("app/fn", &bundle(padding, deps, 6, true)), expected, "{padding}");
    }
    assert_eq!(read("app/fn", &bundle(16, deps, 1, true)), expected);
    let unsaid = "! is a .NET program in one file whose packages it does not say";
    assert_eq!(read("app/fn", &bundle(16, deps, 6, false)), [unsaid]);
    let unread = "! is a .NET program in one file whose packages cannot be read";
    let torn = bundle(16, deps, 6, true);
    assert_eq!(read("app/fn", &torn[..torn.len() - 60]), [unread]);
    assert_eq!(read("app/fn", &bundle(16, b"{}", 6, true)), [unread]);
    // A host that brings nothing.
    assert!(read("app/fn", &program(&[[&[0; 8], bundle::SIGNATURE].concat()])).is_empty());
}
