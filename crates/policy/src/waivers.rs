//! policy.yml's `waivers:` part: who has taken which finding upon themselves.
//!
//! A waiver covers what was found, not what was never looked at: findings that say that a check
//! could not be carried out are never waived, and an `undecided` one of another rule only by a
//! waiver that names the package or the advisory which could not be judged.

use jiff::civil::Date;
use verdict::{AppliedWaiver, Effect, Finding, PinnedImage, Waiver, common};

use crate::error::PolicyError;
use crate::image_glob::ImageGlob;
use crate::policy::Policy;

/// How many findings an expired waiver names.
const NAMED_MAX: usize = 5;
/// Rules of single checks that say that nothing was looked at.
const BLIND: [&str; 1] = ["rego-failed"];

impl Policy {
    /// Marks the findings that waivers cover; their effect becomes `note`. For each waiver that
    /// would have covered a finding, were it not expired, a `waiver-expired` finding says so.
    pub fn apply(&self, findings: &mut Vec<Finding>, image: &PinnedImage, today: Date) {
        let of_image: Vec<&Waiver> = self.waivers.iter().filter(|it| is_for(it, image)).collect();
        let (valid, expired): (Vec<_>, Vec<_>) =
            of_image.into_iter().partition(|it| today <= it.expires);
        for finding in findings.iter_mut().filter(|it| it.effect > Effect::Note) {
            if let Some(waiver) = valid.iter().find(|it| covers(it, finding)) {
                finding.effect = Effect::Note;
                finding.waiver = Some(AppliedWaiver::from(*waiver));
            }
        }
        let lost: Vec<_> = expired.iter().filter_map(|it| expiry(it, findings)).collect();
        findings.extend(lost);
    }
}

fn is_for(waiver: &Waiver, image: &PinnedImage) -> bool {
    waiver.image.as_deref().is_none_or(|glob| {
        glob.parse::<ImageGlob>().is_ok_and(|glob| glob.is_match(&image.repository))
    })
}

fn covers(waiver: &Waiver, finding: &Finding) -> bool {
    let rule = waiver.rule.as_ref().is_none_or(|rule| *rule == finding.rule);
    let advisory = waiver.advisory.as_ref().is_none_or(|id| {
        finding.advisory.as_ref().is_some_and(|it| it.id == *id || it.aliases.contains(id))
    });
    let package = waiver
        .package
        .as_ref()
        .is_none_or(|name| finding.package.as_ref().is_some_and(|it| it.name == *name));
    let is_exact = waiver.advisory.is_some() || waiver.package.is_some();
    let is_seen = finding.effect != Effect::Undecided || is_exact;
    let is_anything = waiver.rule.is_some() || waiver.advisory.is_some();
    is_anything && rule && advisory && package && is_seen && is_waivable(&finding.rule)
}

fn is_waivable(rule: &str) -> bool {
    !common::RULES.iter().any(|it| it.id == rule) && !BLIND.contains(&rule)
}

/// What an expired waiver no longer waives.
fn expiry(waiver: &Waiver, findings: &[Finding]) -> Option<Finding> {
    let mut titles: Vec<&str> = findings
        .iter()
        .filter(|it| it.effect > Effect::Note && covers(waiver, it))
        .map(|it| it.title.as_str())
        .collect();
    titles.sort_unstable();
    let more = titles.len().saturating_sub(NAMED_MAX);
    let subject = waiver.rule.as_deref().or(waiver.advisory.as_deref())?;
    titles.first()?;
    titles.truncate(NAMED_MAX);
    let mut named = titles.join("; ");
    if more > 0 {
        named.push_str(&format!("; and {more} more"));
    }
    let title = format!("the waiver of {subject} expired on {}", waiver.expires);
    let detail = format!("no longer waived: {named}. Its owner is {}.", waiver.owner);
    Some(Finding::new(&common::WAIVER_EXPIRED, title).effect(Effect::Warn).detail(detail))
}

/// What is wrong with the waivers of a policy.
pub(crate) fn judge(waivers: &[Waiver], faults: &mut Vec<PolicyError>) {
    for (waiver, number) in waivers.iter().zip(1..) {
        if waiver.rule.is_none() && waiver.advisory.is_none() {
            faults.push(PolicyError::WaiverOfEverything { number });
        }
        for (field, text) in [("reason", &waiver.reason), ("owner", &waiver.owner)] {
            if text.trim().is_empty() {
                faults.push(PolicyError::WaiverBlank { number, field });
            }
        }
        if let Some(rule) = waiver.rule.clone().filter(|rule| !is_waivable(rule)) {
            faults.push(PolicyError::NotWaivable { number, rule });
        }
        if let Some(Err(source)) = waiver.image.as_deref().map(str::parse::<ImageGlob>) {
            faults.push(PolicyError::WaiverImage { number, source });
        }
    }
}
