//! `sensitive-mount`: the container sees a part of the host that lets it out.

use std::sync::LazyLock;

use policy::PathPattern;
use snapshot::{Mount, MountNamespace, NamespaceKind};
use verdict::{Finding, Location, Rule, Severity};

use super::files::without_slash;
use crate::scene::{Scene, covers, literal, shown};

pub(crate) const SENSITIVE_MOUNT: Rule = Rule {
    id: "sensitive-mount",
    title: "the container sees a sensitive path of the host",
    severity: Severity::Critical,
    remedy: "take the mount away: through a container runtime's socket or the host's folders the host can be taken over; or list the mount point in policy.yml under `runtime:` as one of the function's `mounts:`",
};

/// Sockets through which whoever reaches them is root on the host.
const RUNTIME_SOCKETS: [&str; 9] = [
    "buildkitd.sock",
    "containerd.sock",
    "containerd.sock.ttrpc",
    "cri-dockerd.sock",
    "crio.sock",
    "docker.sock",
    "dockershim.sock",
    "kubelet.sock",
    "podman.sock",
];

/// Paths of the host that hold its programs, its configuration, its secrets or its kernel.
const SENSITIVE: [&str; 12] = [
    "/",
    "/{bin,boot,dev,etc,home,lib,lib32,lib64,proc,root,run,sbin,sys,usr}",
    "/{bin,boot,dev,etc,home,lib,lib32,lib64,proc,root,run,sbin,sys,usr}/**",
    "/var",
    "/var/lib",
    "/var/run",
    "/var/run/**",
    "/var/log",
    "/var/log/**",
    "/var/spool/**",
    "/var/lib/{containerd,containers,docker,etcd,kubelet,rancher}",
    "/var/lib/{containerd,containers,docker,etcd,kubelet,rancher}/**",
];

/// What container engines themselves lay below those paths for one container: its volumes,
/// secrets, shared memory, host names and resolver, and single harmless devices.
const ENGINES_OWN: [&str; 11] = [
    "/dev/{console,full,null,ptmx,random,tty,urandom,zero}",
    "/run/containerd/io.containerd.grpc.v1.cri/sandboxes/*/**",
    "/run/containerd/io.containerd.runtime.v*.task/*/*/**",
    "/run/containers/storage/*-containers/*/userdata/**",
    "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/*/**",
    "/var/lib/containers/storage/{volumes,*-containers}/**",
    "/var/lib/docker/containers/*/**",
    "/var/lib/docker/volumes/*/_data{,/**}",
    "/var/lib/kubelet/pods/*/containers/**",
    "/var/lib/kubelet/pods/*/etc-hosts",
    "/var/lib/kubelet/pods/*/{volumes,volume-subpaths}/**",
];

static SENSITIVE_PATTERNS: LazyLock<Vec<PathPattern>> = LazyLock::new(|| parsed(&SENSITIVE));
static ENGINES_PATTERNS: LazyLock<Vec<PathPattern>> = LazyLock::new(|| parsed(&ENGINES_OWN));

fn parsed(texts: &[&str]) -> Vec<PathPattern> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let host = scene.snapshot.host_namespaces.get(&NamespaceKind::Mnt);
    let namespaces = scene.snapshot.mount_namespaces.iter();
    namespaces
        // In the host's own namespace everything is the host's: `shares-host-namespace` says so.
        .filter(|namespace| host != Some(&namespace.inode))
        .flat_map(|namespace| namespace.mounts.iter().map(move |mount| (namespace, mount)))
        .filter(|(_, mount)| !covers(&scene.allowance.mounts, &mount.mount_point))
        .filter_map(|(namespace, mount)| finding(scene, namespace, mount))
        .collect()
}

fn finding(scene: &Scene<'_>, namespace: &MountNamespace, mount: &Mount) -> Option<Finding> {
    let what = fault(mount)?;
    let access = if mount.read_only { "read-only" } else { "writable" };
    let title = format!("{what} is mounted at {} ({access})", shown(&mount.mount_point));
    let detail = format!("a {} of {}", shown(&mount.fs_type), shown(&mount.source));
    let path = Some(without_slash(&mount.mount_point));
    Some(
        Finding::new(&SENSITIVE_MOUNT, title)
            .detail(detail)
            .remedy(scene.allow("mounts", &literal(&mount.mount_point)))
            .location(Location { pid: Some(namespace.pid), path, ..Location::default() }),
    )
}

/// What of the host a mount shows, if that is sensitive.
fn fault(mount: &Mount) -> Option<String> {
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let bases = [Some(mount.root.as_str()), mount.host_path.as_deref()];
    let socket = bases.into_iter().flatten().map(base);
    if let Some(socket) = socket.into_iter().find(|base| RUNTIME_SOCKETS.contains(&base.as_str())) {
        return Some(format!("the runtime's socket {socket}"));
    }
    let path = mount.host_path.as_deref()?;
    let is_sensitive = covers(&SENSITIVE_PATTERNS, path) && !covers(&ENGINES_PATTERNS, path);
    (is_sensitive && !is_shared_by_design(mount)).then(|| format!("the host's {}", shown(path)))
}

/// Filesystems that a container has as its own view although host and container share the device:
/// its terminals and message queues, cgroups that it can only read, its root, and what comes with
/// a shared pid or network namespace, of which another rule speaks.
fn is_shared_by_design(mount: &Mount) -> bool {
    match mount.fs_type.as_str() {
        "mqueue" | "devpts" => true,
        "cgroup" | "cgroup2" => mount.read_only,
        "proc" => mount.mount_point == "/proc" || mount.mount_point.starts_with("/proc/"),
        "sysfs" => mount.read_only && mount.mount_point.starts_with("/sys"),
        // The container's own layers: engines mount them where the host sees them too.
        "overlay" | "fuse.fuse-overlayfs" => mount.mount_point == "/" && mount.root == "/",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_a_pattern() {
        assert_eq!(SENSITIVE_PATTERNS.len(), SENSITIVE.len());
        assert_eq!(ENGINES_PATTERNS.len(), ENGINES_OWN.len());
    }
}
