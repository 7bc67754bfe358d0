//! Lines as Linux 6.x writes them.

use super::*;

fn inet(address: &str, port: u16) -> Option<Address> {
    Some(Address::Endpoint(Endpoint::Inet { address: address.parse().unwrap(), port }))
}

fn check(table: Table, line: &str, expect: Option<(u64, SocketState, Option<Address>)>) {
    let found = socket_line(table, line.as_bytes());
    assert_eq!(found.map(|line| (line.inode, line.state, line.local)), expect, "{line}");
}

const TCP: Table = Table::Inet(Protocol::Tcp);
const UDP: Table = Table::Inet(Protocol::Udp);

#[test]
#[cfg(target_endian = "little")]
fn tcp_and_udp() {
    let rest = "00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000 100 0 0 10 0";
    let line = |addresses: &str| format!("   0: {addresses} {rest}");
    let listen = Some((4242, SocketState::Listen, inet("0.0.0.0", 8080)));
    check(TCP, &line("00000000:1F90 00000000:0000 0A"), listen);
    let mapped = "0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000200007F:0051 01";
    check(TCP, &line(mapped), Some((4242, SocketState::Established, inet("127.0.0.1", 80))));
    let peer = socket_line(TCP, line(mapped).as_bytes()).unwrap().peer;
    assert_eq!(peer, inet("127.0.0.2", 81));
    let six = "B80D0120000000000000000001000000:0035 00000000000000000000000000000000:0000 07";
    check(UDP, &line(six), Some((4242, SocketState::Unconnected, inet("2001:db8::1", 53))));
    assert_eq!(socket_line(UDP, line(six).as_bytes()).unwrap().peer, None);
}

#[test]
fn unix() {
    let line = |rest: &str| format!("ffff8880: 00000002 00000000 {rest}");
    let named = |name: &str| Some(Address::Unix(name.as_bytes().to_vec()));
    let listen = Some((77, SocketState::Listen, named("/run/a b")));
    check(Table::Unix, &line("00010000 0001 01    77 /run/a b"), listen);
    let bound = Some((78, SocketState::Unconnected, named("@abstract@")));
    check(Table::Unix, &line("00000000 0002 01 78 @abstract@"), bound);
    check(Table::Unix, &line("00000000 0005 03 79"), Some((79, SocketState::Established, None)));
    check(Table::Unix, "/run/second line of a name", None);
}

#[test]
fn netlink_and_packet() {
    let line = "0000000000000000 15  4294963110 00000001 0 0 0 2 0 1234";
    let local = Endpoint::Netlink { protocol: 15, port_id: 4_294_963_110 };
    let expect = Some((1234, SocketState::Unconnected, Some(Address::Endpoint(local))));
    check(Table::Netlink, line, expect);
    let line = "0000000000000000 3 3 0003 2 1 0 0 555";
    let local = Endpoint::Link { interface: 2, ethertype: 3 };
    let expect = Some((555, SocketState::Unconnected, Some(Address::Endpoint(local))));
    check(Table::Packet, line, expect);
}

#[test]
fn what_is_not_a_line_is_not_read() {
    for (_, table) in TABLES {
        for line in ["", " ", "0: x y z", "a: 1"] {
            check(table, line, None);
        }
    }
    check(TCP, "0: +000007F:0016 00000000:0000 0A 0 0 0 0 0 1", None);
    check(TCP, "0: 0100007é:0016 00000000:0000 0A 0 0 0 0 0 1", None);
}
