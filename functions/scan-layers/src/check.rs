//! The check: what is in the image, and what is known of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use advisories::Index;
use event_bus::Check;
use inventory::{Base, BaseFault, Inventories, Inventory};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use oci_image::{ImageError, Images};
use policy::Policy;
use serde_json::{Value, json};
use verdict::{CheckName, Finding, Report, Request, common};

use crate::{findings, rules};

/// The check's name.
pub const NAME: CheckName = CheckName::new("scan-layers");

/// Looks for vulnerable packages.
pub struct ScanLayers {
    images: Arc<dyn Images>,
    inventories: Arc<Inventories>,
    index: Option<Arc<Index>>,
}

/// What was seen of an image.
struct Looked {
    inventory: Arc<Inventory>,
    base: Result<Option<Base>, BaseFault>,
}

impl ScanLayers {
    /// A check that opens images there and judges by this index; without one it says so.
    pub fn new(
        images: Arc<dyn Images>,
        inventories: Arc<Inventories>,
        index: Option<Arc<Index>>,
    ) -> Self {
        Self { images, inventories, index }
    }

    fn look(&self, request: &Request) -> Result<Looked, Arc<ImageError>> {
        let image = self.images.open(&request.subject, &request.limits).map_err(Arc::new)?;
        let inventory = self.inventories.of(&image)?;
        let base = Base::of(&image, &request.subject, &*self.images);
        Ok(Looked { inventory, base })
    }
}

impl Check for ScanLayers {
    fn name(&self) -> CheckName {
        NAME
    }

    fn check(&self, request: &Request) -> Report {
        let report = |findings| Report::new(request.validation.clone(), NAME, findings);
        let policy = match Policy::parse(&request.policy) {
            Ok(policy) => policy,
            Err(error) => {
                let finding = Finding::could_not(&common::POLICY_INVALID, &error);
                return report(vec![finding.remedy(error.remedy())]);
            }
        };
        let Looked { inventory, base } = match self.look(request) {
            Ok(looked) => looked,
            Err(error) => return report(vec![error.finding()]),
        };
        let doubt = base.as_ref().err().map(findings::doubtful_base);
        let base = base.ok().flatten();
        let mut findings = match &self.index {
            Some(index) => findings::of(&inventory, base.as_ref(), index, &policy),
            None => {
                let title = rules::ADVISORIES_MISSING.title;
                vec![Finding::undecided(&rules::ADVISORIES_MISSING, title)]
            }
        };
        findings.extend(doubt);
        let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
        policy.apply(&mut findings, &request.subject.image, today);
        let report = report(findings)
            .evidence("image", request.subject.image.to_string())
            .evidence("packages", inventory.packages.len())
            .evidence("ecosystems", counted(&inventory))
            .evidence("layers", inventory.counts.layers)
            .evidence("entries", inventory.counts.entries)
            .evidence("inflated_bytes", inventory.counts.inflated_bytes);
        let report = match &base {
            Some(base) => report.evidence("base", shares(base, &inventory)),
            None => report,
        };
        match &self.index {
            Some(index) => report.evidence("advisories", described(index)),
            None => report,
        }
    }
}

/// How many packages there are of each ecosystem.
fn counted(inventory: &Inventory) -> Value {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for package in &inventory.packages {
        *counts.entry(package.ecosystem.name()).or_default() += 1;
    }
    json!(counts)
}

/// The base image, and how many of the packages come from it.
fn shares(base: &Base, inventory: &Inventory) -> Value {
    let packages = inventory.packages.iter().filter(|it| base.has(&it.layer)).count();
    let mut shares = json!(base);
    shares["packages"] = packages.into();
    shares
}

fn described(index: &Index) -> Value {
    json!({
        "revision": index.revision(),
        "records": index.records(),
        "newest": index.newest(),
    })
}
