//! The same packages in each format and shape of rpm's database: SQLite by sqlite3, Berkeley DB by
//! its own db_load, NDB laid out by hand (Debian's rpm does not write it). And databases of real
//! distributions, by their own rpm, which the Go module github.com/knqyf263/go-rpmdb (MIT) keeps.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod rpm;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use inventory::Inventory;
use serde_json::Value;
use tempfile::TempDir;
use testkit::image::LayerBuilder;

use self::rpm::{install, inventory, lines, listed, rpm};

const ALL: [&str; 3] = ["alpha", "alpha-docs", "python3-beta"];

/// A folder with a database of all packages, what rpm lists of it, and the database.
fn installed() -> (TempDir, Vec<String>, Vec<u8>) {
    let folder = TempDir::new().unwrap();
    let database = install(folder.path(), &ALL);
    let listed = listed(folder.path(), "sqlite");
    assert_eq!(listed.len(), ALL.len());
    (folder, listed, database)
}

/// The headers of a folder's database, as rpm hands them out: each with a magic number before it.
fn headers(folder: &Path) -> Vec<Vec<u8>> {
    let output = rpm("rpmdb", folder, &["--exportdb"]);
    let (mut rest, mut headers) = (output.stdout.as_slice(), Vec::new());
    while !rest.is_empty() {
        let word = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap()) as usize;
        let end = 8 + 8 + 16 * word(8) + word(12);
        headers.push(rest[8..end].to_vec());
        rest = &rest[end..];
    }
    headers
}

fn image(path: &str, database: &[u8]) -> Inventory {
    inventory(vec![LayerBuilder::new().file(path, database)])
}

/// Runs a program on what it reads.
fn run(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{input:.100}");
    String::from_utf8(output.stdout).unwrap()
}

/// The database written anew by sqlite3, after some commands.
fn rewritten(folder: &Path, commands: &str) -> Vec<u8> {
    let dump = run(Command::new("sqlite3").arg(folder.join("db/rpmdb.sqlite")), ".dump\n");
    let fresh = folder.join("fresh.sqlite");
    let _ = fs::remove_file(&fresh);
    run(Command::new("sqlite3").arg(&fresh), &format!("{commands}\n{dump}"));
    fs::read(fresh).unwrap()
}

#[test]
fn sqlite_in_all_its_shapes() {
    let (folder, listed, _) = installed();
    for (commands, page, reserved) in [
        ("PRAGMA page_size=512;", 512_u16, 0),
        ("PRAGMA page_size=65536;", 1, 0),
        (".filectrl reserve_bytes 32\n", 4096, 32),
        ("PRAGMA page_size=1024;\n.filectrl reserve_bytes 200\n", 1024, 200),
        ("PRAGMA encoding='UTF-16le';", 4096, 0),
        ("PRAGMA encoding='UTF-16be';", 4096, 0),
        ("PRAGMA auto_vacuum=FULL;", 4096, 0),
    ] {
        let database = rewritten(folder.path(), commands);
        assert_eq!(database[16..18], page.to_be_bytes(), "{commands}");
        assert_eq!(database[20], reserved, "{commands}");
        let found = image("usr/lib/sysimage/rpm/rpmdb.sqlite", &database);
        assert_eq!((lines(&found), found.notes), (listed.clone(), vec![]), "{commands}");
    }
}

#[test]
fn sqlite_with_records_between_those_that_are_gone() {
    let (folder, listed, _) = installed();
    let file = folder.path().join("db/rpmdb.sqlite");
    // Chains that use freed pages, from the last to the first.
    let again = "CREATE TABLE copy AS SELECT hnum, blob FROM Packages ORDER BY hnum DESC;
                 DELETE FROM Packages;
                 INSERT INTO Packages SELECT hnum + 7, blob FROM copy; DROP TABLE copy;";
    run(Command::new("sqlite3").arg(&file), again);
    let found = image("var/lib/rpm/rpmdb.sqlite", &fs::read(file).unwrap());
    assert_eq!((lines(&found), found.notes), (listed, vec![]));
}

#[test]
fn sqlite_of_thousands_of_packages() {
    let (folder, _, _) = installed();
    let file = folder.path().join("db/rpmdb.sqlite");
    let more = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
                INSERT INTO Packages (blob) SELECT (SELECT blob FROM Packages WHERE hnum = 1) FROM n;";
    run(Command::new("sqlite3").arg(&file), more);
    let found = image("var/lib/rpm/rpmdb.sqlite", &fs::read(file).unwrap());
    assert_eq!((found.packages.len(), found.notes), (ALL.len(), vec![]));
}

#[test]
fn berkeley_db_in_both_orders_of_bytes() {
    let (folder, listed, _) = installed();
    for (order, page) in [("1234", 4096), ("4321", 4096), ("1234", 512), ("4321", 65536)] {
        let mut dump = format!(
            "VERSION=3\nformat=bytevalue\ntype=hash\ndb_pagesize={page}\ndb_lorder={order}\n\
             HEADER=END\n 00000000\n 09000000\n"
        );
        for (number, header) in (1..).zip(headers(folder.path())) {
            writeln!(dump, " {number:02x}000000\n {}", hex(&header)).unwrap();
        }
        dump += "DATA=END\n";
        let file = folder.path().join(format!("Packages-{order}-{page}"));
        run(Command::new("db5.3_load").arg(&file), &dump);
        let found = image("var/lib/rpm/Packages", &fs::read(file).unwrap());
        assert_eq!((lines(&found), found.notes), (listed.clone(), vec![]), "{order} {page}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, it| text + &format!("{it:02x}"))
}

/// A database in NDB's format, its records laid from the last slot to the first.
fn ndb(headers: &[Vec<u8>]) -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|it| it.to_le_bytes()).collect::<Vec<u8>>();
    let tag = |tag: &[u8; 4]| u32::from_le_bytes(*tag);
    let mut slots = vec![[tag(b"Slot"), 0, 0, 0]; 254];
    let mut records = Vec::new();
    for (at, header) in headers.iter().enumerate().rev() {
        let block = 256 + records.len() as u32 / 16;
        let (package, length) = (at as u32 + 1, header.len() as u32);
        let start = records.len();
        records.extend(words(&[tag(b"BlbS"), package, 1, length]));
        records.extend(header);
        records.resize((records.len() + 12).next_multiple_of(16) - 12, 0);
        records.extend(words(&[0, length, tag(b"BlbE")]));
        slots[at] = [tag(b"Slot"), package, block, (records.len() - start) as u32 / 16];
    }
    let header = words(&[tag(b"RpmP"), 0, 1, 1, headers.len() as u32 + 1, 0, 0, 0]);
    [header, words(slots.as_flattened()), records].concat()
}

#[test]
fn ndb_records_in_any_order() {
    let (folder, listed, _) = installed();
    let database = ndb(&headers(folder.path()));
    let found = image("usr/lib/sysimage/rpm/Packages.db", &database);
    assert_eq!((lines(&found), found.notes), (listed, vec![]));
}

/// The packages that are still listed of a database that is not sound, and its notes.
fn broken(path: &str, database: &[u8], listed: &[String]) -> (usize, String) {
    let found = image(path, database);
    let lines = lines(&found);
    assert!(lines.iter().all(|it| listed.contains(it)), "{lines:?}");
    let notes: Vec<&str> = found.notes.iter().map(|it| it.reason.as_str()).collect();
    (lines.len(), notes.join("; "))
}

#[test]
fn a_record_that_is_not_where_it_should_be_is_a_note_and_the_others_are_listed() {
    let (folder, listed, _) = installed();
    let database = ndb(&headers(folder.path()));
    let broken = |database: &[u8]| broken("var/lib/rpm/Packages.db", database, &listed);
    let misplaced = "has a record that is not where it should be";
    let mut lost = database.clone();
    lost[32 + 8..32 + 12].copy_from_slice(&3_u32.to_le_bytes());
    assert_eq!(broken(&lost), (2, misplaced.to_owned()));
    let mut endless = database.clone();
    endless.truncate(database.len() - 4);
    assert_eq!(broken(&endless), (3, "is torn".to_owned()));
    endless.extend(b"what");
    assert_eq!(broken(&endless), (3, misplaced.to_owned()));
    let mut many = database;
    many[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(broken(&many), (0, "past the limit rpm_slots_max = 65536".to_owned()));
}

#[test]
fn pages_that_are_lost_or_lead_in_a_circle_are_notes() {
    let (_folder, listed, sqlite) = installed();
    let path = "var/lib/rpm/rpmdb.sqlite";
    let (_, notes) = broken(path, &sqlite[..sqlite.len() / 8192 * 4096], &listed);
    assert!(notes.contains("lacks its page"), "{notes}");
    let (_, notes) = broken(path, &sqlite[..sqlite.len() - 100], &listed);
    assert!(notes.contains("is torn"), "{notes}");
    // Each page that leads to another leads to itself.
    let mut circles = sqlite;
    for (number, page) in (1_u32..).zip(circles.chunks_mut(4096)) {
        if page[0] == 0 && page[..4] != [0; 4] {
            page[..4].copy_from_slice(&number.to_be_bytes());
        }
    }
    let (_, notes) = broken(path, &circles, &listed);
    assert!(notes.contains(" twice"), "{notes}");
}

#[test]
fn no_byte_that_is_changed_breaks_a_reader() {
    let (folder, _, sqlite) = installed();
    let headers = headers(folder.path());
    let mut seed = 1_u32;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed as usize % below
    };
    for (path, sound) in
        [("var/lib/rpm/rpmdb.sqlite", sqlite), ("var/lib/rpm/Packages.db", ndb(&headers[1..]))]
    {
        for _ in 0..100 {
            let mut database = sound.clone();
            for _ in 0..=random(40) {
                let at = random(sound.len());
                database[at] = random(256) as u8;
            }
            let found = inventory::read_file(path.as_bytes(), &mut database.as_slice());
            assert!(found.is_some_and(|it| it <= ALL.len()), "{found:?}");
        }
    }
}

const MODULE: &str = "github.com/knqyf263/go-rpmdb@v0.1.1";
const SUM: &str = "h1:oh68mTCvp1XzxdU7EfafcWzzfstUZAEa3MW0IJye584=";

/// The module's folder, fetched once into target/fixtures.
static MODULE_FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fixtures/go");
    fs::create_dir_all(&home).unwrap();
    fs::write(home.join("go.mod"), "module example.com/fixtures\n").unwrap();
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("go")
        .args(["mod", "download", "-json", MODULE])
        .current_dir(&home)
        .env("PATH", format!("{path}:/usr/local/go/bin"))
        .env("GOPATH", &home)
        .envs([("GOFLAGS", "-modcacherw"), ("GOTOOLCHAIN", "local")])
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["Sum"], SUM, "{answer}");
    answer["Dir"].as_str().unwrap().into()
});

/// What is found in a database of the module's.
fn found(name: &str) -> Vec<String> {
    let bytes = fs::read(MODULE_FOLDER.join("pkg/testdata").join(name)).unwrap();
    let path = format!("var/lib/rpm/{}", name.split_once('/').unwrap().1);
    let found = inventory(vec![LayerBuilder::new().file(&path, &bytes)]);
    assert_eq!(found.notes, [], "{name}");
    let mut lines = lines(&found);
    lines.sort_unstable();
    lines
}

#[test]
fn databases_of_distributions_have_the_packages_that_rpm_lists() {
    for (name, format) in [
        ("centos5-plain/Packages", "bdb_ro"),
        ("centos6-many/Packages", "bdb_ro"),
        ("centos7-python35/Packages", "bdb_ro"),
        ("centos8-modularitylabel/Packages", "bdb_ro"),
        ("ubi8-s390x/Packages", "bdb_ro"),
        ("fedora35-plus-mongo/rpmdb.sqlite", "sqlite"),
        ("cbl-mariner-2.0/rpmdb.sqlite", "sqlite"),
    ] {
        let folder = TempDir::new().unwrap();
        let (place, file) = (folder.path().join("db"), name.split_once('/').unwrap().1);
        fs::create_dir(&place).unwrap();
        fs::copy(MODULE_FOLDER.join("pkg/testdata").join(name), place.join(file)).unwrap();
        let listed = listed(folder.path(), format);
        assert!(listed.len() > 100, "{name}: {listed:?}");
        assert_eq!(found(name), listed, "{name}");
    }
}

/// Debian's rpm reads no NDB. What SUSE's own listed of this one stands in the module's tests, as
/// lines `{intRef(EPOCH), "NAME", "VERSION", "RELEASE", "ARCH", "SOURCE", SIZE, "LICENSE", "VENDOR", …`.
#[test]
fn a_database_of_suse_has_the_packages_that_its_rpm_listed() {
    let text = fs::read_to_string(MODULE_FOLDER.join("pkg/rpmdb_testcase_test.go")).unwrap();
    let list = text.split_once("SLE15WithNDB = func()").unwrap().1;
    let list = list.split_once("return ").unwrap().0;
    let listed = list.lines().filter(|it| it.trim_start().starts_with("{intRef()"));
    let line = |it: &str| {
        let words: Vec<&str> = it.split('"').skip(1).step_by(2).collect();
        let [name, version, release, architecture, source, license, vendor, ..] = words[..] else {
            panic!("{it}");
        };
        format!("{name} {version}-{release} {architecture} {source} {vendor}, {license}")
    };
    let mut listed: Vec<String> = listed.map(line).collect();
    listed.sort_unstable();
    assert_eq!(listed.len(), 35);
    assert_eq!(found("sle15-bci/Packages.db"), listed);
}
