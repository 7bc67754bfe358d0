//! stack.yml as faas-cli reads it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use openfaas::stack::{
    Function, Selection, StackError, StackFile, StackSource, default_file, parse,
};
use proptest::prelude::*;

const STACK: &str = r#"
version: 1.0
provider: {name: openfaas, gateway: http://127.0.0.1:8080}
functions:
  scan-layers: &base
    lang: rust-http
    handler: ./functions/scan-layers
    image: ${REGISTRY:-docker.io/acme}/scan-layers:${TAG:-1}
    environment: {write_debug: true, max: 0x10, empty: }
    environment_file: [env.yml]
    secrets: [validation-key]
    labels:
    limits: {memory: 64Mi, cpu: 1}
    readonly_root_filesystem: true
    x-validate: {ignored: yes}
  check-policy:
    <<: *base
    image: acme/check-policy
configuration: {copy: [./crates], templates: [{name: rust-http, source: https://git/x}]}
"#;

fn read(text: &str, selection: &Selection) -> Result<openfaas::stack::Stack, StackError> {
    let tag = |name: &str| (name == "TAG").then(|| "2".to_owned());
    StackFile::of(text).stack(Some(&tag), selection)
}

#[test]
fn any_number_of_lines_may_be_commented_out() {
    let comments = "  # scan-layers:\n".repeat(5_000);
    let text = STACK.replacen("functions:\n", &format!("functions:\n{comments}"), 1);
    let stack = read(&text, &Selection::All).unwrap();
    assert_eq!(stack.functions, read(STACK, &Selection::All).unwrap().functions);
}

#[test]
fn scalars_are_read_as_text_and_null_as_nothing() {
    let stack = read(STACK, &Selection::All).unwrap();
    let function = &stack.functions["scan-layers"];
    assert_eq!(function.image, "docker.io/acme/scan-layers:2");
    let said: Vec<_> = function.environment.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(said, [("empty", ""), ("max", "0x10"), ("write_debug", "true")]);
    assert_eq!(function.limits.as_ref().unwrap().cpu, "1");
    assert!(function.labels.is_empty() && function.readonly_root_filesystem);
    assert_eq!(stack.functions["check-policy"].secrets, ["validation-key"]);
    assert_eq!(stack.configuration.copy, ["./crates"]);
}

#[test]
fn without_envsubst_nothing_is_substituted() {
    let stack = StackFile::of(STACK).stack(None, &Selection::All).unwrap();
    let image = &stack.functions["scan-layers"].image;
    assert_eq!(image, "${REGISTRY:-docker.io/acme}/scan-layers:${TAG:-1}");
}

#[test]
fn a_selection_takes_some_and_must_take_one() {
    let names = |selection| {
        let stack = read(STACK, &selection).unwrap();
        stack.functions.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(names(Selection::Glob("scan-*".into())), ["scan-layers"]);
    assert_eq!(names(Selection::Regex("policy|nothing".into())), ["check-policy"]);
    for none in [Selection::Glob("x*".into()), Selection::Regex("^layers".into())] {
        assert!(matches!(read(STACK, &none), Err(StackError::NoMatch(_))));
    }
    assert!(matches!(read(STACK, &Selection::Regex("(".into())), Err(StackError::Regex(..))));
}

#[test]
fn another_provider_version_or_syntax_is_refused() {
    let parse = |text| parse(text, &Selection::All);
    assert!(matches!(parse("functions: {}"), Err(StackError::Provider(_))));
    assert!(matches!(parse("provider: {name: faas}"), Err(StackError::Provider(_))));
    let version = "version: 2.0\nprovider: {name: openfaas}";
    assert!(matches!(parse(version), Err(StackError::Version(_))));
    let twice = "provider: {name: openfaas}\nfunctions: {a: {}, a: {}}";
    assert!(matches!(parse(twice), Err(StackError::Yaml(_))));
    assert!(matches!(read("a: ${V-d}", &Selection::All), Err(StackError::Envsubst(_))));
}

#[test]
fn an_alias_bomb_is_refused_within_its_budget() {
    let mut text =
        "provider: {name: openfaas}\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*x{}", level - 1); 10].join(", ");
        text += &format!("x{level}: &x{level} [{aliases}]\n");
    }
    assert!(matches!(parse(&text, &Selection::All), Err(StackError::Yaml(_))));
}

#[test]
fn a_name_without_a_tag_becomes_latest() {
    let named = |image: &str| Function { image: image.to_owned(), ..Function::default() };
    for (image, expect) in [
        ("acme/fn", "acme/fn:latest"),
        ("acme/fn:1", "acme/fn:1"),
        ("host:5000/fn", "host:5000/fn:latest"),
        ("host:5000/fn@sha256:ab", "host:5000/fn@sha256:ab"),
        ("", ":latest"),
    ] {
        assert_eq!(named(image).image_name(), expect);
    }
}

#[test]
fn the_yaml_with_the_longer_name_wins_and_environment_files_over_inline() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(default_file(folder.path()), Err(StackError::NotFound(_))));
    for name in ["stack.yml", "stack.yaml"] {
        std::fs::write(folder.path().join(name), STACK).unwrap();
        assert_eq!(default_file(folder.path()).unwrap(), folder.path().join(name));
    }
    let env = "environment: {write_debug: no, other: 1}\n";
    std::fs::write(folder.path().join("env.yml"), env).unwrap();
    let stack = read(STACK, &Selection::All).unwrap();
    let function = &stack.functions["scan-layers"];
    let files = StackFile::environment(function, folder.path()).unwrap();
    let deployment = function.deployment("scan-layers", &files, Some("./main"));
    assert_eq!(deployment.env_vars["write_debug"], "no");
    assert_eq!((&*deployment.env_vars["other"], &*deployment.env_process), ("1", "./main"));
}

#[tokio::test]
async fn a_stack_is_fetched_from_a_url_and_an_error_page_is_not_one() {
    let gateway = testkit::gateway::FakeGateway::start();
    gateway.function("stack", |_| async { http::Response::new(bytes::Bytes::from(STACK)) });
    let fetch = |path: &str| StackSource::from(&*format!("{}/function/{path}", gateway.url()));
    let file = StackFile::read(&fetch("stack")).await.unwrap();
    assert_eq!(file, StackFile::of(STACK));
    let missing = StackFile::read(&fetch("missing")).await;
    assert!(matches!(missing, Err(StackError::Status { status: 404, .. })));
}

proptest! {
    #[test]
    fn an_image_name_always_has_a_tag_and_keeps_its_start(image in "[a-z0-9./:@-]{0,40}") {
        let name = Function { image: image.clone(), ..Function::default() }.image_name();
        prop_assert!(name.starts_with(&image));
        prop_assert!(name.rsplit('/').next().unwrap().contains(':'));
    }

    #[test]
    fn any_text_is_a_stack_or_an_error(text in "(provider|functions|name|openfaas|:|\n| |\\{|\\}|-|&a|\\*a|\\[|\\]|'|\"){0,40}") {
        parse(&text, &Selection::All).ok();
    }
}
