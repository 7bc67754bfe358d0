//! The image says what it is built from, and not by digest.

use verdict::{Digest, Finding, Rule, Severity};

use crate::scene::{Scene, found};

pub(crate) const RULE: Rule = Rule {
    id: "base-not-pinned",
    title: "the image does not say by digest what it is built from",
    severity: Severity::Low,
    remedy: "write `FROM name:tag@sha256:…`, and let the build set the label org.opencontainers.image.base.digest",
};

const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let labels = &scene.config().config.labels;
    let annotations = &scene.image.manifest().annotations;
    let said = |key| labels.get(key).or_else(|| annotations.get(key));
    let Some(base) = said(NAME) else { return Vec::new() };
    let is_pinned = base.contains("@sha256:")
        || said(DIGEST).is_some_and(|digest| digest.parse::<Digest>().is_ok());
    let title = || format!("the image is built from {:?}, without a digest", super::short(base));
    let effect = scene.policy.image.base_not_pinned;
    let finding = (scene.is_made() && !is_pinned).then(|| found(&RULE, effect, title()));
    finding.flatten().into_iter().collect()
}
