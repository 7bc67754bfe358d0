//! A function keeps the watchdog's contract without a watchdog: what it answers, under which
//! headers, within which times, and what it tells the collector and the log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod template;

use std::io::Write as _;
use std::time::{Duration, Instant};

use template::{Function, connect, get, post, program, reply};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn the_handler_answers_and_the_runtime_says_how_long_it_took() {
    let function = Function::start(&[]);
    let echoed = function.send(post("/echo", "words"));
    assert_eq!((echoed.status, echoed.text()), (200, "words"));
    let slept = function.get("/sleep/20");
    let seconds: f64 = slept.header("x-duration-seconds").parse().unwrap();
    assert!((0.02..5.0).contains(&seconds), "{seconds}");
    assert_eq!(function.get("/nowhere").status, 404, "the handler's own status");
}

#[test]
fn a_call_keeps_its_id_and_trace_on_the_way_in_and_out_and_in_the_log() {
    let function = Function::start(&[]);
    let names = format!("x-call-id: a-call\r\ntraceparent: {TRACE}\r\n");
    let answer = function.send(get("/header/traceparent", &names));
    assert_eq!(answer.text(), TRACE);
    assert_eq!(answer.header("traceparent"), TRACE);
    assert_eq!(answer.header("x-call-id"), "a-call");
    let line = function.line("answered");
    assert_eq!(line["span"]["call_id"], "a-call");
    assert_eq!(line["span"]["traceparent"], TRACE);
    assert_eq!((&line["status"], &line["method"]), (&200.into(), &"GET".into()));

    function.send(get("/log?token=secret", &names));
    assert_eq!(function.line("from the handler")["span"]["call_id"], "a-call");
    assert_eq!(function.line("answered")["path"], "/log", "queries are not written down");

    let unnamed = function.send(get("/header/x-call-id", "traceparent: nonsense\r\n"));
    assert_eq!(unnamed.text().len(), 32, "a call without an id is given one");
    assert_eq!(unnamed.header("x-call-id"), unnamed.text());
    assert_eq!(unnamed.header("traceparent"), "");
}

#[test]
fn chunked_bodies_and_connections_that_stay_open_are_understood() {
    let function = Function::start(&[]);
    let mut stream = function.connect();
    for _ in 0..3 {
        let head = "POST /echo HTTP/1.1\r\nhost: function\r\ntransfer-encoding: chunked\r\n\r\n";
        for part in [head, "4\r\nfour\r\n", "6\r\n and 6\r\n", "0\r\n\r\n"] {
            stream.write_all(part.as_bytes()).unwrap();
        }
        assert_eq!(reply(&mut stream).unwrap().text(), "four and 6");
        // Health on the same connection, as a proxy would ask for it.
        stream.write_all(get("/_/health", "").as_bytes()).unwrap();
        assert_eq!(reply(&mut stream).unwrap().text(), "OK");
    }
}

#[test]
fn health_is_asked_for_with_get_only() {
    let function = Function::start(&[]);
    for path in ["/_/health", "/_/ready"] {
        let answer = function.get(path);
        assert_eq!((answer.status, answer.text()), (200, "OK"), "{path}");
        for method in ["HEAD", "POST", "DELETE"] {
            let request = format!("{method} {path} HTTP/1.1\r\nhost: function\r\n\r\n");
            let mut stream = function.connect();
            stream.write_all(request.as_bytes()).unwrap();
            assert_eq!(reply(&mut stream).unwrap().status, 405, "{method} {path}");
        }
    }
    assert_eq!(function.get("/health").status, 404, "anything else is the handler's");
}

#[test]
fn ready_path_has_the_handler_say_whether_it_is_ready() {
    let function = Function::start(&[("ready_path", "/unready")]);
    assert_eq!(function.get("/_/ready").status, 503);
    assert_eq!(function.get("/_/health").status, 200);
}

#[test]
fn one_call_more_than_max_inflight_is_told_429() {
    let function = Function::start(&[("max_inflight", "2")]);
    let mut held = [function.connect(), function.connect()];
    for stream in &mut held {
        stream.write_all(get("/sleep/1500", "").as_bytes()).unwrap();
    }
    template::within(template::PATIENCE, || function.get("/_/ready").status == 429);
    let refused = function.get("/echo");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("x-openfaas-internal"), "faas-middleware");
    assert_eq!(function.get("/_/health").status, 200);
    for stream in &mut held {
        assert_eq!(reply(stream).unwrap().status, 200);
    }
    assert_eq!(function.get("/echo").status, 200);
    assert_eq!(function.get("/_/ready").status, 200);
}

#[test]
fn a_call_past_exec_timeout_is_told_504_whatever_it_does() {
    let function = Function::start(&[("exec_timeout", "200ms")]);
    for path in ["/sleep/3000", "/block/3000", "/burn/3000"] {
        let began = Instant::now();
        let answer = function.get(path);
        assert_eq!((answer.status, answer.body.len()), (504, 0), "{path}");
        assert_eq!(answer.header("x-openfaas-internal"), "of-watchdog");
        assert!(answer.header("x-duration-seconds").starts_with("0."), "{path}");
        assert!(began.elapsed() < Duration::from_secs(3), "{path}");
    }
    assert_eq!(function.get("/echo").status, 200);
}

#[test]
fn a_caller_can_shorten_the_time_and_not_lengthen_it() {
    let function = Function::start(&[("exec_timeout", "400ms")]);
    let call = |timeout: &str, sleep: u32| {
        let header = format!("X-Timeout: {timeout}\r\n");
        function.send(get(&format!("/sleep/{sleep}"), &header)).status
    };
    assert_eq!(call("50ms", 300), 504);
    assert_eq!(call("1h", 3000), 504);
    assert_eq!(call("1h", 10), 200);
    assert_eq!(call("nonsense", 10), 200);
}

#[test]
fn exec_timeout_nought_is_no_limit_and_a_caller_may_still_set_one() {
    let function = Function::start(&[("exec_timeout", "0")]);
    assert_eq!(function.get("/sleep/100").status, 200);
    assert_eq!(function.send(get("/sleep/3000", "X-Timeout: 0.05s\r\n")).status, 504);
}

#[test]
fn a_handler_that_panics_ends_its_call_and_nothing_else() {
    let mut function = Function::start(&[("max_inflight", "1")]);
    for _ in 0..3 {
        let answer = function.send(get("/panic", "x-call-id: unlucky\r\n"));
        assert_eq!((answer.status, answer.body.len()), (500, 0));
    }
    let line = function.line("a panic");
    assert_eq!((&line["said"], &line["level"]), (&"as asked".into(), &"ERROR".into()));
    assert_eq!(line["span"]["call_id"], "unlucky");
    // Its place among the calls in flight is free again.
    assert_eq!(function.get("/echo").status, 200);
    assert!(function.is_running());
}

#[test]
fn handlers_that_block_hold_up_nobody() {
    let function = Function::start(&[]);
    let mut blocked: Vec<_> = (0..64).map(|_| function.connect()).collect();
    for stream in &mut blocked {
        stream.write_all(get("/block/2000", "").as_bytes()).unwrap();
    }
    let began = Instant::now();
    assert_eq!(function.send(post("/echo", "quick")).text(), "quick");
    assert_eq!(function.get("/sleep/5").text(), "done", "timers run on");
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    for stream in &mut blocked {
        assert_eq!(reply(stream).unwrap().status, 200);
    }
}

#[test]
fn health_is_answered_while_every_worker_burns_cpu() {
    let function = Function::start(&[]);
    let mut burning: Vec<_> = (0..16).map(|_| function.connect()).collect();
    for stream in &mut burning {
        stream.write_all(get("/burn/2000", "").as_bytes()).unwrap();
    }
    let end = Instant::now() + Duration::from_millis(1500);
    let mut slowest = Duration::ZERO;
    while Instant::now() < end {
        let began = Instant::now();
        assert_eq!(function.get("/_/health").status, 200);
        slowest = slowest.max(began.elapsed());
    }
    // What Kubernetes waits for; `make bench` holds the promise of 100 ms at the 99th percentile.
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

#[test]
fn metrics_have_the_watchdogs_names() {
    let function = Function::start(&[("max_inflight", "1")]);
    let mut held = function.connect();
    held.write_all(get("/sleep/1000", "").as_bytes()).unwrap();
    template::within(template::PATIENCE, || function.get("/_/ready").status == 429);
    assert_eq!(function.get("/echo").status, 429);
    let metrics = |path: &str| {
        let mut stream = connect(function.metrics.unwrap());
        stream.write_all(get(path, "").as_bytes()).unwrap();
        reply(&mut stream).unwrap()
    };
    assert!(metrics("/metrics").text().contains("\nhttp_requests_in_flight 1\n"));
    assert_eq!(reply(&mut held).unwrap().status, 200);
    let answer = metrics("/metrics");
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        r#"http_requests_total{code="200",method="get"} 1"#,
        r#"http_requests_total{code="429",method="get"} 1"#,
        r#"http_request_duration_seconds_bucket{code="200",method="get",le="0.5"} 0"#,
        r#"http_request_duration_seconds_count{code="200",method="get"} 1"#,
        "http_requests_in_flight 0",
    ] {
        assert!(answer.text().lines().any(|said| said == line), "{line}\n{}", answer.text());
    }
    assert_eq!(metrics("/").status, 404);
}

#[test]
fn a_variable_that_is_set_wrongly_ends_the_program_and_is_named() {
    for (name, value) in [("exec_timeout", "soon"), ("write_timeout", "0"), ("port", "high")] {
        let output = program(&[(name, value)]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let line: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        let error = line["error"].as_str().unwrap();
        assert!(error.contains(name) && error.contains(value), "{error}");
    }
}

#[test]
fn what_a_handler_must_do_before_serving_is_done_first_of_all() {
    let status = program(&[]).arg("--probe").status().unwrap();
    assert_eq!(status.code(), Some(42));
}

#[test]
fn behind_a_watchdog_the_function_is_where_the_watchdog_looks() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let upstream = format!("http://{free}");
    let function = Function::start(&[("mode", "http"), ("upstream_url", &upstream)]);
    assert_eq!((function.address, function.metrics), (free, None));
    assert_eq!(function.send(post("/echo", "through")).text(), "through");
    assert!(!function.temporary.path().join(".lock").exists(), "the watchdog has its own");
}
