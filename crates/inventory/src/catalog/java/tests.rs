//! Archives that the tests put together: as Maven packs them, as `jar` streams them out.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::findings::check;
use super::*;

type Files<'f> = [(&'f str, &'f [u8])];

fn archive(method: CompressionMethod, files: &Files<'_>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn deflated(files: &Files<'_>) -> Vec<u8> {
    archive(CompressionMethod::Deflated, files)
}

/// Sizes behind the content, as a writer does that cannot go back.
fn streamed(files: &Files<'_>) -> Vec<u8> {
    let mut zip = ZipWriter::new_stream(Vec::new());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn pom(group: &str, artifact: &str, version: &str) -> Vec<u8> {
    format!("#Generated\n#Mon\nversion={version}\ngroupId={group}\nartifactId={artifact}\n").into()
}

const POM: &str = "META-INF/maven/g/a/pom.properties";
const MANIFEST: &str = "META-INF/MANIFEST.MF";

#[test]
fn what_maven_noted_is_what_it_is() {
    let text = pom("org.apache.logging.log4j", "log4j-core", "2.14.1");
    let class = vec![7; 100_000];
    let files: &Files<'_> = &[("a.class", &class), (POM, &text), ("b.class", &class)];
    let expected = ["org.apache.logging.log4j:log4j-core 2.14.1"];
    for bytes in [deflated(files), streamed(files), archive(CompressionMethod::Stored, files)] {
        check(&Java, "app/log4j-core-2.14.1.jar", &bytes, &expected);
        check(&Java, "app/renamed.JAR", &bytes, &expected);
        let script = [b"#!/bin/bash\nexec java -jar $0\n".to_vec(), bytes].concat();
        check(&Java, "app/app.jar", script, &expected);
    }
}

#[test]
fn an_archive_that_was_unpacked_is_what_maven_noted() {
    let text = pom("g", "a", "1");
    check(&Java, "app/META-INF/maven/g/a/pom.properties", &text, &["g:a 1"]);
    check(&Java, "app/META-INF/maven/g/a/pom.properties", "", &[]);
    assert!(!Java.wants(b"src/pom.properties") && !Java.wants(b"META-INF/maven/g/a/pom.xml"));
}

#[test]
fn shaded_artifacts_are_listed_beside_the_archive() {
    let (one, two) = (pom("g", "one", "1"), pom("g", "two", "2"));
    let files: &Files<'_> = &[
        ("META-INF/maven/g/one/pom.properties", &one),
        ("META-INF/maven/g/two/pom.properties", &two),
    ];
    check(&Java, "one-1.jar", deflated(files), &["g:one 1", "g:two 2"]);
    check(&Java, "all.jar", deflated(files), &["g:one 1", "g:two 2"]);
    check(&Java, "all-3.0.jar", deflated(files), &["g:one 1", "g:two 2", "all 3.0"]);
}

#[test]
fn else_the_manifest_says_it_and_else_the_name() {
    let check = |name: &str, manifest: &str, expected: &[&str]| {
        check(&Java, name, deflated(&[(MANIFEST, manifest.as_bytes())]), expected);
    };
    let bundle = "Manifest-Version: 1.0\r\nBundle-SymbolicName: com.fasterxml.jack\r\n \
        son-databind;singleton:=true\r\nBundle-Version: 2.9.8\r\n\r\nName: x\r\n";
    check("jackson-databind-2.9.8.jar", bundle, &["com.fasterxml:jackson-databind 2.9.8"]);
    check("renamed.jar", bundle, &["com.fasterxml:jackson-databind 2.9.8"]);
    let vendor = "Implementation-Title: core\nImplementation-Version: 5.3\n\
        Implementation-Vendor-Id: org.example\n";
    check("x.jar", vendor, &["org.example:core 5.3"]);
    check("log4j-1.2-api-2.14.1.jar", "", &["log4j-1.2-api 2.14.1"]);
    check("guava-31.1-jre.jar", "", &["guava 31.1-jre"]);
    check(
        "a-1.0-20200101.123456-1.war",
        "Implementation-Version: ${v}\n",
        &["a 1.0-20200101.123456-1"],
    );
    check("app.jar", "Main-Class: x.Y\n", &[]);
}

#[test]
fn the_version_is_the_files_where_the_manifest_says_it_in_other_words() {
    let check = |file: &str, said: &str, version: &str| {
        let manifest = format!("Implementation-Version: {said}\n");
        let bundle = format!("Bundle-Version: {said}\n");
        let name = format!("a-{file}.jar");
        for text in [manifest, bundle] {
            let bytes = deflated(&[(MANIFEST, text.as_bytes())]);
            check(&Java, &name, bytes, &[&format!("a {version}")]);
        }
    };
    // kotlin-stdlib, scala-library, bcprov-jdk15on, bcpkix-jdk15on, guava as a bundle.
    check("1.6.10", "1.6.10-release-923(1.6.10)", "1.6.10");
    check("2.13.6", "2.13.6.v20210514-180743-VFINAL-9468b9a", "2.13.6");
    check("1.69", "1.69.0", "1.69");
    check("1.68", "1.68.00.0", "1.68");
    check("31.1-jre", "31.1.0.jre", "31.1-jre");
    check("1.0.0-RC1", "1.0.0", "1.0.0-RC1");
    // Renamed, a classifier, another thing's version, before a release.
    check("5.3", "5.3.18", "5.3.18");
    check("3.3.1-natives-linux", "3.3.1", "3.3.1");
    check("2.1", "4.0.2", "4.0.2");
    check("1.0", "1.0-rc2", "1.0-rc2");
    check("1.0", "1.0.0.M3", "1.0.0.M3");
}

#[test]
fn archives_in_archives_are_read_as_deep_as_the_limit() {
    let mut bytes = deflated(&[(POM, &pom("g", "deep", "1"))]);
    for depth in 1..=4 {
        let lib = deflated(&[(POM, &pom("g", "lib", "2"))]);
        bytes = streamed(&[("WEB-INF/lib/x.jar", &bytes), ("BOOT-INF/lib/lib-2.jar", &lib)]);
        if depth < 4 {
            let libraries = ["g:lib 2"; 3];
            let expected = [&["g:deep 1"], &libraries[..depth]].concat();
            check(&Java, "app.ear", &bytes, &expected);
        }
    }
    let mut findings = Findings::default();
    Java.read(b"app.ear", &mut bytes.as_slice(), &mut findings).unwrap();
    assert_eq!(findings.troubles, [Trouble::Limit { limit: "archive_depth_max", max: 4 }]);
}

#[test]
fn what_is_no_archive_or_torn_is_said() {
    check(&Java, "a.jar", "", &[]);
    check(&Java, "a.jar", "version https://git-lfs", &["! is no archive"]);
    let whole = streamed(&[(POM, &pom("g", "a", "1")), ("b", &[1; 5000])]);
    for length in [3, 4, 20, 40, 60, whole.len() - 150] {
        let mut findings = Findings::default();
        let end = Java.read(b"a.jar", &mut &whole[..length], &mut findings);
        assert!(matches!(end, Err(Trouble::Malformed(_))), "{length}: {end:?}");
    }
    let inner = streamed(&[("lib/bad-1.jar", b"no archive"), (POM, &pom("g", "a", "1"))]);
    check(&Java, "a.jar", inner, &["bad 1", "g:a 1", "! bad-1.jar in it is no archive"]);
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let zeros = vec![0; 80 << 20];
    let bomb = streamed(&[("zeros", &zeros)]);
    check(&Java, "a.jar", bomb, &["! past the limit archive_inflated_times_max = 20"]);
    // What nobody wants is not inflated where its size is known.
    check(&Java, "a.jar", deflated(&[("zeros", &zeros)]), &[]);
}
