//! `unexpected-listener`: a socket waits for others that the policy does not list.

use policy::Transport;
use snapshot::{Endpoint, Protocol, Socket};
use verdict::{Finding, Rule, Severity};

use crate::scene::{Scene, is_listener, literal};

pub(crate) const UNEXPECTED_LISTENER: Rule = Rule {
    id: "unexpected-listener",
    title: "a socket waits for connections or datagrams that the policy does not list",
    severity: Severity::High,
    remedy: "list it in policy.yml under `runtime:` as one of the function's `listeners:`, or find out who opened it",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let unexpected = |socket: &&Socket| is_listener(socket) && !is_allowed(scene, socket);
    let finding = |socket: &Socket| {
        scene
            .of_socket(&UNEXPECTED_LISTENER, "unexpected listener", socket)
            .remedy(scene.allow("listeners", &line(socket)))
    };
    scene.snapshot.sockets.iter().filter(unexpected).map(finding).collect()
}

fn is_allowed(scene: &Scene<'_>, socket: &Socket) -> bool {
    let listeners = &scene.allowance.listeners;
    match &socket.local {
        Some(Endpoint::Inet { address, port }) => transport(socket.protocol)
            .is_some_and(|by| listeners.iter().any(|pattern| pattern.covers(by, *address, *port))),
        Some(Endpoint::Unix(name)) => listeners.iter().any(|pattern| pattern.covers_unix(name)),
        // A Unix-domain socket without a name cannot be found by anyone.
        _ => socket.protocol.is_unix(),
    }
}

/// The transport by which the policy speaks of this protocol; UDP-Lite it does not know.
pub(crate) fn transport(protocol: Protocol) -> Option<Transport> {
    match protocol {
        Protocol::Tcp => Some(Transport::Tcp),
        Protocol::Udp => Some(Transport::Udp),
        _ => None,
    }
}

/// The line of policy.yml that lists it.
fn line(socket: &Socket) -> String {
    match &socket.local {
        Some(Endpoint::Unix(name)) => format!("unix://{}", literal(name)),
        Some(endpoint) => format!("{}://{endpoint}", socket.protocol.as_str()),
        None => String::new(),
    }
}
