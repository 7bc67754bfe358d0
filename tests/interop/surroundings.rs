//! What a real OpenFaaS takes, as the environment names it. Nothing here is optional: a test that
//! cannot reach its OpenFaaS fails, and says what to do.

use std::env;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;

/// Where the OpenFaaS under test is, and how to get at it.
pub(crate) struct Surroundings {
    /// The gateway, without a slash at its end.
    pub(crate) openfaas_url: String,
    /// The password of the gateway's user `admin`.
    pub(crate) password: String,
    /// containerd's socket, through which images reach the provider.
    pub(crate) containerd: PathBuf,
    /// The address of this machine that functions can connect to.
    pub(crate) host_address: IpAddr,
    /// The gateway as functions reach it.
    pub(crate) gateway_for_functions: String,
}

impl Surroundings {
    /// Reads the environment and looks for the programs that the tests drive.
    pub(crate) fn of_environment() -> Self {
        for (program, remedy) in [
            ("faas-cli", "build or install the stock faas-cli and put it on PATH"),
            ("ctr", "apt-get install containerd"),
            ("skopeo", "apt-get install skopeo"),
            ("docker-registry", "apt-get install docker-registry"),
        ] {
            assert!(on_path(program), "{program} is not on PATH; remedy: {remedy}");
        }
        let password_file = needed(
            "OPENFAAS_PASSWORD_FILE",
            "set it to the file that holds the password of the gateway's user admin",
        );
        let password = std::fs::read_to_string(&password_file).unwrap_or_else(|error| {
            panic!("OPENFAAS_PASSWORD_FILE={password_file} cannot be read: {error}")
        });
        let address = env::var("INTEROP_HOST_ADDRESS").unwrap_or_else(|_| "10.62.0.1".to_owned());
        let host_address = address.parse().unwrap_or_else(|error| {
            panic!("INTEROP_HOST_ADDRESS={address} is not an IP address: {error}")
        });
        Self {
            openfaas_url: needed(
                "OPENFAAS_URL",
                "start an OpenFaaS and set it to its gateway, such as http://127.0.0.1:8080",
            )
            .trim_end_matches('/')
            .to_owned(),
            password: password.trim().to_owned(),
            containerd: needed(
                "CONTAINERD_ADDRESS",
                "set it to the socket of the containerd that faasd runs functions on",
            )
            .into(),
            host_address,
            gateway_for_functions: env::var("INTEROP_GATEWAY_URL")
                .unwrap_or_else(|_| format!("http://{host_address}:8080")),
        }
    }
}

fn needed(variable: &str, remedy: &str) -> String {
    match env::var(variable) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("{variable} is not set; remedy: {remedy} (CONTRIBUTING.md, interop-openfaas)"),
    }
}

fn on_path(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(program).is_file())
}

/// Runs a program to its end and gives its standard output; panics with everything it wrote if
/// it fails.
pub(crate) fn run(command: &mut Command) -> String {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{stdout}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}
