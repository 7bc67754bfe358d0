//! What `runtime:` allows, and whom.

use super::*;

fn policy(json: serde_json::Value) -> RuntimePolicy {
    serde_json::from_value(json).unwrap()
}

#[test]
fn every_built_in_pattern_is_a_pattern() {
    let allowance = RuntimeAllowance::built_in();
    assert_eq!(allowance.listeners.len(), LISTENERS.len());
    assert_eq!(allowance.peers.len(), PEERS.len());
    assert_eq!(allowance.clients.len(), 1);
    assert_eq!(allowance.files.len(), FILES.len());
    assert_eq!(allowance.executables.len(), EXECUTABLES.len());
    assert_eq!(allowance.bounding_capabilities.len(), BOUNDING_CAPABILITIES.len());
    assert!(!allowance.users.iter().any(|range| range.contains(0)));
}

#[test]
fn the_most_exact_entry_applies_and_replaces_the_default() {
    let policy = policy(serde_json::json!({
        "defaults": {"listeners": ["tcp://*:1"], "seccomp": "required"},
        "functions": {
            "*": {"listeners": ["tcp://*:2"]},
            "pay-*": {"listeners": ["tcp://*:3"]},
            "pay-x": {"listeners": []},
        },
    }));
    let listeners = |name| {
        let allowance = policy.for_function(name);
        assert_eq!(allowance.seccomp, Demand::Required);
        allowance.listeners.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(listeners(None), ["tcp://*:1"]);
    assert_eq!(listeners(Some("cart")), ["tcp://*:2"]);
    assert_eq!(listeners(Some("pay-y")), ["tcp://*:3"]);
    assert!(listeners(Some("pay-x")).is_empty());
}

#[test]
fn an_unknown_key_is_refused() {
    let json = serde_json::json!({"defaults": {"listener": []}});
    assert!(serde_json::from_value::<RuntimePolicy>(json).is_err());
}

#[test]
fn socket_patterns() {
    let check = |pattern: &str, transport, address: &str, port, expect| {
        let parsed: SocketPattern = pattern.parse().unwrap();
        assert_eq!(parsed.to_string(), pattern);
        let covers = parsed.covers(transport, address.parse().unwrap(), port);
        assert_eq!(covers, expect, "{pattern} {address} {port}");
    };
    use Transport::{Tcp, Udp};
    check("tcp://*:8080", Tcp, "::", 8080, true);
    check("tcp://*:8080", Udp, "::", 8080, false);
    check("tcp://*:8080", Tcp, "::", 8081, false);
    check("tcp://loopback:*", Tcp, "127.0.0.5", 1, true);
    check("tcp://loopback:*", Tcp, "::ffff:127.0.0.1", 1, true);
    check("tcp://loopback:*", Tcp, "10.0.0.1", 1, false);
    check("tcp://10.0.0.0/8:443", Tcp, "::ffff:10.1.2.3", 443, true);
    check("tcp://10.0.0.0/8:443", Tcp, "11.1.2.3", 443, false);
    check("tcp://0.0.0.0:80", Tcp, "0.0.0.0", 80, true);
    check("tcp://0.0.0.0:80", Tcp, "10.0.0.1", 80, false);
    check("udp://[fd00::/8]:53", Udp, "fd12::1", 53, true);
    check("udp://[::1]:9000-9010", Udp, "::1", 9010, true);
    check("udp://[::1]:9000-9010", Udp, "::1", 9011, false);
    let unix: SocketPattern = "unix:///run/app/*.sock".parse().unwrap();
    assert!(unix.covers_unix("/run/app/a.sock") && !unix.covers_unix("/run/app/x/a.sock"));
}

#[test]
fn what_is_not_a_socket_pattern() {
    for text in ["8080", "tcp://8080", "tcp://*:", "tcp://*:9-8", "tcp://::1:80", "sctp://*:1"] {
        assert!(text.parse::<SocketPattern>().is_err(), "{text}");
    }
    assert!("tcp://[10.0.0.1]:80".parse::<SocketPattern>().is_err());
    assert!("tcp://localhost:80".parse::<SocketPattern>().is_err());
}

#[test]
fn ids_and_capabilities() {
    let range: IdRange = serde_json::from_str("1000").unwrap();
    assert!(range.contains(1000) && !range.contains(1001));
    let range: IdRange = serde_json::from_str("\"100-200\"").unwrap();
    assert!(range.contains(150) && !range.contains(99));
    assert!("5-4".parse::<IdRange>().is_err());
    assert_eq!("net_raw".parse::<CapabilityName>().unwrap().as_str(), "CAP_NET_RAW");
    assert!("CAP NET".parse::<CapabilityName>().is_err());
}
