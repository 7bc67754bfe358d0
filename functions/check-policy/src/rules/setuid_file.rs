//! A file runs with its owner's or group's rights, whoever starts it.

use inventory::FileFacts;
use verdict::{Finding, Rule, Severity};

use crate::scene::{Scene, at_file, found};

pub(crate) const RULE: Rule = Rule {
    id: "setuid-file",
    title: "a file runs with its owner's or group's rights",
    severity: Severity::Medium,
    remedy: "take the bits away in the Dockerfile (`RUN chmod a-s FILE`), or name the file in `image.setuid-allowed` in policy.yml",
};

pub(crate) fn judge(scene: &Scene<'_>, files: &[FileFacts]) -> Vec<Finding> {
    let rules = &scene.policy.image;
    let is_allowed = |file: &FileFacts| {
        let path = format!("/{}", file.path);
        rules.setuid_allowed.iter().any(|glob| glob.is_match(&path))
    };
    let judge_one = |file: &FileFacts| {
        let (bit, owner) = match file.mode & 0o4000 {
            0 => ("set-group-ID", format!("group {}", file.gid)),
            _ => ("set-user-ID", format!("user {}", file.uid)),
        };
        let path = super::short(&file.path);
        let title = format!("/{path} is {bit}: it runs with the rights of {owner}");
        let finding = found(&RULE, rules.setuid_file, title)?;
        Some(finding.location(at_file(file)))
    };
    let files = files.iter().filter(|it| it.is_setuid_or_setgid() && !is_allowed(it));
    let findings = files.filter_map(judge_one);
    if scene.is_made() { findings.collect() } else { Vec::new() }
}
