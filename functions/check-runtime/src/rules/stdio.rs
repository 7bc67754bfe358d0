//! `stdio-on-socket`: standard input or output is a network connection, as a reverse shell has it.

use snapshot::{Endpoint, Target};
use verdict::{Finding, Location, Rule, Severity};

use crate::scene::{Scene, shown, who};

pub(crate) const STDIO_ON_SOCKET: Rule = Rule {
    id: "stdio-on-socket",
    title: "a process's standard input or output is a network connection",
    severity: Severity::Critical,
    remedy: "treat the container as taken over: keep its processes and descriptors as evidence, stop it, and find the way in; for a program that is meant to work so, write a waiver",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    scene
        .descriptors()
        .filter(|(_, descriptor)| descriptor.number <= 2)
        .filter_map(|(process, descriptor)| {
            let Target::Socket { inode } = descriptor.target else { return None };
            let socket = scene.snapshot.socket(inode)?;
            matches!(socket.peer, Some(Endpoint::Inet { .. })).then(|| {
                let standard = ["input", "output", "error"][descriptor.number as usize];
                let title = format!("standard {standard} of {} is {socket}", who(process));
                let command = process.command.join(" ");
                Finding::new(&STDIO_ON_SOCKET, title)
                    .detail(format!("it runs `{}`", shown(&command)))
                    .location(Location { pid: Some(process.pid), ..Location::default() })
            })
        })
        .collect()
}
