//! policy.yml's `runtime:` part: what a running function may do. Everything else is a finding of
//! check-runtime. What is allowed is listed; what is not listed is refused.

mod pattern;
mod socket_pattern;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use pattern::{CapabilityName, FunctionPattern, IdRange, PathPattern, PatternError};
pub use socket_pattern::{HostPattern, SocketPattern, SocketPatternError, Transport};

/// What running functions may do: the defaults, and what holds for single functions instead.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RuntimePolicy {
    /// What holds for every function. A key that is missing here has the built-in value.
    pub defaults: RuntimeRules,
    /// What holds instead for the functions whose name matches the glob. One entry applies: the
    /// function's own name before any glob, and of several globs the longest. A key given here
    /// replaces that of `defaults`, lists included.
    pub functions: BTreeMap<FunctionPattern, RuntimeRules>,
}

/// Rules for one function, or for all. A key that is left out is taken from the defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuntimeRules {
    /// Sockets that may wait for others: `tcp://*:8080`, `udp://127.0.0.1:53`,
    /// `unix:///run/app/*.sock`, `unix://@abstract`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listeners: Option<Vec<SocketPattern>>,
    /// Whom the function may connect to: `tcp://10.0.0.0/8:443`, `tcp://loopback:*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peers: Option<Vec<SocketPattern>>,
    /// Who may be connected to the function's listeners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<SocketPattern>>,
    /// Other kinds of sockets that may be open: `netlink`, `raw`, `packet`, `icmp`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sockets: Option<Vec<String>>,
    /// Files, folders and devices that may be open or mapped, by glob. `*` stays within a folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<PathPattern>>,
    /// Programs and libraries that may be executed, by glob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executables: Option<Vec<PathPattern>>,
    /// User ids that a process may have: `1000`, `10000-19999`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<IdRange>>,
    /// Capabilities that a process may hold (effective, permitted, inheritable or ambient).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<CapabilityName>>,
    /// Capabilities that a process may gain (its bounding set).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounding_capabilities: Option<Vec<CapabilityName>>,
    /// Mount points that may show a sensitive path of the host, by glob.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Vec<PathPattern>>,
    /// Namespaces that may be shared with the host: `net`, `pid`, `ipc`, `uts`, `mnt`, `user`,
    /// `cgroup`, `time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_namespaces: Option<Vec<String>>,
    /// Whether a seccomp filter must be in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<Demand>,
    /// Whether `no_new_privs` must be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_new_privs: Option<Demand>,
    /// Whether the root filesystem must be read-only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_only_root: Option<Demand>,
    /// What may stay unseen, by its reason in the snapshot: `vanished`, `unknown-socket`, … It is
    /// a warning then; everything else unseen leaves the check undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unobservable: Option<Vec<String>>,
    /// How old a snapshot may be, in seconds, before it says nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_age_s_max: Option<u32>,
}

/// How much a hardening is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// Without it the function is rejected.
    Required,
    /// Without it there is a warning.
    Advised,
    /// It is not looked at.
    Ignored,
}

/// What one function may do: its own entry over the defaults over the built-in values.
#[derive(Debug, Clone, PartialEq)]
pub struct RuntimeAllowance {
    /// See [`RuntimeRules::listeners`].
    pub listeners: Vec<SocketPattern>,
    /// See [`RuntimeRules::peers`].
    pub peers: Vec<SocketPattern>,
    /// See [`RuntimeRules::clients`].
    pub clients: Vec<SocketPattern>,
    /// See [`RuntimeRules::sockets`].
    pub sockets: Vec<String>,
    /// See [`RuntimeRules::files`].
    pub files: Vec<PathPattern>,
    /// See [`RuntimeRules::executables`].
    pub executables: Vec<PathPattern>,
    /// See [`RuntimeRules::users`].
    pub users: Vec<IdRange>,
    /// See [`RuntimeRules::capabilities`].
    pub capabilities: Vec<CapabilityName>,
    /// See [`RuntimeRules::bounding_capabilities`].
    pub bounding_capabilities: Vec<CapabilityName>,
    /// See [`RuntimeRules::mounts`].
    pub mounts: Vec<PathPattern>,
    /// See [`RuntimeRules::host_namespaces`].
    pub host_namespaces: Vec<String>,
    /// See [`RuntimeRules::seccomp`].
    pub seccomp: Demand,
    /// See [`RuntimeRules::no_new_privs`].
    pub no_new_privs: Demand,
    /// See [`RuntimeRules::read_only_root`].
    pub read_only_root: Demand,
    /// See [`RuntimeRules::unobservable`].
    pub unobservable: Vec<String>,
    /// See [`RuntimeRules::snapshot_age_s_max`].
    pub snapshot_age_s_max: u32,
}

impl RuntimePolicy {
    /// What this function may do. One without a name is judged by the defaults.
    pub fn for_function(&self, name: Option<&str>) -> RuntimeAllowance {
        let own = name.and_then(|name| self.entry_of(name));
        let mut allowance = RuntimeAllowance::built_in();
        for rules in std::iter::once(&self.defaults).chain(own) {
            allowance.replace_by(rules);
        }
        allowance
    }

    fn entry_of(&self, name: &str) -> Option<&RuntimeRules> {
        self.functions
            .iter()
            .filter(|(glob, _)| glob.is_match(name))
            .max_by_key(|(glob, _)| (glob.as_str() == name, glob.as_str().len()))
            .map(|(_, rules)| rules)
    }
}

impl RuntimeAllowance {
    fn replace_by(&mut self, rules: &RuntimeRules) {
        fn list<T: Clone>(mine: &mut Vec<T>, given: Option<&Vec<T>>) {
            if let Some(given) = given {
                mine.clone_from(given);
            }
        }
        list(&mut self.listeners, rules.listeners.as_ref());
        list(&mut self.peers, rules.peers.as_ref());
        list(&mut self.clients, rules.clients.as_ref());
        list(&mut self.sockets, rules.sockets.as_ref());
        list(&mut self.files, rules.files.as_ref());
        list(&mut self.executables, rules.executables.as_ref());
        list(&mut self.users, rules.users.as_ref());
        list(&mut self.capabilities, rules.capabilities.as_ref());
        list(&mut self.bounding_capabilities, rules.bounding_capabilities.as_ref());
        list(&mut self.mounts, rules.mounts.as_ref());
        list(&mut self.host_namespaces, rules.host_namespaces.as_ref());
        list(&mut self.unobservable, rules.unobservable.as_ref());
        self.seccomp = rules.seccomp.unwrap_or(self.seccomp);
        self.no_new_privs = rules.no_new_privs.unwrap_or(self.no_new_privs);
        self.read_only_root = rules.read_only_root.unwrap_or(self.read_only_root);
        self.snapshot_age_s_max = rules.snapshot_age_s_max.unwrap_or(self.snapshot_age_s_max);
    }

    /// What is allowed when the policy says nothing: what an unprivileged HTTP function needs.
    /// faasd starts containers without seccomp and a read-only root is opt-in in stack.yml, so
    /// those are advised, not required.
    pub fn built_in() -> Self {
        let sockets = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
        let paths = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
        let names = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
        let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            listeners: sockets(LISTENERS),
            peers: sockets(PEERS),
            clients: sockets(&["tcp://*:*"]),
            sockets: words(&["netlink"]),
            files: paths(FILES),
            executables: paths(EXECUTABLES),
            users: vec![IdRange::NOT_ROOT],
            capabilities: names(&["CAP_NET_BIND_SERVICE"]),
            bounding_capabilities: names(BOUNDING_CAPABILITIES),
            mounts: Vec::new(),
            host_namespaces: words(&["user", "cgroup", "time"]),
            unobservable: words(&["vanished"]),
            seccomp: Demand::Advised,
            no_new_privs: Demand::Advised,
            read_only_root: Demand::Advised,
            snapshot_age_s_max: 60,
        }
    }
}

/// The watchdog's HTTP port and its metrics.
const LISTENERS: &[&str] = &["tcp://*:8080", "tcp://*:8081"];
/// Itself, and DNS.
const PEERS: &[&str] = &["tcp://loopback:*", "udp://loopback:*", "udp://*:53", "tcp://*:53"];
/// Where programs and libraries lie in an image; not `/tmp`, `/dev/shm`, `/run` and the like.
/// `/*` is a program at the root of an image made from scratch.
const EXECUTABLES: &[&str] = &[
    "/*",
    "/app/**",
    "/bin/**",
    "/function/**",
    "/home/**",
    "/lib*/**",
    "/opt/**",
    "/sbin/**",
    "/srv/**",
    "/usr/**",
];
/// What functions open in practice. Nothing of `/etc` that holds a secret, nothing that writes
/// to the kernel.
const FILES: &[&str] = &[
    "/",
    "/*",
    "/app/**",
    "/bin/**",
    "/dev/{null,zero,full,random,urandom,tty}",
    "/dev/pts/*",
    "/dev/shm/**",
    "/etc/{group,host.conf,hosts,localtime,nsswitch.conf,os-release,passwd,resolv.conf}",
    "/etc/{ssl,pki,ca-certificates}/**",
    "/function/**",
    "/home/**",
    "/lib*/**",
    "/opt/**",
    "/proc/{cpuinfo,loadavg,meminfo,stat,uptime}",
    "/proc/[0-9]*/{cgroup,cmdline,limits,maps,mountinfo,stat,statm,status}",
    "/proc/sys/{kernel,net/core,vm}/*",
    "/run/secrets/**",
    "/sbin/**",
    "/srv/**",
    "/sys/devices/system/cpu/**",
    "/sys/fs/cgroup/**",
    "/sys/kernel/mm/transparent_hugepage/*",
    "/tmp/**",
    "/usr/**",
    "/var/openfaas/secrets/**",
    "/var/tmp/**",
];
/// What container engines leave in the bounding set when nothing is said.
const BOUNDING_CAPABILITIES: &[&str] = &[
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

#[cfg(test)]
mod tests;
