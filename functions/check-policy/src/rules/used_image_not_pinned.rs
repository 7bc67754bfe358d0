//! A build uses an image by a tag, which may be another image tomorrow.

use policy::Demand;
use verdict::{Effect, Finding, Role, Rule, Severity};

use crate::scene::Scene;

pub(crate) const RULE: Rule = Rule {
    id: "used-image-not-pinned",
    title: "the build uses an image that is not named by digest",
    severity: Severity::Medium,
    remedy: "write the image with its digest, `name:tag@sha256:…`",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let subject = &scene.request.subject;
    let effect = match scene.policy.sources.pinned {
        Demand::Required => Effect::Reject,
        Demand::Advised => Effect::Warn,
        Demand::Ignored => return Vec::new(),
    };
    if subject.role != Role::Used || subject.declared.contains("@sha256:") {
        return Vec::new();
    }
    let declared = super::short(&subject.declared);
    let title = format!("the build uses {declared:?}, which names no digest");
    let remedy = format!("write {declared}@{}", subject.image.digest);
    vec![Finding::new(&RULE, title).effect(effect).remedy(remedy)]
}
