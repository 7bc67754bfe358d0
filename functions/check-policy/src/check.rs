//! From a question to a report.

use std::collections::BTreeMap;
use std::sync::Arc;

use event_bus::Check;
use inventory::{Inventories, Inventory};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use oci_image::{Image, Images};
use policy::Policy;
use serde_json::{Value, json};
use verdict::{CheckName, Finding, Report, Request, common};

use crate::input;
use crate::rules::{self, user_rules};
use crate::scene::Scene;

/// This check's name.
pub const NAME: CheckName = CheckName::new("check-policy");

/// How many findings of one rule are reported; the rest are counted.
const FINDINGS_MAX: usize = 50;

/// Judges images by the policy's `image:` and `sources:` parts and by the user's own rules.
pub struct CheckPolicy {
    images: Arc<dyn Images>,
    inventories: Arc<Inventories>,
}

/// What was found, and what was looked at.
#[derive(Default)]
struct Looked {
    findings: Vec<Finding>,
    evidence: Vec<(&'static str, Value)>,
}

impl CheckPolicy {
    /// A check that opens images there, and shares what is known of their files.
    pub fn new(images: Arc<dyn Images>, inventories: Arc<Inventories>) -> Self {
        Self { images, inventories }
    }

    fn look(&self, request: &Request, policy: &Policy) -> Looked {
        let mut looked = Looked::default();
        match self.images.open(&request.subject, &request.limits) {
            Ok(image) => self.look_at(&image, request, policy, &mut looked),
            Err(error) => looked.findings.push(error.finding()),
        }
        looked
    }

    fn look_at(&self, image: &Arc<Image>, request: &Request, policy: &Policy, looked: &mut Looked) {
        let scene = Scene { request, policy, image };
        let config = &scene.config().config;
        looked.evidence.push(("user", config.user.chars().take(200).collect::<String>().into()));
        looked.evidence.push(("environment_variables", config.env.len().into()));
        looked.findings.extend(rules::CONFIGURATION.iter().flat_map(|judge| judge(&scene)));
        if !scene.is_made() && policy.rego.paths.is_empty() {
            return;
        }
        match self.inventories.of(image) {
            Ok(inventory) => {
                looked.evidence.push(("entries", inventory.counts.entries.into()));
                let judges = rules::FILES.iter();
                looked.findings.extend(judges.flat_map(|judge| judge(&scene, &inventory.files)));
                looked.ask_user_rules(&scene, &inventory);
            }
            Err(error) => looked.findings.push(error.finding()),
        }
    }
}

impl Looked {
    fn ask_user_rules(&mut self, scene: &Scene<'_>, inventory: &Inventory) {
        let input = match input::of(scene, inventory) {
            Ok(input) => input,
            Err(error) => {
                self.findings.push(Finding::could_not(&user_rules::FAILED, &error));
                return;
            }
        };
        let rego = &scene.policy.rego;
        let Some(answers) = user_rules::ask(rego, &input, scene.request.deadline) else { return };
        self.findings.extend(user_rules::judge(&answers, inventory));
        if let Ok(answers) = &answers {
            let asked = json!({"rules": answers.rules, "excepted": answers.excepted});
            self.evidence.push(("rego", asked));
        }
    }
}

impl Check for CheckPolicy {
    fn name(&self) -> CheckName {
        NAME
    }

    fn check(&self, request: &Request) -> Report {
        let looked = match Policy::parse(&request.policy) {
            Ok(policy) => {
                let mut looked = self.look(request, &policy);
                let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
                policy.apply(&mut looked.findings, &request.subject.image, today);
                looked
            }
            Err(error) => {
                let finding = Finding::could_not(&common::POLICY_INVALID, &error);
                Looked { findings: vec![finding.remedy(error.remedy())], evidence: vec![] }
            }
        };
        let report = Report::new(request.validation.clone(), NAME, bounded(looked.findings))
            .evidence("image", request.subject.image.to_string());
        looked
            .evidence
            .into_iter()
            .fold(report, |report, (name, value)| report.evidence(name, value))
    }
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
