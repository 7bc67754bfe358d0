//! `shares-host-namespace`: the container is not apart from the host in some respect.

use snapshot::{NamespaceKind, Process};
use verdict::{Finding, Location, Rule, Severity};

use crate::scene::{Scene, named, who};

pub(crate) const SHARES_HOST_NAMESPACE: Rule = Rule {
    id: "shares-host-namespace",
    title: "a process is in a namespace of the host",
    severity: Severity::High,
    remedy: "start the container without hostNetwork, hostPID, hostIPC or their like, or list the namespace in policy.yml under `runtime:` as one of the function's `host-namespaces:`",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let is_listed = |kind: &NamespaceKind| {
        scene.allowance.host_namespaces.iter().any(|listed| listed == kind.as_str())
    };
    NamespaceKind::ALL
        .into_iter()
        .filter(|kind| !is_listed(kind))
        .filter_map(|kind| {
            let sharing: Vec<&Process> =
                scene.living().filter(|process| scene.shares(process, kind)).collect();
            let pid = sharing.first()?.pid;
            let title = format!("shares the host's {} namespace", kind.as_str());
            Some(
                Finding::new(&SHARES_HOST_NAMESPACE, title)
                    .detail(named(sharing.into_iter().map(who)))
                    .remedy(scene.allow("host-namespaces", kind.as_str()))
                    .location(Location { pid: Some(pid), ..Location::default() }),
            )
        })
        .collect()
}
