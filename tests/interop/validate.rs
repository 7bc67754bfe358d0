//! `faas-cli validate`, through the plugin that our program installs.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::faas_cli::FaasCli;
use super::program;
use super::subjects::Subjects;
use super::surroundings::{Surroundings, run};

/// The stack's functions are judged by the plugin itself: the exit code says what came of it, and
/// faas-cli passes it on.
pub(crate) fn in_its_own_process(faas_cli: &FaasCli, subjects: &Subjects) {
    let project = Project::of(subjects, &subjects.policy);
    install(faas_cli);
    project.judges(faas_cli, "good", 0, "accepted", &[]);
    project.judges(faas_cli, "bad", 1, "rejected", &[]);
}

/// The same stack, judged by the functions behind the gateway.
pub(crate) fn on_the_cluster(faas_cli: &FaasCli, subjects: &Subjects, at: &Surroundings) {
    let project = Project::of(subjects, "{}\n");
    install(faas_cli);
    let gateway = ["--gateway", &at.openfaas_url];
    project.judges(faas_cli, "good", 0, "accepted", &gateway);
    project.judges(faas_cli, "bad", 1, "rejected", &gateway);
}

/// A stranger's project: a stack file and what it names.
struct Project(TempDir);

impl Project {
    fn of(subjects: &Subjects, policy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let function = |name: &str, image: &str| {
            format!("  {name}:\n    lang: dockerfile\n    handler: ./handler\n    image: {image}\n")
        };
        let stack = format!(
            "version: 1.0\nprovider: {{name: openfaas}}\nfunctions:\n{}{}",
            function("good", &subjects.good),
            function("bad", &subjects.bad)
        );
        write("stack.yml", &stack);
        write("policy.yml", policy);
        std::fs::create_dir_all(folder.path().join("handler")).unwrap();
        write("handler/Dockerfile", "FROM scratch\nCOPY main /main\n");
        write("handler/main", "");
        Self(folder)
    }

    fn judges(&self, faas_cli: &FaasCli, name: &str, code: i32, outcome: &str, more: &[&str]) {
        let mut arguments =
            vec!["validate", "-f", "stack.yml", "--filter", name, "--output", "json"];
        let advisories = program::advisories(self.0.path());
        if more.is_empty() {
            let advisories = advisories.to_str().unwrap();
            arguments.extend(["--policy", "policy.yml", "--advisories", advisories]);
        }
        arguments.extend(more);
        let output = faas_cli.output(self.0.path(), &arguments);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", told(&output));
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{name}: {error}: {}", told(&output)));
        assert!(answer.to_string().contains(&format!("\"outcome\":\"{outcome}\"")), "{answer:#}");
    }
}

fn install(faas_cli: &FaasCli) {
    run(Command::new(program::built()).arg("install-plugin").env("HOME", faas_cli.home()));
}

fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}
