//! A question about an image built in code, and the check's answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use check_policy::CheckPolicy;
use event_bus::Check;
use oci_image::{Access, Images, Limits, Opener, Platform, Shelf};
use serde_json::json;
use testkit::image::ImageBuilder;
use verdict::{Effect, Finding, Report, Request};

/// What is said of the image beside its bytes.
pub(crate) struct Said<'a> {
    pub(crate) role: &'a str,
    pub(crate) place: &'a str,
    pub(crate) declared: &'a str,
    pub(crate) policy: &'a str,
    pub(crate) files: BTreeMap<String, String>,
}

pub(crate) fn said(policy: &str) -> Said<'_> {
    Said { role: "made", place: "local", declared: "fn", policy, files: BTreeMap::new() }
}

pub(crate) fn ask(image: ImageBuilder, said: Said<'_>) -> Report {
    let folder = tempfile::tempdir().unwrap();
    image.build().write_layout(folder.path(), "1", &[]);
    let declared = format!("oci:{}:1", folder.path().display());
    let opener = Opener::new(Access::default()).unwrap();
    let image = opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).unwrap();
    let request: Request = serde_json::from_value(json!({
        "validation": "0".repeat(32), "phase": "build",
        "subject": {
            "declared": said.declared, "image": image.pinned(), "platform": "linux/amd64",
            "role": said.role, "place": said.place,
        },
        "policy": {"body": said.policy, "files": said.files},
        "deadline": jiff::Timestamp::MAX,
        "function": {"name": "figlet", "labels": {"team": "a"}},
    }))
    .unwrap();
    let shelf = Shelf::default();
    shelf.put(Arc::new(image));
    let images: Arc<dyn Images> = Arc::new(shelf);
    CheckPolicy::new(images, Arc::default()).check(&request)
}

/// The findings of one rule.
pub(crate) fn of<'a>(report: &'a Report, rule: &str) -> Vec<&'a Finding> {
    report.findings.iter().filter(|finding| finding.rule == rule).collect()
}

/// The effect of the only finding of this rule, if there is one.
pub(crate) fn effect(report: &Report, rule: &str) -> Option<Effect> {
    let found = of(report, rule);
    assert!(found.len() < 2, "{found:?}");
    found.first().map(|finding| finding.effect)
}
