//! Headers that speak of one entry and contradict each other: the same counts that counts for Go's
//! archive/tar, with which containerd, Docker, Podman and umoci unpack layers. Else a file had
//! another name for whoever judges it than for whoever runs it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Read as _;

use inventory::tar_walk::Walk;
use oci_image::Limits;

/// One header with its content; `change` has the last word.
fn entry(name: &str, kind: u8, content: &[u8], change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name.as_bytes());
    for (at, field) in [(100, "0000644\0"), (108, "0000000\0"), (116, "0000000\0")] {
        block[at..at + 8].copy_from_slice(field.as_bytes());
    }
    block[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar  \0");
    change(&mut block);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|it| u32::from(*it)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.extend(content);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

fn file(name: &str) -> Vec<u8> {
    entry(name, b'0', b"abc", |_| {})
}

fn long_name(name: &str) -> Vec<u8> {
    entry("././@LongLink", b'L', format!("{name}\0").as_bytes(), |_| {})
}

fn extended(kind: u8, records: &[(&str, &str)]) -> Vec<u8> {
    let record = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        let length = (1..).find(|it: &usize| it.to_string().len() + rest.len() == *it);
        format!("{}{rest}", length.unwrap())
    };
    let records: String = records.iter().map(record).collect();
    entry("PaxHeaders/x", kind, records.as_bytes(), |_| {})
}

/// Compares entries, each as `name size content`.
fn check(parts: &[Vec<u8>], expected: &[&str]) {
    let tar = [parts.concat(), vec![0; 1024]].concat();
    let mut walk = Walk::new(tar.as_slice(), &Limits::default());
    let mut found = Vec::new();
    while let Some(entry) = walk.next_entry().unwrap() {
        let mut content = Vec::new();
        walk.content(&entry).read_to_end(&mut content).unwrap();
        let content = String::from_utf8_lossy(&content).replace('\0', ".");
        found.push(format!("{} {} {content}", String::from_utf8_lossy(&entry.name), entry.size));
    }
    assert_eq!(found, expected);
}

#[test]
fn of_several_headers_the_one_counts_that_counts_for_go() {
    let path = || extended(b'x', &[("path", "extended")]);
    check(&[path(), long_name("long"), file("own")], &["long 3 abc"]);
    check(&[long_name("long"), path(), file("own")], &["long 3 abc"]);
    check(&[long_name(""), file("own")], &["own 3 abc"]);
    check(&[long_name("a"), long_name("b"), file("own")], &["b 3 abc"]);
    check(&[path(), extended(b'x', &[("comment", "x")]), file("own")], &["own 3 abc"]);
    check(&[path(), extended(b'g', &[("path", "global")]), file("own")], &["own 3 abc"]);
    check(&[long_name("long"), extended(b'g', &[]), file("own")], &["own 3 abc"]);
}

#[test]
fn what_is_said_of_sparse_files_counts_for_sparse_files_alone() {
    let name = ("GNU.sparse.name", "sparse");
    let with = |records: &[(&str, &str)]| extended(b'x', &[&[name], records].concat());
    check(&[with(&[]), file("own")], &["own 3 abc"]);
    check(&[with(&[("GNU.sparse.major", "2")]), file("own")], &["own 3 abc"]);
    check(
        &[with(&[("GNU.sparse.map", "x"), ("GNU.sparse.minor", "0")]), file("own")],
        &["own 3 abc"],
    );
    check(&[with(&[("GNU.sparse.map", "")]), file("own")], &["own 3 abc"]);
    let holes = ("GNU.sparse.map", "1,1,3,2");
    let size = ("GNU.sparse.size", "6");
    check(&[with(&[holes, size]), file("own")], &["sparse 6 .a.bc."]);
    check(&[with(&[holes, ("GNU.sparse.realsize", "6")]), file("own")], &["sparse 6 .a.bc."]);
    check(&[with(&[holes, size]), long_name("long"), file("own")], &["sparse 6 .a.bc."]);
    check(&[with(&[("GNU.sparse.map", "0,3")]), file("own")], &["sparse 3 abc"]);
    let numbers = [("GNU.sparse.offset", "2"), ("GNU.sparse.numbytes", "3"), size];
    check(&[extended(b'x', &numbers), file("own")], &["own 6 ..abc."]);
}

#[test]
fn what_old_versions_of_go_called_gnus_has_a_prefix() {
    let with = |field: &'static [u8]| {
        entry("own", b'0', b"abc", |it| it[345..345 + field.len()].copy_from_slice(field))
    };
    check(&[with(b"a/prefix")], &["a/prefix/own 3 abc"]);
    check(&[with(b"a/prefi\xff")], &["own 3 abc"]);
    check(&[with(b"00000000005\0")], &["own 3 abc"]);
    check(&[with(b"\x80\0\0\0\0\0\0\0\0\0\0\x05")], &["own 3 abc"]);
    let old = entry("own", b'0', b"abc", |it| {
        it[257..265].fill(0);
        it[345..350].copy_from_slice(b"other");
    });
    check(&[old], &["own 3 abc"]);
}

#[test]
fn an_owner_is_what_chown_makes_of_it() {
    let negative = |last: u8| {
        entry("own", b'0', b"", |it| {
            it[108..116].fill(0xff);
            it[115] = last;
        })
    };
    let extended = |uid: &str| [extended(b'x', &[("uid", uid)]), file("own")].concat();
    let cases = [
        (negative(0xfe), 0xffff_fffe),
        (negative(0xff), 0), // as it is: root's
        (extended("-2"), 0xffff_fffe),
        (extended("4294967295"), 0),
        (extended("4294967297"), 1),
        (extended("3000000000"), 3_000_000_000),
    ];
    for (tar, expected) in cases {
        let mut walk = Walk::new(tar.as_slice(), &Limits::default());
        assert_eq!(walk.next_entry().unwrap().unwrap().uid, expected);
    }
}
