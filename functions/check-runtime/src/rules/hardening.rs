//! `no-seccomp`, `new-privileges`, `writable-root`: hardenings that the policy asks for, as
//! `required` or `advised`.

use policy::Demand;
use snapshot::{Process, SeccompMode};
use verdict::{Effect, Finding, Location, Rule, Severity};

use crate::scene::{Scene, named, who};

pub(crate) const NO_SECCOMP: Rule = Rule {
    id: "no-seccomp",
    title: "system calls are not filtered",
    severity: Severity::Medium,
    remedy: "start the container with the runtime's default seccomp profile (Kubernetes: `seccompProfile: {type: RuntimeDefault}`)",
};

pub(crate) const NEW_PRIVILEGES: Rule = Rule {
    id: "new-privileges",
    title: "a setuid program can give a process new privileges",
    severity: Severity::Medium,
    remedy: "start the container with no_new_privs (Kubernetes: `allowPrivilegeEscalation: false`)",
};

pub(crate) const WRITABLE_ROOT: Rule = Rule {
    id: "writable-root",
    title: "the root filesystem can be written to",
    severity: Severity::Medium,
    remedy: "set `readonly_root_filesystem: true` for the function in stack.yml, and write to /tmp",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let allowance = scene.allowance;
    let mut findings = Vec::new();
    let mut ask = |demand, rule, key, wanting: Wanting| {
        findings.extend(wanting.finding(scene, demand, rule, key));
    };
    let seccomp = |process: &Process| process.seccomp.map(|mode| mode != SeccompMode::Disabled);
    ask(allowance.seccomp, &NO_SECCOMP, "seccomp", Wanting::of(scene, seccomp));
    let no_new_privs = |process: &Process| process.no_new_privs;
    ask(allowance.no_new_privs, &NEW_PRIVILEGES, "no-new-privs", Wanting::of(scene, no_new_privs));
    ask(allowance.read_only_root, &WRITABLE_ROOT, "read-only-root", roots(scene));
    findings
}

/// Who lacks a hardening, and of whom it is not known.
#[derive(Default)]
struct Wanting {
    lacking: Vec<(u32, String)>,
    unknown: Vec<(u32, String)>,
}

impl Wanting {
    fn of(scene: &Scene<'_>, has: impl Fn(&Process) -> Option<bool>) -> Self {
        let mut wanting = Self::default();
        for process in scene.living() {
            wanting.add(process.pid, who(process), has(process));
        }
        wanting
    }

    fn add(&mut self, pid: u32, text: String, has: Option<bool>) {
        match has {
            Some(true) => {}
            Some(false) => self.lacking.push((pid, text)),
            None => self.unknown.push((pid, text)),
        }
    }

    fn finding(self, scene: &Scene<'_>, demand: Demand, rule: &Rule, key: &str) -> Option<Finding> {
        let (who, effect) = match (demand, self.lacking.is_empty(), self.unknown.is_empty()) {
            (Demand::Ignored, ..) | (_, true, true) => return None,
            (Demand::Required, false, _) => (self.lacking, Effect::Reject),
            (Demand::Advised, false, _) => (self.lacking, Effect::Warn),
            (Demand::Required, true, false) => (self.unknown, Effect::Undecided),
            (Demand::Advised, true, false) => (self.unknown, Effect::Warn),
        };
        let pid = who.first().map(|(pid, _)| *pid);
        Some(
            Finding::new(rule, rule.title)
                .effect(effect)
                .detail(named(who.into_iter().map(|(_, text)| text)))
                .remedy(format!("{}; {}", rule.remedy, scene.relax(key)))
                .location(Location { pid, ..Location::default() }),
        )
    }
}

fn roots(scene: &Scene<'_>) -> Wanting {
    let mut wanting = Wanting::default();
    for namespace in &scene.snapshot.mount_namespaces {
        let root = namespace.root();
        let fs_type = root.map_or("unknown", |root| root.fs_type.as_str());
        let text = format!("the {fs_type} that pid {} sees at /", namespace.pid);
        wanting.add(namespace.pid, text, root.map(|root| root.read_only));
    }
    wanting
}
