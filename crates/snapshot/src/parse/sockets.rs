//! The tables of sockets below `/proc/PID/net` (proc_pid_net(5)): one line, one socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::socket::{Endpoint, Protocol, SocketState};

/// A table, which decides how its lines are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `tcp`, `udp`, `raw`, `icmp` and their kin for IPv6, which share one format.
    Inet(Protocol),
    /// `unix`.
    Unix,
    /// `netlink`.
    Netlink,
    /// `packet`.
    Packet,
}

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketLine {
    /// The socket's inode; 0 when no process has it any more.
    pub inode: u64,
    /// What it speaks.
    pub protocol: Protocol,
    /// What it is doing.
    pub state: SocketState,
    /// Its own address.
    pub local: Option<Address>,
    /// The other side's address.
    pub peer: Option<Address>,
}

/// An address in a table: a Unix-domain name is still bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Anything but a Unix-domain name.
    Endpoint(Endpoint),
    /// A path, or `@` and an abstract name; bytes of zero in it are `@` too.
    Unix(Vec<u8>),
}

/// Every table that is read, by its name below `/proc/PID/net`.
pub const TABLES: [(&str, Table); 13] = [
    ("tcp", Table::Inet(Protocol::Tcp)),
    ("tcp6", Table::Inet(Protocol::Tcp)),
    ("udp", Table::Inet(Protocol::Udp)),
    ("udp6", Table::Inet(Protocol::Udp)),
    ("udplite", Table::Inet(Protocol::Udplite)),
    ("udplite6", Table::Inet(Protocol::Udplite)),
    ("raw", Table::Inet(Protocol::Raw)),
    ("raw6", Table::Inet(Protocol::Raw)),
    ("icmp", Table::Inet(Protocol::Icmp)),
    ("icmp6", Table::Inet(Protocol::Icmp)),
    ("unix", Table::Unix),
    ("netlink", Table::Netlink),
    ("packet", Table::Packet),
];

/// Reads one line of a table, not its heading.
pub fn socket_line(table: Table, line: &[u8]) -> Option<SocketLine> {
    match table {
        Table::Inet(protocol) => inet_line(protocol, line),
        Table::Unix => unix_line(line),
        Table::Netlink => netlink_line(line),
        Table::Packet => packet_line(line),
    }
}

/// `sl local rem st tx:rx tr:when retrnsmt uid timeout inode …`
fn inet_line(protocol: Protocol, line: &[u8]) -> Option<SocketLine> {
    let mut fields = std::str::from_utf8(line).ok()?.split_ascii_whitespace().skip(1);
    let local = inet_address(fields.next()?)?;
    let peer = inet_address(fields.next()?)?;
    let state = inet_state(protocol, u8::from_str_radix(fields.next()?, 16).ok()?);
    let inode = fields.nth(5)?.parse().ok()?;
    let has_peer = !matches!(peer, Endpoint::Inet { address, port: 0 } if address.is_unspecified());
    let (local, peer) = (Address::Endpoint(local), has_peer.then_some(Address::Endpoint(peer)));
    Some(SocketLine { inode, protocol, state, local: Some(local), peer })
}

/// `0100007F:1F90`: each 32-bit word of the address as the processor holds it, the port as it is.
fn inet_address(text: &str) -> Option<Endpoint> {
    let (words, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    if !words.is_ascii() || port_is_signed(words) {
        return None;
    }
    let word = |index: usize| {
        let digits = words.get(8 * index..8 * index + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let address = match words.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut bytes = [0u8; 16];
            for (index, part) in bytes.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(index)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(Endpoint::Inet { address: address.to_canonical(), port })
}

/// `from_str_radix` takes a `+`, which the kernel never writes.
fn port_is_signed(words: &str) -> bool {
    words.contains('+')
}

/// The states of `include/net/tcp_states.h`; UDP and its kin use two of them.
fn inet_state(protocol: Protocol, state: u8) -> SocketState {
    match (protocol, state) {
        (_, 0x01) => SocketState::Established,
        (Protocol::Tcp, 0x0a) => SocketState::Listen,
        (Protocol::Tcp, 0x02) => SocketState::Connecting,
        (Protocol::Tcp, 0x03 | 0x0c) => SocketState::Accepting,
        (Protocol::Tcp, 0x04..=0x06 | 0x08 | 0x09 | 0x0b) => SocketState::Closing,
        (_, 0x07) => SocketState::Unconnected,
        _ => SocketState::Unknown,
    }
}

/// `Num: RefCount Protocol Flags Type St Inode Path`. The path is whatever the process bound to,
/// spaces and newlines included: a newline makes what looks like another line of the table.
fn unix_line(line: &[u8]) -> Option<SocketLine> {
    const ACCEPTS: u32 = 0x0001_0000;
    let mut rest = line;
    let mut fields = [""; 7];
    for field in &mut fields {
        rest = rest.trim_ascii_start();
        let end = rest.iter().position(|&byte| byte == b' ').unwrap_or(rest.len());
        let (text, after) = rest.split_at(end);
        (*field, rest) = (std::str::from_utf8(text).ok()?, after);
    }
    let [number, _, _, flags, kind, state, inode] = fields;
    if !number.ends_with(':') {
        return None;
    }
    let protocol = match u16::from_str_radix(kind, 16).ok()? {
        1 => Protocol::UnixStream,
        2 => Protocol::UnixDatagram,
        5 => Protocol::UnixSeqpacket,
        _ => Protocol::Other,
    };
    let state = match u8::from_str_radix(state, 16).ok()? {
        _ if u32::from_str_radix(flags, 16).ok()? & ACCEPTS != 0 => SocketState::Listen,
        1 => SocketState::Unconnected,
        2 => SocketState::Connecting,
        3 => SocketState::Established,
        4 => SocketState::Closing,
        _ => SocketState::Unknown,
    };
    let name = rest.strip_prefix(b" ").filter(|name| !name.is_empty());
    let local = name.map(|name| Address::Unix(name.to_vec()));
    Some(SocketLine { inode: inode.parse().ok()?, protocol, state, local, peer: None })
}

/// `sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode`
fn netlink_line(line: &[u8]) -> Option<SocketLine> {
    let mut fields = std::str::from_utf8(line).ok()?.split_ascii_whitespace().skip(1);
    let protocol = fields.next()?.parse().ok()?;
    // A port id that the kernel chose may be printed as a negative number.
    let port_id = fields.next()?;
    let port_id =
        port_id.parse().or_else(|_| port_id.parse::<i32>().map(i32::cast_unsigned)).ok()?;
    let inode = fields.nth(6)?.parse().ok()?;
    let local = Some(Address::Endpoint(Endpoint::Netlink { protocol, port_id }));
    let (protocol, state) = (Protocol::Netlink, SocketState::Unconnected);
    Some(SocketLine { inode, protocol, state, local, peer: None })
}

/// `sk RefCnt Type Proto Iface R Rmem User Inode`
fn packet_line(line: &[u8]) -> Option<SocketLine> {
    let mut fields = std::str::from_utf8(line).ok()?.split_ascii_whitespace().skip(3);
    let ethertype = u16::from_str_radix(fields.next()?, 16).ok()?;
    let interface = fields.next()?.parse().ok()?;
    let inode = fields.nth(3)?.parse().ok()?;
    let local = Some(Address::Endpoint(Endpoint::Link { interface, ethertype }));
    let (protocol, state) = (Protocol::Packet, SocketState::Unconnected);
    Some(SocketLine { inode, protocol, state, local, peer: None })
}

#[cfg(test)]
mod tests;
