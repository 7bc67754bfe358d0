//! Which sockets a function may have: `tcp://*:8080`, `tcp://10.0.0.0/8:443`,
//! `udp://[fd00::/8]:53`, `tcp://loopback:9000-9010`, `unix:///run/app/*.sock`, `unix://@name`.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::pattern::{PathPattern, PatternError};

/// A set of sockets, by transport, address and port, or by the name of a Unix-domain socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub enum SocketPattern {
    /// Sockets of IPv4 and IPv6. An IPv4 address mapped into IPv6 is the IPv4 address.
    Inet {
        /// TCP or UDP.
        transport: Transport,
        /// The addresses.
        host: HostPattern,
        /// The ports.
        ports: RangeInclusive<u16>,
    },
    /// Unix-domain sockets: a path by glob, or `@` and an abstract name by glob.
    Unix(PathPattern),
}

/// What carries the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A stream.
    Tcp,
    /// Datagrams.
    Udp,
}

/// A set of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostPattern {
    /// `*`: every address.
    Any,
    /// `loopback`: 127.0.0.0/8 and ::1.
    Loopback,
    /// An address or a network.
    Net(IpNet),
}

/// Why a text is not a socket pattern.
#[derive(Debug, thiserror::Error)]
pub enum SocketPatternError {
    /// Neither `tcp://`, `udp://` nor `unix://`.
    #[error("{0:?} does not start with tcp://, udp:// or unix://")]
    Scheme(String),
    /// No `:port` at the end, or not a port.
    #[error("{0:?} does not end with a port: `:8080`, `:9000-9010` or `:*`")]
    Port(String),
    /// Not an address.
    #[error("{0:?} is not `*`, `loopback`, an address or a network such as 10.0.0.0/8")]
    Host(String),
    /// The name of a Unix-domain socket is not a glob.
    #[error("name of the unix socket cannot be read")]
    Name(#[source] PatternError),
}

impl SocketPattern {
    /// Whether a socket with this address and port is one of them.
    pub fn covers(&self, transport: Transport, address: IpAddr, port: u16) -> bool {
        match self {
            Self::Inet { transport: mine, host, ports } => {
                *mine == transport && host.covers(address) && ports.contains(&port)
            }
            Self::Unix(_) => false,
        }
    }

    /// Whether a Unix-domain socket with this name is one of them.
    pub fn covers_unix(&self, name: &str) -> bool {
        matches!(self, Self::Unix(pattern) if pattern.is_match(name))
    }
}

impl HostPattern {
    fn covers(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::Any => true,
            Self::Loopback => address.is_loopback(),
            Self::Net(net) => net.contains(&address),
        }
    }
}

impl FromStr for SocketPattern {
    type Err = SocketPatternError;

    fn from_str(text: &str) -> Result<Self, SocketPatternError> {
        let (transport, rest) = match text.split_once("://") {
            Some(("tcp", rest)) => (Transport::Tcp, rest),
            Some(("udp", rest)) => (Transport::Udp, rest),
            Some(("unix", name)) => {
                return name.parse().map(Self::Unix).map_err(SocketPatternError::Name);
            }
            _ => return Err(SocketPatternError::Scheme(text.to_owned())),
        };
        let no_port = || SocketPatternError::Port(text.to_owned());
        let (host, ports) = rest.rsplit_once(':').ok_or_else(no_port)?;
        let ports = ports_of(ports).ok_or_else(no_port)?;
        Ok(Self::Inet { transport, host: host.parse()?, ports })
    }
}

fn ports_of(text: &str) -> Option<RangeInclusive<u16>> {
    if text == "*" {
        return Some(0..=u16::MAX);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some(first..=last)
}

impl FromStr for HostPattern {
    type Err = SocketPatternError;

    fn from_str(text: &str) -> Result<Self, SocketPatternError> {
        // IPv6 stands in brackets, as in a URL; else its colons would swallow the port.
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let net = |text: &str| {
            text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map(Self::Net).ok()
        };
        match text {
            "*" => Some(Self::Any),
            "loopback" => Some(Self::Loopback),
            _ => net(bare.unwrap_or(text)).filter(|host| host.is_ipv6() == bare.is_some()),
        }
        .ok_or_else(|| SocketPatternError::Host(text.to_owned()))
    }
}

impl HostPattern {
    fn is_ipv6(self) -> bool {
        matches!(self, Self::Net(IpNet::V6(_)))
    }
}

impl fmt::Display for SocketPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(pattern) => write!(f, "unix://{}", pattern.as_str()),
            Self::Inet { transport, host, ports } => {
                write!(f, "{transport}://{host}:")?;
                match (*ports.start(), *ports.end()) {
                    (0, u16::MAX) => f.write_str("*"),
                    (first, last) if first == last => write!(f, "{first}"),
                    (first, last) => write!(f, "{first}-{last}"),
                }
            }
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Loopback => f.write_str("loopback"),
            Self::Net(IpNet::V4(net)) if net.prefix_len() == 32 => write!(f, "{}", net.addr()),
            Self::Net(IpNet::V6(net)) if net.prefix_len() == 128 => write!(f, "[{}]", net.addr()),
            Self::Net(net @ IpNet::V4(_)) => write!(f, "{net}"),
            Self::Net(net @ IpNet::V6(_)) => write!(f, "[{net}]"),
        }
    }
}

impl TryFrom<String> for SocketPattern {
    type Error = SocketPatternError;
    fn try_from(text: String) -> Result<Self, SocketPatternError> {
        text.parse()
    }
}

impl From<SocketPattern> for String {
    fn from(pattern: SocketPattern) -> Self {
        pattern.to_string()
    }
}
