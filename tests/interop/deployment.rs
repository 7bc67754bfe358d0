//! Our stack on the OpenFaaS under test, deployed with faas-cli as a person deploys it, and taken
//! away again.

use std::collections::BTreeMap;
use std::path::Path;

use testkit::build_folder;

use super::faas_cli::FaasCli;
use super::gateway::Gateway;
use super::stack::Stack;
use super::surroundings::{Surroundings, run};

/// The secret that the policy of these tests travels in.
const POLICY: &str = "interop-policy";
/// The function whose operator allows nothing.
const CLOSED: &str = "interop-closed";
/// Where functions find it.
const POLICY_FILE: &str = "/var/openfaas/secrets/interop-policy";

/// The deployed stack. Functions and secrets go when it is dropped.
pub(crate) struct Deployment<'o> {
    pub(crate) faas_cli: FaasCli,
    pub(crate) gateway: &'o Gateway,
    pub(crate) stack: &'o Stack,
    secrets: Vec<String>,
}

impl<'o> Deployment<'o> {
    /// Creates the secrets and deploys, with the policy that functions judge bare questions by.
    pub(crate) fn of(
        stack: &'o Stack,
        gateway: &'o Gateway,
        surroundings: &Surroundings,
        policy: &str,
    ) -> Self {
        let faas_cli = FaasCli::logged_in(surroundings);
        let mut deployment = Self { faas_cli, gateway, stack, secrets: Vec::new() };
        let mut names: Vec<&str> =
            stack.functions.values().flat_map(|it| &it.secrets).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let value = match name {
                "validation-key" => "a key of these tests, thirty-two bytes or more of it",
                "registry-auth" => r#"{"auths":{}}"#,
                other => panic!("stack.yml has a secret {other:?} that these tests do not know"),
            };
            deployment.secret(name, value);
        }
        deployment.secret(POLICY, policy);
        deployment.deploy(surroundings);
        deployment
    }

    /// faas-cli sees what it deployed.
    pub(crate) fn is_listed_and_described(&self) {
        let folder = build_folder::workspace();
        let gateway = self.gateway.url();
        let listed = self.faas_cli.run(&folder, &["list", "--gateway", gateway]);
        for (name, function) in &self.stack.functions {
            assert!(listed.lines().any(|line| line.starts_with(name)), "{listed}");
            let described = self.faas_cli.run(&folder, &["describe", name, "--gateway", gateway]);
            assert!(described.contains("Ready"), "{described}");
            assert!(described.contains(&function.image_name()), "{described}");
        }
    }

    fn secret(&mut self, name: &str, value: &str) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), value).unwrap();
        let path = file.path().to_str().unwrap();
        // One that an earlier run left behind; faas-cli ends well even when there is none.
        let folder = build_folder::workspace();
        self.faas_cli.output(&folder, &["secret", "remove", name]);
        self.faas_cli.run(&folder, &["secret", "create", name, "--from-file", path]);
        self.secrets.push(name.to_owned());
    }

    fn deploy(&self, surroundings: &Surroundings) {
        let policy_file = format!("policy_file={POLICY_FILE}");
        let mut command = self.faas_cli.command();
        command
            .current_dir(build_folder::workspace())
            .env("GATEWAY_URL", &surroundings.gateway_for_functions)
            .args(["deploy", "-f", "stack.yml", "--gateway", &surroundings.openfaas_url])
            .args(["--secret", POLICY, "--env", &policy_file])
            // Else a function that is replaced answers on for as long as a load balancer needs.
            .args(["--env", "healthcheck_interval=1s"]);
        run(&mut command);
    }

    /// One of the functions once more, as an operator deploys it who allows nothing.
    pub(crate) fn closed(&self, name: &str) -> &'static str {
        self.gateway.deploy(&openfaas::Deployment {
            service: CLOSED.to_owned(),
            image: self.stack.functions[name].image_name(),
            env_vars: BTreeMap::from([("healthcheck_interval".to_owned(), "1s".to_owned())]),
            ..Default::default()
        });
        self.gateway.wait_until_ready(CLOSED);
        CLOSED
    }
}

impl Drop for Deployment<'_> {
    fn drop(&mut self) {
        self.stack.functions.keys().for_each(|name| self.gateway.delete(name));
        self.gateway.delete(CLOSED);
        for name in &self.secrets {
            self.faas_cli.output(Path::new("/"), &["secret", "remove", name]);
        }
    }
}
