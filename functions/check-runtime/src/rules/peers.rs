//! `unexpected-peer` and `unexpected-client`: whom the function is connected to, and who to it.

use snapshot::{Endpoint, Protocol, Socket, SocketState};
use verdict::{Finding, Rule, Severity};

use super::listeners::transport;
use crate::scene::Scene;

pub(crate) const UNEXPECTED_PEER: Rule = Rule {
    id: "unexpected-peer",
    title: "the function is connected to an address that the policy does not list",
    severity: Severity::High,
    remedy: "list the address in policy.yml under `runtime:` as one of the function's `peers:`, or find out what it is asked for",
};

pub(crate) const UNEXPECTED_CLIENT: Rule = Rule {
    id: "unexpected-client",
    title: "an address is connected to the function that the policy does not list",
    severity: Severity::Medium,
    remedy: "list the address in policy.yml under `runtime:` as one of the function's `clients:`, or keep it away by a network policy",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    scene.snapshot.sockets.iter().filter_map(|socket| of_socket(scene, socket)).collect()
}

fn of_socket(scene: &Scene<'_>, socket: &Socket) -> Option<Finding> {
    let Some(Endpoint::Inet { address, port }) = socket.peer else { return None };
    let (rule, title, key) = match is_client(scene, socket) {
        true => (&UNEXPECTED_CLIENT, "unexpected client", "clients"),
        false => (&UNEXPECTED_PEER, "unexpected peer", "peers"),
    };
    let patterns = if key == "clients" { &scene.allowance.clients } else { &scene.allowance.peers };
    // Raw and other sockets are judged by their kind.
    let transport = transport(socket.protocol)?;
    if patterns.iter().any(|pattern| pattern.covers(transport, address, port)) {
        return None;
    }
    // A client's own port says nothing about it.
    let port = if key == "clients" { "*".to_owned() } else { port.to_string() };
    let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
    let line = format!("{transport}://{host}:{port}");
    Some(scene.of_socket(rule, title, socket).remedy(scene.allow(key, &line)))
}

/// Whether the other side came to us: the socket's own port is one that the container listens on
/// in the same network namespace. To bind a listener's port for calling out takes a listener.
fn is_client(scene: &Scene<'_>, socket: &Socket) -> bool {
    let Some(Endpoint::Inet { address, port }) = socket.local else { return false };
    if socket.protocol != Protocol::Tcp || socket.state == SocketState::Connecting {
        return false;
    }
    scene.snapshot.sockets.iter().any(|listener| {
        let at = match listener.local {
            Some(Endpoint::Inet { address, port }) => Some((address, port)),
            _ => None,
        };
        listener.protocol == Protocol::Tcp
            && listener.state == SocketState::Listen
            && listener.namespace == socket.namespace
            && at.is_some_and(|(at, on)| on == port && (at.is_unspecified() || at == address))
    })
}
