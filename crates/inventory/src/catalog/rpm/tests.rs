//! Databases and headers made by hand, whole and broken.

use super::super::findings::check;
use super::*;

/// A tag's value.
enum Value<'v> {
    Word(u32),
    Words(&'v [u32]),
    Text(&'v str),
    Texts(&'v [&'v str]),
}

/// The header of a package, as databases hold it.
fn header(tags: &[(u32, Value<'_>)]) -> Vec<u8> {
    let (mut index, mut values) = (Vec::new(), Vec::new());
    let text = |values: &mut Vec<u8>, it: &str| {
        values.extend(it.as_bytes());
        values.push(0);
    };
    for (tag, value) in tags {
        if matches!(value, Value::Word(_) | Value::Words(_)) {
            values.resize(values.len().next_multiple_of(4), 0);
        }
        let offset = values.len() as u32;
        let (kind, count) = match value {
            Value::Word(word) => {
                values.extend(word.to_be_bytes());
                (4, 1)
            }
            Value::Words(words) => {
                words.iter().for_each(|it| values.extend(it.to_be_bytes()));
                (4, words.len())
            }
            Value::Text(it) => {
                text(&mut values, it);
                (6, 1)
            }
            Value::Texts(texts) => {
                texts.iter().for_each(|it| text(&mut values, it));
                (8, texts.len())
            }
        };
        index.extend([*tag, kind, offset, count as u32].map(u32::to_be_bytes).concat());
    }
    let sizes = [tags.len() as u32, values.len() as u32].map(u32::to_be_bytes).concat();
    [sizes, index, values].concat()
}

fn words(name: &str) -> Vec<(u32, Value<'_>)> {
    vec![
        (1000, Value::Text(name)),
        (1001, Value::Text("1.0")),
        (1002, Value::Text("2.el9")),
        (1044, Value::Text("src-1.0-2.el9.src.rpm")),
    ]
}

fn check_header(header: &[u8], expected: &[&str]) {
    let mut findings = Findings::default();
    take(&mut &*header, header.len() as u64, &mut findings).unwrap();
    let packages = findings.packages.iter().map(|it| format!("{} {}", it.name, it.version));
    let claims =
        findings.claims.iter().map(|it| format!("claims {}", String::from_utf8_lossy(&it.0)));
    let troubles = findings.troubles.iter().map(|it| format!("! {it}"));
    assert_eq!(packages.chain(claims).chain(troubles).collect::<Vec<_>>(), expected);
}

#[test]
fn a_header_is_a_package() {
    let mut tags = words("a");
    tags.insert(3, (1003, Value::Word(7)));
    tags.insert(3, (1000, Value::Text("another name")));
    tags.push((1116, Value::Words(&[1, 0, 9, 0])));
    tags.push((1117, Value::Texts(&["perl", "other", "python3", "x/ruby"])));
    tags.push((1118, Value::Texts(&["/usr/lib/", "/usr/bin/"])));
    check_header(&header(&tags), &["a 7:1.0-2.el9", "claims usr/bin/perl"]);
}

#[test]
fn keys_are_no_packages() {
    let tags = words("gpg-pubkey");
    check_header(&header(&tags[..3]), &[]);
    check_header(&header(&tags), &["gpg-pubkey 1.0-2.el9"]);
}

#[test]
fn a_header_that_lies_is_told() {
    let sound = header(&words("a"));
    let size = "! a package's header has an impossible size";
    for (at, byte) in [(0, 1), (4, 1), (2, 9), (6, 9)] {
        let mut lying = sound.clone();
        lying[at] = byte;
        check_header(&lying, &[size]);
    }
    check_header(&[0; 8], &[size]);
    check_header(&sound[..7], &["! a package's header is torn"]);
    check_header(&header(&words("a")[..2]), &["! package a has no version"]);
    check_header(&header(&words("a")[1..]), &["! a package has no name"]);
    // Two tags share their bytes.
    let mut shared = sound.clone();
    shared[8 + 16 + 11] = 1;
    check_header(&shared, &["! a package's header says two things at once"]);
    // A text leads out of the values.
    let mut out = sound.clone();
    out[8 + 3 * 16 + 10] = 1;
    check_header(&out, &["! a package's header is torn"]);
    let mut kind = sound;
    kind[8 + 7] = 7;
    check_header(&kind, &["! a package's header has its tag 1000 as kind 7"]);
    let long = "x".repeat(20_000);
    check_header(&header(&words(&long)), &["! past the limit rpm_text_bytes_max = 16384"]);
}

#[test]
fn what_is_no_database_is_told() {
    let check = |bytes: &[u8], expected: &str| {
        check(&Rpm, "var/lib/rpm/rpmdb.sqlite", bytes, &[expected]);
    };
    check(b"", "! is no rpm database");
    check(b"SQLite format 3", "! is no rpm database");
    let mut shape = [sqlite::MAGIC, &[0; 84]].concat();
    let impossible = "! is an SQLite database of an impossible shape";
    check(&shape, impossible);
    shape[16..18].copy_from_slice(&[0x10, 1]);
    check(&shape, impossible);
    shape[16..18].copy_from_slice(&[0x10, 0]);
    shape.resize(0x1000, 0);
    check(&shape, "! has a malformed page 1");
}

#[test]
fn a_list_of_packages_stands_for_the_database() {
    let text = "bash\t5.2.15-3.azl3\t1\t2\tMicrosoft\t(none)\t3\tx86_64\t0\tbash-5.2.15-3.azl3.src.rpm\n\
                openssl-libs\t3.3.2-1.azl3\t1\t2\tMicrosoft\t1\t3\tx86_64\t1\topenssl-3.3.2-1.azl3.src.rpm\n\
                bash\t5.2\n";
    let expected = [
        "bash 5.2.15-3.azl3 x86_64 (bash 5.2.15-3.azl3)",
        "openssl-libs 1:3.3.2-1.azl3 x86_64 (openssl 3.3.2-1.azl3)",
        "! has a line that is no package's",
    ];
    check(&RpmManifest, "var/lib/rpmmanifest/container-manifest-2", text, &expected);
}

#[test]
fn berkeley_db_of_another_shape_is_told() {
    let mut meta = vec![0; 512];
    meta[12..16].copy_from_slice(&0x0006_1561_u32.to_le_bytes());
    let check =
        |meta: &[u8], expected: &[&str]| check(&Rpm, "var/lib/rpm/Packages", meta, expected);
    let impossible = ["! is a Berkeley DB database of an impossible shape"];
    check(&meta, &impossible);
    meta[20..24].copy_from_slice(&512_u32.to_le_bytes());
    check(&meta, &[]);
    // Encrypted.
    meta[24] = 1;
    check(&meta, &impossible);
    meta[24] = 0;
    // A bucket of a key, and of a key with a record that leads nowhere.
    let mut bucket = vec![0; 512];
    bucket[25] = 13;
    bucket[20] = 1;
    bucket[26..28].copy_from_slice(&500_u16.to_le_bytes());
    check(&[meta.clone(), bucket.clone()].concat(), &["! has a key without a record"]);
    bucket[20] = 2;
    bucket[500] = 1;
    bucket[28..30].copy_from_slice(&488_u16.to_le_bytes());
    bucket[488..500].copy_from_slice(&[3, 0, 0, 0, 9, 0, 0, 0, 99, 0, 0, 0]);
    check(&[meta.clone(), bucket.clone()].concat(), &["! lacks its page 9"]);
    bucket[28..30].copy_from_slice(&600_u16.to_le_bytes());
    check(&[meta, bucket].concat(), &["! has a malformed page"]);
}
