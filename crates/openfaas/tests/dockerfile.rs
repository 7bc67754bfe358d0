//! Which images a Dockerfile's build uses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use openfaas::dockerfile::{
    BuildArguments, BuildFileError, DockerfileError, UsedImage, build_file, used_images,
};
use openfaas::stack::{Configuration, Function};
use proptest::prelude::*;
use verdict::Platform;

fn arguments(values: &[(&str, &str)]) -> BuildArguments {
    let values = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let target = "linux/arm64".parse().unwrap();
    BuildArguments { values, target, host: Platform::linux_amd64() }
}

fn shown(used: &UsedImage) -> String {
    let platform = used.platform.iter().map(|it| format!(" for {it}")).collect::<String>();
    match &used.image {
        Ok(image) => format!("{:?} {image}{platform}", used.usage),
        Err(why) => format!("{:?} ? {why}", used.usage),
    }
}

#[track_caller]
fn check(text: &str, values: &[(&str, &str)], expect: &[&str]) {
    let used = used_images(text, &arguments(values)).unwrap();
    assert_eq!(used.iter().map(shown).collect::<Vec<_>>(), expect, "{text}");
}

#[test]
fn stages_are_no_images_and_scratch_is_none() {
    let text = "FROM rust:1 AS Build\nFROM build AS again\nFROM scratch\nCOPY --from=build /a /a\n\
        COPY --from=1 /b /b\nCOPY --from=AGAIN /c /c\n";
    check(text, &[], &["From rust:1"]);
}

#[test]
fn copies_mounts_triggers_and_the_frontend_count() {
    let text = "# syntax=docker/dockerfile:1.7\nFROM alpine:3\nCOPY --from=busybox:1 /bin/sh /\n\
        RUN --mount=type=bind,from=golang:1,target=/go --mount=type=cache,target=/c \\\n  true\n\
        ONBUILD COPY --from=later:1 /x /x\n";
    check(
        text,
        &[],
        &[
            "Syntax docker/dockerfile:1.7",
            "From alpine:3",
            "Copy busybox:1",
            "Mount golang:1",
            "Copy later:1",
        ],
    );
}

#[test]
fn arguments_have_defaults_and_scopes() {
    let text = "ARG BASE=alpine TAG\nARG FULL=\"${BASE}:${TAG:-3}\"\nFROM $FULL\n";
    check(text, &[], &["From alpine:3"]);
    check(text, &[("TAG", "4"), ("BASE", "debian")], &["From debian:4"]);
    // An argument of a stage is not seen by the next FROM, nor one that nobody declares.
    let scoped = "FROM alpine\nARG X=evil\nFROM ${X:-good}\n";
    check(scoped, &[], &["From alpine", "From good"]);
    check("FROM ${X:-good}\n", &[("X", "evil")], &["From good"]);
    check("ARG A\nFROM ${A:+x}b${A+y}${A-z}\n", &[], &["From bz"]);
    check("ARG A='$B'\nFROM x:$A\n", &[], &["From x:$B"]);
}

#[test]
fn platforms_are_resolved() {
    let text = "FROM --platform=$BUILDPLATFORM rust:1 AS b\n\
        FROM --platform=${TARGETPLATFORM:-linux/amd64} alpine\nFROM --platform=x y\n";
    check(
        text,
        &[],
        &[
            "From rust:1 for linux/amd64",
            "From alpine for linux/arm64",
            "From ? \"x\" is no platform",
        ],
    );
}

#[test]
fn what_cannot_be_resolved_is_listed_with_its_reason() {
    check("ARG A\nFROM $A\n", &[], &["From ? \"$A\" is empty once its variables are expanded"]);
    check("FROM ${A%x}\n", &[], &["From ? \"${A%x}\" has an expansion that cannot be followed"]);
    check(
        "FROM a\nCOPY --from=$X /a /a\nCOPY --from=late /b /b\nFROM b AS late\n",
        &[],
        &[
            "From a",
            "Copy ? \"$X\" has a variable, and none is expanded there",
            "Copy ? \"late\" is a stage that does not come before",
            "From b",
        ],
    );
}

#[test]
fn another_escape_character_continues_a_line() {
    let text = "# escape=`\nFROM `\n  alpine:3\nRUN --mount=from=x `\n  true\n";
    check(text, &[], &["From alpine:3", "Mount x"]);
}

#[test]
fn lines_are_named_and_noise_is_refused() {
    let used = used_images("\n# hi\nFROM a\n\nCOPY --from=b /x /x\n", &arguments(&[])).unwrap();
    assert_eq!(used.iter().map(|it| it.line).collect::<Vec<_>>(), [3, 5]);
    for text in ["", "RUN x\n", "FROM\n", "NONSENSE a\n"] {
        assert!(used_images(text, &arguments(&[])).is_err(), "{text:?}");
    }
    let many: String = (0..300).map(|n| format!("FROM image{n}\n")).collect();
    let used = used_images(&many, &arguments(&[]));
    assert!(matches!(used, Err(DockerfileError::TooMany)));
}

fn function(lang: &str) -> Function {
    Function { lang: lang.into(), handler: "./scan".into(), ..Function::default() }
}

#[test]
fn the_dockerfile_is_the_one_that_faas_cli_lays() {
    let folder = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put(
        "template/rust-http/template.yml",
        "language: rust\nbuild_options:\n- {name: dev, packages: [gcc, make]}\n",
    );
    put("template/rust-http/Dockerfile", "FROM template\n");
    put("template/flat/template.yml", "language: x\nhandler_folder: ./\n");
    put("template/flat/Dockerfile", "FROM flat\n");
    put("scan/Dockerfile", "FROM handler\n");
    put("Dockerfile", "FROM copied\n");
    let read = |function: &Function, copy: &[&str]| {
        let copy = copy.iter().map(|path| (*path).to_owned()).collect();
        let configuration = Configuration { copy, ..Configuration::default() };
        let extra = BTreeMap::from([("A".to_owned(), "cli".to_owned())]);
        build_file(function, &configuration, &extra, folder.path())
    };
    let mut templated = function("rust-http");
    templated.build_args = [("A".into(), "yml".into()), ("B".into(), "yml".into())].into();
    templated.build_options = vec!["dev".into()];
    let file = read(&templated, &[]).unwrap();
    let args: Vec<_> = file.build_args.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(file.text, "FROM template\n");
    assert_eq!(args, [("A", "cli"), ("ADDITIONAL_PACKAGE", "gcc make"), ("B", "yml")]);
    assert_eq!(read(&function("flat"), &[]).unwrap().text, "FROM handler\n");
    assert_eq!(read(&function("Dockerfile"), &[]).unwrap().text, "FROM handler\n");
    assert_eq!(read(&function("dockerfile"), &["./Dockerfile"]).unwrap().text, "FROM copied\n");
    templated.build_options = vec!["unknown".into()];
    assert!(matches!(read(&templated, &[]), Err(BuildFileError::BuildOption(_))));
    assert!(matches!(read(&function("../scan"), &[]), Err(BuildFileError::Template(_))));
    assert!(matches!(read(&function("absent"), &[]), Err(BuildFileError::Read { .. })));
    assert!(matches!(read(&function(""), &[]), Err(BuildFileError::NoLanguage)));
}

proptest! {
    #[test]
    fn any_text_is_a_dockerfile_or_an_error(text in "(FROM |ARG |COPY |RUN |ONBUILD |--from=|--mount=from=|\\$|\\{|\\}|:-|a|A=|\"|'|\\\\|\n| |#|<<E|,){0,40}") {
        used_images(&text, &arguments(&[])).ok();
    }
}
