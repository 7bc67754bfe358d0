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

/// With sizes in front of the content and behind it, as Maven packs manifests.
fn told_twice(files: &Files<'_>, is_marked: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in files {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        let sums = [crc.sum().to_le_bytes(), length, length].concat();
        let head = [20, 0, 8, 8, 0, 0, 0, 0, 0, 0];
        let lengths = [u8::try_from(name.len()).unwrap(), 0, 0, 0];
        bytes.extend([b"PK\x03\x04", &head[..], &sums, &lengths, name.as_bytes()].concat());
        bytes.extend(*content);
        bytes.extend(if is_marked { b"PK\x07\x08".as_slice() } else { b"" });
        bytes.extend(sums);
    }
    bytes.extend(b"PK\x05\x06");
    bytes
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
fn sizes_may_stand_both_before_and_behind_the_content() {
    let text = pom("g", "a", "1");
    let files: &Files<'_> =
        &[(MANIFEST, b"Manifest-Version: 1.0\n"), ("A.class", b"x"), (POM, &text)];
    for is_marked in [true, false] {
        check(&Java, "a-1.jar", told_twice(files, is_marked), &["g:a 1"]);
    }
}

#[test]
fn an_archive_that_was_unpacked_is_what_maven_noted() {
    let text = pom("g", "a", "1");
    check(&Java, "app/META-INF/maven/g/a/pom.properties", &text, &["g:a 1"]);
    check(&Java, "app/META-INF/maven/g/a/pom.properties", "", &[]);
    assert!(
        !Java.wants(&FilePath::of(b"src/pom.properties"))
            && !Java.wants(&FilePath::of(b"META-INF/maven/g/a/pom.xml"))
    );
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
fn the_folder_of_a_projects_pom_says_group_and_name() {
    let project = "META-INF/maven/org.apache.hadoop/hadoop-client-runtime/pom.xml";
    let other = "META-INF/maven/org.x/other/pom.xml";
    let vendor = b"Implementation-Vendor-Id: org.apache.hadoop.thirdparty\n\
        Implementation-Version: 3.3.2\n";
    let others = pom("g", "other", "1");
    let files: &Files<'_> = &[(MANIFEST, vendor), (project, b"<project/>"), (other, b"<project/>")];
    let shaded = [files, &[(POM, others.as_slice())]].concat();
    let expected = ["org.apache.hadoop:hadoop-client-runtime 3.3.2"];
    check(&Java, "hadoop-client-runtime-3.3.2.jar", deflated(files), &expected);
    check(&Java, "renamed.jar", deflated(&files[..2]), &expected);
    let expected = ["g:other 1", expected[0]];
    check(&Java, "hadoop-client-runtime-3.3.2.jar", deflated(&shaded), &expected);
    check(&Java, "else-3.3.2.jar", deflated(&shaded), &["g:other 1", "else 3.3.2"]);
    let place = "root/.m2/repository/org/x/all/3.3.2/all-3.3.2.jar";
    check(&Java, place, deflated(&files[..1]), &["org.x:all 3.3.2"]);
    check(&Java, "else-3.3.2.jar", deflated(&files[1..]), &["else 3.3.2"]);
}

#[test]
fn an_archive_may_have_its_group_in_front_of_its_name() {
    let text = pom("io.quarkus.arc", "arc", "2.13.3.Final");
    let files: &Files<'_> = &[("META-INF/maven/io.quarkus.arc/arc/pom.properties", &text)];
    let expected = ["io.quarkus.arc:arc 2.13.3.Final"];
    check(&Java, "lib/main/io.quarkus.arc.arc-2.13.3.Final.jar", deflated(files), &expected);
    let text = pom("commons-cli", "commons-cli", "1.4");
    let files: &Files<'_> = &[("META-INF/maven/commons-cli/commons-cli/pom.properties", &text)];
    let expected = ["commons-cli:commons-cli 1.4"];
    check(&Java, "lib/commons-cli.commons-cli-1.4.jar", deflated(files), &expected);
}

#[test]
fn a_distribution_may_write_the_name_otherwise() {
    let text = pom("org.apache.geronimo.specs", "geronimo-annotation_1.3_spec", "1.3");
    let expected = ["org.apache.geronimo.specs:geronimo-annotation_1.3_spec 1.3"];
    for name in ["geronimo-annotation-1.3-spec.jar", "geronimo-annotation-1.3-spec-1.3.jar"] {
        check(&Java, name, deflated(&[(POM, &text)]), &expected);
    }
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
    let short = "Bundle-SymbolicName: com.google.inject.tools.jmx\nBundle-Version: 4.2.3\n";
    check("guice-jmx.jar", short, &["guice-jmx 4.2.3"]);
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
