//! The stock faas-cli, with a home folder of its own.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::surroundings::{Surroundings, run};

/// faas-cli, logged in at the OpenFaaS under test.
pub(crate) struct FaasCli {
    home: TempDir,
    openfaas_url: String,
}

impl FaasCli {
    /// Logs in: the credentials go to a home folder that goes away with this value.
    pub(crate) fn logged_in(surroundings: &Surroundings) -> Self {
        let home = tempfile::tempdir().unwrap();
        let faas_cli = Self { home, openfaas_url: surroundings.openfaas_url.clone() };
        run(faas_cli.command().args(["login", "-u", "admin", "-p", &surroundings.password]));
        faas_cli
    }

    /// One that talks to no OpenFaaS: for what faas-cli does with files.
    pub(crate) fn offline() -> Self {
        let home = tempfile::tempdir().unwrap();
        Self { home, openfaas_url: "http://127.0.0.1:1".to_owned() }
    }

    /// Its home folder.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// faas-cli with nothing said yet, in this home and towards this gateway.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("faas-cli");
        command
            .env("HOME", self.home.path())
            .env("OPENFAAS_URL", &self.openfaas_url)
            .env_remove("OPENFAAS_CONFIG")
            .env_remove("CI");
        command
    }

    /// Runs it in a folder; panics with what it wrote when it fails.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str]) -> String {
        run(self.command().current_dir(folder).args(arguments))
    }

    /// Runs it in a folder, whatever its exit code.
    pub(crate) fn output(&self, folder: &Path, arguments: &[&str]) -> Output {
        self.command().current_dir(folder).args(arguments).output().unwrap()
    }
}
