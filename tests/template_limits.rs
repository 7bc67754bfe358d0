//! What comes in at a function is bounded: in size, in number, in time. And whoever abuses that
//! takes nobody else's place.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod template;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use template::{Function, PATIENCE, get, post, reply};

fn ends(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn a_body_over_the_limit_is_told_413_said_or_not() {
    let function = Function::start(&[("max_body_bytes", "1000")]);
    assert_eq!(function.send(post("/echo", &"x".repeat(1000))).status, 200);
    // Said: not a byte of it is waited for.
    let head = "POST /echo HTTP/1.1\r\nhost: f\r\ncontent-length: 1001\r\n\r\n";
    assert_eq!(function.send(head).status, 413);
    let head = "POST /echo HTTP/1.1\r\nhost: f\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = format!("3e8\r\n{}\r\n1\r\nx\r\n", "x".repeat(1000));
    let answer = function.send(format!("{head}{body}"));
    assert_eq!((answer.status, answer.header("connection")), (413, "close"));
}

#[test]
fn all_bodies_together_are_bounded() {
    let function = Function::start(&[("max_buffered_bytes", "20000")]);
    let body = "x".repeat(12_000);
    let mut held = function.connect();
    held.write_all(post("/sleep/1500", &body).as_bytes()).unwrap();
    let mut answer = function.send(post("/echo", &body));
    let end = Instant::now() + PATIENCE;
    while answer.status == 200 && Instant::now() < end {
        answer = function.send(post("/echo", &body));
    }
    assert_eq!(answer.status, 503);
    assert_eq!(function.send(post("/echo", "small")).status, 200);
    assert_eq!(reply(&mut held).unwrap().status, 200);
    assert_eq!(function.send(post("/echo", &body)).status, 200);
}

#[test]
fn a_head_over_the_limit_is_told_431() {
    let function = Function::start(&[("max_header_bytes", "8192")]);
    let long = format!("x-long: {}\r\n", "x".repeat(9000));
    assert_eq!(function.send(get("/echo", &long)).status, 431);
    let many: String = (0..200).map(|number| format!("x-{number}: 1\r\n")).collect();
    assert_eq!(function.send(get("/echo", &many)).status, 431);
    assert_eq!(function.get("/echo").status, 200);
}

#[test]
fn what_is_no_http_is_told_400_and_harms_nobody() {
    let function = Function::start(&[]);
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost f\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nhost: f\r\ncontent-length: -1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nhost: f\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    ] {
        assert_eq!(function.send(nonsense).status, 400, "{nonsense:?}");
    }
    let chunks = b"POST /echo HTTP/1.1\r\nhost: f\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    assert_eq!(function.send(chunks).status, 400);
    assert_eq!(function.get("/echo").status, 200);
}

#[test]
fn whoever_drips_a_request_is_given_read_timeout_and_no_more() {
    let function = Function::start(&[("read_timeout", "300ms")]);
    let began = Instant::now();
    let mut head = function.connect();
    head.write_all(b"GET /echo HTTP/1.1\r\nhost: f\r\nx-").unwrap();
    let mut body = function.connect();
    body.write_all(b"POST /echo HTTP/1.1\r\nhost: f\r\ncontent-length: 9\r\n\r\nhalf").unwrap();
    assert_eq!(reply(&mut body).unwrap().status, 408);
    let silent = function.connect();
    assert!(ends(head) && ends(body) && ends(silent));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn whoever_does_not_take_the_answer_is_given_write_timeout_and_no_more() {
    let function = Function::start(&[("write_timeout", "300ms"), ("max_connections", "1")]);
    let mut greedy = function.connect();
    greedy.write_all(get("/zeros/50000000", "").as_bytes()).unwrap();
    // Its place is free again, though it has not read a byte.
    template::within(PATIENCE, || function.get("/echo").status == 200);
    let mut taken = Vec::new();
    let _ = greedy.read_to_end(&mut taken);
    assert!(taken.len() < 50_000_000, "{}", taken.len());
}

#[test]
fn when_the_room_is_full_health_is_still_answered() {
    let function = Function::start(&[("max_connections", "4")]);
    let held: Vec<_> = (0..4).map(|_| function.connect()).collect();
    template::within(PATIENCE, || function.get("/echo").status == 503);
    assert_eq!(function.get("/_/health").status, 200);
    assert_eq!(function.get("/_/ready").status, 429);
    // Even a crowd that never says a word is out of the way within a second or two.
    let crowd: Vec<_> = (0..100).map(|_| function.connect()).collect();
    let health = || {
        let mut stream = function.connect();
        let _ = stream.write_all(get("/_/health", "").as_bytes());
        reply(&mut stream).is_some_and(|answer| answer.status == 200)
    };
    template::within(PATIENCE, health);
    drop((held, crowd));
    template::within(PATIENCE, || function.get("/echo").status == 200);
}
