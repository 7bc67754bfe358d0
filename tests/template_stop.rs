//! How a function ends: unready at once, serving on until nobody sends any more, and nothing
//! that was begun is lost.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod template;

use std::io::Write as _;
use std::time::{Duration, Instant};

use template::{Function, PATIENCE, connect, get, post, reply, within};
use testkit::container::{Container, Network};

#[test]
fn sigterm_in_mid_request_loses_nothing() {
    let mut function = Function::start(&[("healthcheck_interval", "300ms")]);
    let mut begun: Vec<_> = (0..20).map(|_| function.connect()).collect();
    for (number, stream) in begun.iter_mut().enumerate() {
        let path = if number % 2 == 0 { "/sleep/1200" } else { "/block/1200" };
        stream.write_all(get(path, "").as_bytes()).unwrap();
    }
    let mut half_sent = function.connect();
    half_sent
        .write_all(b"POST /echo HTTP/1.1\r\nhost: f\r\ncontent-length: 9\r\n\r\nhalf ")
        .unwrap();
    let mut idle = function.connect();
    idle.write_all(get("/echo", "").as_bytes()).unwrap();
    assert_eq!(reply(&mut idle).unwrap().status, 200);

    function.terminate();
    within(PATIENCE, || function.get("/_/health").status == 503);
    assert_eq!(function.get("/_/ready").status, 503);
    assert_eq!(function.send(post("/echo", "late")).text(), "late", "it serves on");

    function.line("draining");
    half_sent.write_all(b"half").unwrap();
    assert_eq!(reply(&mut half_sent).unwrap().text(), "half half");
    for stream in &mut begun {
        assert_eq!(reply(stream).unwrap().text(), "done");
    }
    assert_eq!(function.ended().code(), Some(0));
    assert_eq!(function.line("drained")["all"], true);
}

#[test]
fn nobody_who_says_nothing_keeps_a_function_from_ending() {
    let mut function = Function::start(&[("healthcheck_interval", "0")]);
    let _silent: Vec<_> = (0..5).map(|_| function.connect()).collect();
    assert_eq!(function.get("/echo").status, 200);
    let began = Instant::now();
    function.terminate();
    assert_eq!(function.ended().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_handler_that_blocks_for_ever_does_not_keep_it_from_ending_either() {
    let mut function = Function::start(&[("healthcheck_interval", "0"), ("exec_timeout", "200ms")]);
    assert_eq!(function.get("/block/3600000").status, 504);
    function.terminate();
    assert_eq!(function.ended().code(), Some(0));
}

#[test]
fn the_lock_file_is_there_while_the_function_is_ready() {
    let mut function = Function::start(&[("healthcheck_interval", "200ms")]);
    let lock = function.temporary.path().join(".lock");
    assert!(lock.exists());
    std::fs::remove_file(&lock).unwrap();
    assert_eq!(function.get("/_/health").status, 503, "whoever takes it away makes it unready");
    std::fs::write(&lock, "").unwrap();
    assert_eq!(function.get("/_/health").status, 200);
    function.terminate();
    within(PATIENCE, || !lock.exists());
    assert_eq!(function.ended().code(), Some(0));
}

#[test]
fn suppress_lock_does_without_the_lock_file() {
    let function = Function::start(&[("suppress_lock", "true")]);
    assert!(!function.temporary.path().join(".lock").exists());
    assert_eq!(function.get("/_/health").status, 200);
}

/// The image as the Dockerfile makes it, in a container of the host's network.
fn contained(port: u16, temporary: bool) -> Container {
    let bundle = template::probe().bundle().network(Network::Host);
    let bundle = if temporary { bundle.memory("/tmp") } else { bundle };
    let bundle = bundle
        .variable("listen_address", "127.0.0.1")
        .variable("port", &port.to_string())
        .variable("metrics_port", "0")
        .variable("healthcheck_interval", "0");
    Container::start(bundle)
}

#[test]
fn the_image_runs_as_a_numeric_user_on_a_read_only_root() {
    for temporary in [false, true] {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut container = contained(address.port(), temporary);
        within(PATIENCE, || std::net::TcpStream::connect(address).is_ok());
        let ask = |path: &str| {
            let mut stream = connect(address);
            stream.write_all(get(path, "").as_bytes()).unwrap();
            reply(&mut stream).unwrap()
        };
        assert_eq!(ask("/_/health").text(), "OK");
        let status = ask("/read/proc/self/status");
        assert!(status.text().contains("\nUid:\t10001\t10001\t10001\t10001\n"));
        assert!(status.text().contains("\nPid:\t1\n"), "no second process is in between");
        assert!(status.text().contains("\nCapEff:\t0000000000000000\n"));
        assert_eq!(ask("/read/function/assets/greeting.txt").text(), "an asset\n");
        let said = container.said();
        assert_eq!(said.contains("no lock file"), !temporary, "{said}");
        assert_eq!(ask("/read/tmp/.lock").status, if temporary { 200 } else { 404 });
        container.signal("TERM");
        assert_eq!(container.ended(PATIENCE).unwrap().code(), Some(0), "{}", container.said());
    }
}
