//! Every function of stack.yml builds as faas-cli builds it, from its build folder, with the
//! lock, for musl; and its image answers as the numeric user on a read-only root.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod template;

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use template::stack::{built, built_for, stack};
use template::{Function, PATIENCE, connect, get, post, reply, within};
use testkit::build_folder;
use testkit::container::{Bundle, Container, Network};

/// The promises of a function's weight.
const BINARY_BYTES_MAX: u64 = 8_000_000;
const IDLE_KIB_MAX: u64 = 12 << 10;
const IDLE_WITH_POLICY_ENGINE_KIB_MAX: u64 = 16 << 10;

/// The function with its environment of stack.yml, but for where it listens.
fn bundle(name: &str, port: u16) -> Bundle {
    let key = "a key of this test, and no other";
    let bundle = built(name).bundle().network(Network::Host).file(
        "/var/openfaas/secrets/validation-key",
        key,
        0o444,
    );
    let listening = [
        ("listen_address", "127.0.0.1".to_owned()),
        ("port", port.to_string()),
        ("metrics_port", "0".to_owned()),
        ("healthcheck_interval", "0".to_owned()),
        // stack.yml leaves it to faas-cli's substitution, which nobody does here.
        ("gateway_url", "http://127.0.0.1:8080".to_owned()),
    ];
    let mut variables = stack().functions.remove(name).unwrap().environment;
    variables.extend(listening.map(|(name, value)| (name.to_owned(), value)));
    variables.iter().fold(bundle, |bundle, (name, value)| bundle.variable(name, value))
}

fn check(name: &str, bytes_max: u64, idle_kib_max: u64) {
    let bytes = built(name).binary.metadata().unwrap().len();
    assert!(bytes <= bytes_max, "{name} has {bytes} bytes");

    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut container = Container::start(bundle(name, address.port()));
    within(PATIENCE, || {
        assert!(container.ended(std::time::Duration::ZERO).is_none(), "{}", container.said());
        std::net::TcpStream::connect(address).is_ok()
    });
    let ask = |request: &str| {
        let mut stream = connect(address);
        stream.write_all(request.as_bytes()).unwrap();
        reply(&mut stream).unwrap()
    };
    assert_eq!(ask(&get("/_/health", "")).text(), "OK");
    // What is no question is refused by the function itself, set up as it is.
    let refused = ask("POST / HTTP/1.1\r\nhost: f\r\ncontent-length: 2\r\n\r\n{]");
    assert_eq!(refused.status, 400, "{}: {}", refused.text(), container.said());

    let status = std::fs::read_to_string(format!("/proc/{}/status", container.pid())).unwrap();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    assert!(field("Uid:\t").starts_with("10001\t"), "{status}");
    let idle: u64 = field("VmRSS:").trim().trim_end_matches(" kB").parse().unwrap();
    assert!(idle <= idle_kib_max, "{name} idles at {idle} KiB");
    container.signal("TERM");
    assert_eq!(container.ended(PATIENCE).unwrap().code(), Some(0), "{}", container.said());
}

#[test]
fn orchestrator_is_built_and_runs() {
    check("orchestrator", BINARY_BYTES_MAX, IDLE_KIB_MAX);
}

#[test]
fn scan_layers_is_built_and_runs() {
    check("scan-layers", BINARY_BYTES_MAX, IDLE_KIB_MAX);
}

#[test]
fn verify_signature_is_built_and_runs() {
    check("verify-signature", BINARY_BYTES_MAX, IDLE_KIB_MAX);
}

#[test]
fn check_policy_is_built_and_runs() {
    check("check-policy", BINARY_BYTES_MAX, IDLE_WITH_POLICY_ENGINE_KIB_MAX);
}

#[test]
fn check_runtime_is_built_and_runs() {
    check("check-runtime", BINARY_BYTES_MAX, IDLE_KIB_MAX);
}

#[test]
fn verify_signature_is_built_for_arm64_and_answers_there() {
    // Of all functions it has the most C in it, which is what a build for another machine breaks.
    let binary = built_for(build_folder::TARGET_ARM64, "verify-signature").binary;
    let mut program = Command::new("qemu-aarch64-static");
    program.arg(&binary);
    let mut function = Function::started(program, &[("healthcheck_interval", "0")]);
    assert_eq!(function.get("/_/health").text(), "OK");
    assert_eq!(function.send(post("/", "{]")).status, 400);
    function.terminate();
    assert_eq!(function.ended().code(), Some(0));
}

#[test]
fn rules_are_evaluated_in_a_process_of_their_own() {
    for name in ["check-policy", "verify-signature"] {
        // A server would say that it cannot read its variables. An evaluator reads none, finds no
        // question on its standard input, and ends.
        let output = Command::new(built(name).binary)
            .args(["--faas-validator-rego-worker", "67108864", "5"])
            .env_clear()
            .env("exec_timeout", "soon")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!said.contains("exec_timeout"), "{name}: {said}");
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
    }
}

#[test]
fn every_function_of_the_stack_is_hardened_and_says_what_it_needs() {
    let stack = stack();
    let folders = std::fs::read_dir(build_folder::workspace().join("functions")).unwrap();
    let mut folders: Vec<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, stack.functions.keys().cloned().collect::<Vec<_>>());
    for (name, entry) in &stack.functions {
        assert_eq!(entry.lang, "rust-http", "{name}");
        assert_eq!(entry.handler, format!("./functions/{name}"));
        assert!(entry.image.ends_with(&format!("/{name}:0.1.0")), "{}", entry.image);
        assert!(entry.readonly_root_filesystem, "{name}");
        assert!(entry.secrets.contains(&"validation-key".to_owned()), "{name}");
        for (kind, resources) in [("limits", &entry.limits), ("requests", &entry.requests)] {
            assert!(resources.contains_key("memory"), "{name} has no {kind} of memory");
            assert!(resources.contains_key("cpu"), "{name} has no {kind} of CPU");
        }
        for time in ["read_timeout", "write_timeout", "exec_timeout", "healthcheck_interval"] {
            assert!(entry.environment.contains_key(time), "{name} has no {time}");
        }
    }
    assert_eq!(stack.configuration.copy, ["crates", "Cargo.lock"]);
    assert_eq!(stack.configuration.templates[0]["name"], "rust-http");
}
