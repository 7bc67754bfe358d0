//! A socket, as the tables of its network namespace list it.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// One socket that a process holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Socket {
    /// Its inode, to which descriptors refer.
    pub inode: u64,
    /// What it speaks.
    pub protocol: Protocol,
    /// What it is doing.
    pub state: SocketState,
    /// Its own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Endpoint>,
    /// The other side's address, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<Endpoint>,
    /// Where it was found.
    pub place: SocketPlace,
    /// The inode of the network namespace that it was found in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<u64>,
    /// The kernel's name for its protocol (`TCPv6`, `UNIX`, `VSOCK`), read from the socket itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_name: Option<String>,
}

/// What a socket speaks. IPv4 and IPv6 are told apart by the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// UDP-Lite.
    Udplite,
    /// Whole IP packets; the local port is the IP protocol.
    Raw,
    /// Echo requests without privilege.
    Icmp,
    /// A Unix-domain stream.
    UnixStream,
    /// Unix-domain datagrams.
    UnixDatagram,
    /// Unix-domain packets in order.
    UnixSeqpacket,
    /// Messages to the kernel.
    Netlink,
    /// Whole frames of a link.
    Packet,
    /// Another one, or one that could not be found out: see `kernel_name`.
    Other,
}

/// What a socket is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SocketState {
    /// Waiting for others to connect.
    Listen,
    /// Connected.
    Established,
    /// Asking for a connection.
    Connecting,
    /// Being connected.
    Accepting,
    /// On its way down (any of FIN-WAIT, CLOSE-WAIT, LAST-ACK, CLOSING, TIME-WAIT).
    Closing,
    /// Not connected. A bound UDP socket in this state takes datagrams from anyone.
    Unconnected,
    /// Not found out.
    Unknown,
}

/// One side of a socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// An address and a port. An IPv4 address mapped into IPv6 is the IPv4 address.
    Inet {
        /// The address.
        address: IpAddr,
        /// The port; of a raw socket, the IP protocol.
        port: u16,
    },
    /// A path, or `@` and an abstract name.
    Unix(String),
    /// A netlink protocol and the sender's id.
    Netlink {
        /// `0` is routing, `9` audit, `15` kernel events, … (netlink(7)).
        protocol: u32,
        /// Often the process's pid.
        port_id: u32,
    },
    /// A network interface and the kind of frame taken from it.
    Link {
        /// The interface's index; 0 is all of them.
        interface: u32,
        /// The frame's type (`0003` is all of them).
        ethertype: u16,
    },
}

/// Where a socket was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SocketPlace {
    /// In the network namespace of the process that holds it.
    Own,
    /// In another network namespace: it was brought along or handed over.
    Foreign,
    /// In no table that could be read.
    Unknown,
}

impl Protocol {
    /// The word for it, as its JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Udplite => "udplite",
            Self::Raw => "raw",
            Self::Icmp => "icmp",
            Self::UnixStream => "unix-stream",
            Self::UnixDatagram => "unix-datagram",
            Self::UnixSeqpacket => "unix-seqpacket",
            Self::Netlink => "netlink",
            Self::Packet => "packet",
            Self::Other => "other",
        }
    }

    /// Whether it is of the Unix domain.
    pub const fn is_unix(self) -> bool {
        matches!(self, Self::UnixStream | Self::UnixDatagram | Self::UnixSeqpacket)
    }
}

impl SocketState {
    /// The word for it, as its JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Established => "established",
            Self::Connecting => "connecting",
            Self::Accepting => "accepting",
            Self::Closing => "closing",
            Self::Unconnected => "unconnected",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet { address: IpAddr::V4(address), port } => write!(f, "{address}:{port}"),
            Self::Inet { address: IpAddr::V6(address), port } => write!(f, "[{address}]:{port}"),
            Self::Unix(name) => f.write_str(name),
            Self::Netlink { protocol, port_id } => write!(f, "{protocol}:{port_id}"),
            Self::Link { interface, ethertype } => write!(f, "link {interface}:{ethertype:04x}"),
        }
    }
}

/// `tcp 127.0.0.1:8080 listen`, `tcp 10.0.0.2:4711 > 10.0.0.9:443 established`.
impl fmt::Display for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.protocol, self.kernel_name.as_deref()) {
            (Protocol::Other, Some(name)) => f.write_str(name)?,
            (protocol, _) => f.write_str(protocol.as_str())?,
        }
        if let Some(local) = &self.local {
            write!(f, " {local}")?;
        }
        if let Some(peer) = &self.peer {
            write!(f, " > {peer}")?;
        }
        write!(f, " {}", self.state.as_str())
    }
}
