//! `unexpected-socket` and `foreign-socket`: kinds of sockets that the policy does not list, and
//! sockets of another network namespace.

use snapshot::{Protocol, Socket, SocketPlace};
use verdict::{Finding, Rule, Severity};

use crate::scene::Scene;

pub(crate) const UNEXPECTED_SOCKET: Rule = Rule {
    id: "unexpected-socket",
    title: "a socket of a kind that the policy does not list is open",
    severity: Severity::High,
    remedy: "list the kind in policy.yml under `runtime:` as one of the function's `sockets:`, or take CAP_NET_RAW away",
};

pub(crate) const FOREIGN_SOCKET: Rule = Rule {
    id: "foreign-socket",
    title: "a process holds a socket of another network namespace",
    severity: Severity::Critical,
    remedy: "find out how the socket came into the container: it goes round every network policy",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let sockets = &scene.snapshot.sockets;
    let foreign = sockets
        .iter()
        .filter(|socket| socket.place == SocketPlace::Foreign)
        .map(|socket| scene.of_socket(&FOREIGN_SOCKET, "socket of another namespace", socket));
    let unexpected = sockets.iter().filter_map(|socket| {
        let kind = kind(socket)?;
        let is_listed = scene.allowance.sockets.contains(&kind);
        let finding = || {
            scene
                .of_socket(&UNEXPECTED_SOCKET, &format!("unexpected {kind} socket"), socket)
                .remedy(scene.allow("sockets", &kind))
        };
        (!is_listed).then(finding)
    });
    foreign.chain(unexpected).collect()
}

/// The kind of a socket that is judged by its kind. TCP, UDP and Unix-domain sockets are judged by
/// their addresses, and one of which nothing could be found out is unobservable.
fn kind(socket: &Socket) -> Option<String> {
    match (socket.protocol, &socket.kernel_name) {
        (Protocol::Tcp | Protocol::Udp, _) => None,
        (protocol, _) if protocol.is_unix() => None,
        (Protocol::Other, None) => None,
        (Protocol::Other, Some(name)) => Some(name.to_ascii_lowercase()),
        (protocol, _) => Some(protocol.as_str().to_owned()),
    }
}
