//! What the tables say of each socket, and whether that can be believed.

use std::collections::BTreeMap;

use super::Held;
use crate::parse::sockets::{Address, SocketLine};
use crate::read::Folders;
use crate::read::ledger::Ledger;
use crate::socket::{Endpoint, Protocol, Socket, SocketPlace, SocketState};
use crate::text::kept;
use crate::unobservable::Reason;

/// Kernel names of protocols whose sockets stand in a table that is read, once they are bound.
const TABLED: [&str; 7] = ["TCP", "UDP", "UNIX", "RAW", "PING", "NETLINK", "PACKET"];

/// The lines found, by inode.
#[derive(Default)]
pub(super) struct Found {
    lines: BTreeMap<u64, Vec<Line>>,
    reading: u32,
}

struct Line {
    /// Which reading of a table it is from.
    reading: u32,
    namespace: u64,
    line: SocketLine,
}

impl Found {
    /// A table is about to be read.
    pub(super) fn begin(&mut self) {
        self.reading += 1;
    }

    pub(super) fn add(&mut self, namespace: u64, line: SocketLine) {
        let lines = self.lines.entry(line.inode).or_default();
        // Three tell as much about contradiction as a million, which a name could hold.
        if lines.len() < 8 {
            lines.push(Line { reading: self.reading, namespace, line });
        }
    }

    pub(super) fn has(&self, inode: u64) -> bool {
        self.lines.contains_key(&inode)
    }

    pub(super) fn has_all<'a>(&self, mut inodes: impl Iterator<Item = &'a u64>) -> bool {
        inodes.all(|inode| self.has(*inode))
    }

    /// The socket with this inode, as far as it can be told.
    pub(super) fn socket(
        &self,
        inode: u64,
        held: &Held,
        folders: &Folders,
        ledger: &mut Ledger<'_>,
    ) -> Socket {
        let lines = self.lines.get(&inode).map_or(&[][..], Vec::as_slice);
        // The names in the table of the Unix domain are the processes' and may hold a newline and
        // what looks like a line: only the other tables are the kernel's alone.
        let sound = lines.iter().rev().find(|line| !line.line.protocol.is_unix());
        let folder = folders.get(&held.pid);
        let kernel_name = match sound {
            Some(_) => None,
            None => folder.and_then(|folder| folder.protocol_name(&held.entry)),
        };
        let line = sound.or_else(|| {
            lines
                .last()
                .filter(|_| kernel_name.as_ref().is_none_or(|name| name.starts_with("UNIX")))
        });
        let path = folder.map(|folder| folder.path_of(&held.entry)).unwrap_or_default();
        let Some(line) = line else {
            let name = kernel_name.as_deref();
            if name.is_none_or(|name| TABLED.iter().any(|tabled| name.starts_with(tabled))) {
                let detail = format!("socket:[{inode}] {}", name.unwrap_or_default());
                ledger.unseen(Some(held.pid), &path, Reason::UnknownSocket, detail.trim_end());
            }
            return unknown(inode, kernel_name);
        };
        if sound.is_none() && is_forged(lines) {
            let detail = format!("socket:[{inode}] is listed more than once");
            ledger.unseen(Some(held.pid), &path, Reason::AmbiguousSocket, detail);
        }
        let text_bytes_max = ledger.limits.text_bytes_max;
        socket(inode, line, held, kernel_name, text_bytes_max)
    }
}

/// Whether one reading of a table has more than one line of the socket.
fn is_forged(lines: &[Line]) -> bool {
    lines.windows(2).any(|pair| pair[0].reading == pair[1].reading)
}

fn socket(
    inode: u64,
    line: &Line,
    held: &Held,
    kernel_name: Option<String>,
    text_bytes_max: usize,
) -> Socket {
    let endpoint = |address: &Address| match address {
        Address::Endpoint(endpoint) => endpoint.clone(),
        Address::Unix(name) => Endpoint::Unix(kept(name, text_bytes_max)),
    };
    let is_own = held.namespaces.iter().all(|namespace| *namespace == line.namespace);
    Socket {
        inode,
        protocol: line.line.protocol,
        state: line.line.state,
        local: line.line.local.as_ref().map(endpoint),
        peer: line.line.peer.as_ref().map(endpoint),
        place: if is_own { SocketPlace::Own } else { SocketPlace::Foreign },
        namespace: Some(line.namespace),
        kernel_name,
    }
}

fn unknown(inode: u64, kernel_name: Option<String>) -> Socket {
    let name = kernel_name.as_deref().unwrap_or_default();
    let protocol = match name {
        "TCP" | "TCPv6" => Protocol::Tcp,
        "UDP" | "UDPv6" => Protocol::Udp,
        "RAW" | "RAWv6" => Protocol::Raw,
        "PACKET" => Protocol::Packet,
        "NETLINK" => Protocol::Netlink,
        _ => Protocol::Other,
    };
    Socket {
        inode,
        protocol,
        state: SocketState::Unknown,
        local: None,
        peer: None,
        place: SocketPlace::Unknown,
        namespace: None,
        kernel_name,
    }
}
