//! The image's user is a name.

use verdict::{Finding, Rule, Severity};

use super::runs_as_root::user_part;
use crate::scene::{Scene, found};

pub(crate) const RULE: Rule = Rule {
    id: "non-numeric-user",
    title: "the image's user is a name, not a number",
    severity: Severity::Low,
    remedy: "write the user's number, such as `USER 10001`: a cluster that asks for `runAsNonRoot` cannot tell a name from root",
};

pub(crate) fn judge(scene: &Scene<'_>) -> Vec<Finding> {
    let user = user_part(&scene.config().config.user);
    let is_name = !user.is_empty() && user != "root" && user.parse::<u32>().is_err();
    let title = || format!("the image's user is the name {:?}", super::short(user));
    let effect = scene.policy.image.non_numeric_user;
    let finding = (scene.is_made() && is_name).then(|| found(&RULE, effect, title()));
    finding.flatten().into_iter().collect()
}
