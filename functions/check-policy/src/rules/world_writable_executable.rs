//! Everybody may change a program.

use inventory::FileFacts;
use verdict::{Finding, Rule, Severity};

use crate::scene::{Scene, at_file, found};

pub(crate) const RULE: Rule = Rule {
    id: "world-writable-executable",
    title: "everybody may change a program",
    severity: Severity::High,
    remedy: "take the right away in the Dockerfile (`RUN chmod o-w FILE`, or `COPY --chmod=0755`)",
};

pub(crate) fn judge(scene: &Scene<'_>, files: &[FileFacts]) -> Vec<Finding> {
    let judge_one = |file: &FileFacts| {
        let path = super::short(&file.path);
        let title = format!("everybody may change the program /{path} (mode {:04o})", file.mode);
        let finding = found(&RULE, scene.policy.image.world_writable_executable, title)?;
        Some(finding.location(at_file(file)))
    };
    let files = files.iter().filter(|it| it.is_world_writable_executable());
    let findings = files.filter_map(judge_one);
    if scene.is_made() { findings.collect() } else { Vec::new() }
}
