//! The image comes from where the policy does not trust.

use verdict::{Finding, Place, Rule, Severity};

use crate::scene::Scene;

pub(crate) const RULE: Rule = Rule {
    id: "untrusted-source",
    title: "the image comes from a source that the policy does not trust",
    severity: Severity::High,
    remedy: "take the image from a trusted repository, or add this one to `sources.trusted` in policy.yml",
};

/// An image that was made here and not pushed yet comes from no source.
pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let subject = &scene.request.subject;
    let repository = &subject.image.repository;
    let is_own = scene.is_made() && subject.place == Place::Local;
    if is_own || scene.policy.sources.trusts(repository) {
        return Vec::new();
    }
    vec![Finding::new(&RULE, format!("{repository} is not among the trusted sources"))]
}
