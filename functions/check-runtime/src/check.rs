//! From a question to a report.

use std::collections::BTreeMap;

use event_bus::Check;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use policy::{Policy, RuntimeAllowance};
use snapshot::Snapshot;
use verdict::{CheckName, Finding, Report, Request, Rule, Severity, common};

use crate::rules::JUDGES;
use crate::scene::Scene;

/// This check's name.
pub const NAME: CheckName = CheckName::new("check-runtime");

/// How many findings of one rule are reported; the rest are counted.
const FINDINGS_MAX: usize = 50;
/// How far ahead of ours the clock of whoever took the snapshot may be.
const CLOCK_SKEW_MAX: SignedDuration = SignedDuration::from_secs(60);

pub(crate) const SNAPSHOT_MISSING: Rule = Rule {
    id: "snapshot-missing",
    title: "there is no snapshot of the running container, or no process in it",
    severity: Severity::High,
    remedy: "see that the agent runs on the function's node, or send what `faas-validator runtime scan` prints as `snapshot`",
};

pub(crate) const SNAPSHOT_STALE: Rule = Rule {
    id: "snapshot-stale",
    title: "the snapshot is too old to say what runs now",
    severity: Severity::High,
    remedy: "take a new snapshot; check the clocks of the node and of this function, or raise `snapshot-age-s-max` in policy.yml under `runtime:`",
};

pub(crate) const SNAPSHOT_MALFORMED: Rule = Rule {
    id: "snapshot-malformed",
    title: "the snapshot is not one that this version can read",
    severity: Severity::High,
    remedy: "run the agent and this function in the same version",
};

/// Judges what was seen in a running container by the policy's `runtime:` part.
#[derive(Debug, Clone, Copy)]
pub struct CheckRuntime {
    now: fn() -> Timestamp,
}

impl CheckRuntime {
    /// With a clock, by which a snapshot is too old and a waiver has run out.
    pub const fn with_clock(now: fn() -> Timestamp) -> Self {
        Self { now }
    }
}

impl Default for CheckRuntime {
    fn default() -> Self {
        Self::with_clock(Timestamp::now)
    }
}

impl Check for CheckRuntime {
    fn name(&self) -> CheckName {
        NAME
    }

    fn check(&self, request: &Request) -> Report {
        let began = std::time::Instant::now();
        let now = (self.now)();
        let report = |findings| Report::new(request.validation.clone(), NAME, findings);
        let policy = match Policy::parse(&request.policy) {
            Ok(policy) => policy,
            Err(error) => {
                let finding = Finding::undecided(&common::POLICY_INVALID, error.to_string());
                return report(vec![finding.remedy(error.remedy())]);
            }
        };
        let function = request.subject.function.as_deref();
        let allowance = policy.runtime.for_function(function);
        let (mut findings, snapshot) = match read(request.snapshot.as_ref(), &allowance, now) {
            Ok(snapshot) => (judge(&snapshot, &allowance, function), Some(snapshot)),
            Err(finding) => (vec![*finding], None),
        };
        policy.apply(&mut findings, &request.subject.image, TimeZone::UTC.to_datetime(now).date());
        let mut report = report(bounded(findings));
        if let Some(snapshot) = snapshot {
            report = report
                .evidence("taken_at", snapshot.taken_at.to_string())
                .evidence("processes", snapshot.processes.len())
                .evidence("descriptors", descriptors(&snapshot))
                .evidence("sockets", snapshot.sockets.len())
                .evidence("unobservable", snapshot.unobservable.len());
        }
        report.took_ms = began.elapsed().as_millis().try_into().unwrap_or(u64::MAX);
        report
    }
}

/// What a snapshot comes to: every rule's findings, waivers not yet applied.
pub fn judge(
    snapshot: &Snapshot,
    allowance: &RuntimeAllowance,
    function: Option<&str>,
) -> Vec<Finding> {
    let scene = Scene { snapshot, allowance, function };
    JUDGES.iter().flat_map(|judge| judge(&scene)).collect()
}

fn read(
    json: Option<&serde_json::Value>,
    allowance: &RuntimeAllowance,
    now: Timestamp,
) -> Result<Snapshot, Box<Finding>> {
    let undecided = |rule, detail: String| {
        let rule: &Rule = rule;
        Box::new(Finding::undecided(rule, rule.title).detail(detail))
    };
    let json = json.ok_or_else(|| undecided(&SNAPSHOT_MISSING, String::new()))?;
    let snapshot = <Snapshot as serde::Deserialize>::deserialize(json)
        .map_err(|error| undecided(&SNAPSHOT_MALFORMED, error.to_string()))?;
    if snapshot.version != Snapshot::VERSION {
        let detail = format!("its version is {}, not {}", snapshot.version, Snapshot::VERSION);
        return Err(undecided(&SNAPSHOT_MALFORMED, detail));
    }
    let age = now.duration_since(snapshot.taken_at);
    let age_max = SignedDuration::from_secs(allowance.snapshot_age_s_max.into());
    if age > age_max || age < -CLOCK_SKEW_MAX {
        let detail = format!("it was taken at {}, and now it is {now}", snapshot.taken_at);
        return Err(undecided(&SNAPSHOT_STALE, detail));
    }
    if snapshot.processes.is_empty() {
        return Err(undecided(&SNAPSHOT_MISSING, "it has no process".to_owned()));
    }
    Ok(sorted(snapshot))
}

/// Sockets are looked up by their order, which a stranger's snapshot need not keep.
fn sorted(mut snapshot: Snapshot) -> Snapshot {
    snapshot.sockets.sort_by_key(|socket| socket.inode);
    snapshot
}

/// The first findings of each rule with each effect, and how many more there are.
fn bounded(findings: Vec<Finding>) -> Vec<Finding> {
    let mut groups: BTreeMap<_, Vec<Finding>> = BTreeMap::new();
    for finding in findings {
        groups.entry((finding.rule.clone(), finding.effect)).or_default().push(finding);
    }
    for group in groups.values_mut() {
        let more = group.len().saturating_sub(FINDINGS_MAX);
        group.truncate(FINDINGS_MAX);
        if let Some(last) = group.last_mut().filter(|_| more > 0) {
            last.title = format!("{}, and {more} more like it", last.title);
        }
    }
    groups.into_values().flatten().collect()
}

fn descriptors(snapshot: &Snapshot) -> usize {
    snapshot.processes.iter().map(|process| process.descriptors.len()).sum()
}
