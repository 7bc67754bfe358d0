//! What the rules look at.

use inventory::FileFacts;
use oci_image::{Config, Image};
use policy::{Policy, RuleEffect};
use verdict::{Finding, Location, Request, Role, Rule};

/// What the rules look at: an image whose configuration was read, and what is asked of it.
pub(crate) struct Scene<'a> {
    pub(crate) request: &'a Request,
    pub(crate) policy: &'a Policy,
    pub(crate) image: &'a Image,
}

impl Scene<'_> {
    /// The image's configuration.
    pub(crate) fn config(&self) -> &Config {
        self.image.config()
    }

    /// Whether the image is the one that runs, not one that a build only takes something from.
    pub(crate) fn is_made(&self) -> bool {
        self.request.subject.role == Role::Made
    }
}

/// A finding of this rule with the effect that the policy gives it; none if the rule is off.
pub(crate) fn found(rule: &Rule, effect: RuleEffect, title: String) -> Option<Finding> {
    Some(Finding::new(rule, title).effect(effect.effect()?))
}

/// A file in the image.
pub(crate) fn at_file(file: &FileFacts) -> Location {
    Location {
        layer: Some(file.layer.index),
        layer_digest: Some(file.layer.digest),
        path: Some(file.path.clone()),
        ..Location::default()
    }
}
