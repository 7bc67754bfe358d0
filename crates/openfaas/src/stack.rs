//! stack.yml as faas-cli reads it: where it lies, what is substituted in it, which of its
//! functions are meant. Unknown keys are ignored, as there.

mod envsubst;
mod file;
mod glob;
mod read;

pub use envsubst::{EnvsubstError, envsubst};
pub use file::{StackFile, StackSource, Variables, default_file};
pub(crate) use read::yaml as read_yaml;
pub use read::{Selection, StackError, document, parse};

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::provider::{Deployment, Resources};

/// A stack: functions, and where they go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Stack {
    /// `1.0`, or nothing.
    #[serde(deserialize_with = "read::nullable")]
    pub version: String,
    /// Where the functions go.
    #[serde(deserialize_with = "read::nullable")]
    pub provider: Provider,
    /// The functions, by name.
    #[serde(deserialize_with = "read::map")]
    pub functions: BTreeMap<String, Function>,
    /// What the build takes along.
    #[serde(deserialize_with = "read::nullable")]
    pub configuration: Configuration,
}

/// `provider:`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// Always `openfaas`.
    #[serde(deserialize_with = "read::nullable")]
    pub name: String,
    /// The gateway's address.
    #[serde(deserialize_with = "read::nullable")]
    pub gateway: String,
}

/// One function.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(default)]
pub struct Function {
    /// Its template, or `dockerfile`.
    #[serde(deserialize_with = "read::nullable")]
    pub lang: String,
    /// Its folder, from the working directory.
    #[serde(deserialize_with = "read::nullable")]
    pub handler: String,
    /// Its image, as it is written; [`Function::image_name`] is what faas-cli makes of it.
    #[serde(deserialize_with = "read::nullable")]
    pub image: String,
    /// The process that the watchdog starts.
    #[serde(deserialize_with = "read::nullable")]
    pub fprocess: String,
    /// Environment variables.
    #[serde(deserialize_with = "read::map")]
    pub environment: BTreeMap<String, String>,
    /// Files of environment variables, which win over `environment`.
    #[serde(deserialize_with = "read::nullable")]
    pub environment_file: Vec<String>,
    /// Names of secrets.
    #[serde(deserialize_with = "read::nullable")]
    pub secrets: Vec<String>,
    /// Whether `faas-cli build` leaves it out.
    #[serde(deserialize_with = "read::nullable")]
    pub skip_build: bool,
    /// Placement constraints.
    #[serde(deserialize_with = "read::nullable")]
    pub constraints: Vec<String>,
    /// Labels.
    #[serde(deserialize_with = "read::map")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(deserialize_with = "read::map")]
    pub annotations: BTreeMap<String, String>,
    /// What it may use.
    pub limits: Option<Resources>,
    /// What is set aside for it.
    pub requests: Option<Resources>,
    /// Whether its root file system is read-only.
    #[serde(deserialize_with = "read::nullable")]
    pub readonly_root_filesystem: bool,
    /// Names of the template's build options.
    #[serde(deserialize_with = "read::nullable")]
    pub build_options: Vec<String>,
    /// `docker build --build-arg`.
    #[serde(deserialize_with = "read::map")]
    pub build_args: BTreeMap<String, String>,
    /// `docker build --secret`.
    #[serde(deserialize_with = "read::map")]
    pub build_secrets: BTreeMap<String, String>,
    /// Platforms of `faas-cli publish`, by commas.
    #[serde(deserialize_with = "read::nullable")]
    pub platforms: String,
    /// Its namespace.
    #[serde(deserialize_with = "read::nullable")]
    pub namespace: String,
}

/// `configuration:`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// Where templates come from.
    #[serde(deserialize_with = "read::nullable")]
    pub templates: Vec<TemplateSource>,
    /// Paths that are copied into each build folder.
    #[serde(deserialize_with = "read::nullable")]
    pub copy: Vec<String>,
}

/// Where a template comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TemplateSource {
    /// Its name.
    #[serde(deserialize_with = "read::nullable")]
    pub name: String,
    /// Its repository.
    #[serde(deserialize_with = "read::nullable")]
    pub source: String,
}

impl Function {
    /// The image's name as faas-cli builds, pushes and deploys it: `:latest` is put behind it
    /// when the last segment of its path has no colon (schema/image.go). So a digest passes.
    pub fn image_name(&self) -> String {
        let last = self.image.rsplit('/').next().unwrap_or("");
        if last.contains(':') { self.image.clone() } else { format!("{}:latest", self.image) }
    }

    /// Whether it is built from a Dockerfile of its own, without a template.
    pub fn is_dockerfile(&self) -> bool {
        self.lang.eq_ignore_ascii_case("dockerfile")
    }

    /// What `faas-cli deploy` sends for it. `environment` is what its environment files say
    /// ([`StackFile::environment`]), `fprocess` what its template says.
    pub fn deployment(
        &self,
        name: &str,
        environment: &BTreeMap<String, String>,
        fprocess: Option<&str>,
    ) -> Deployment {
        let own = Some(self.fprocess.as_str()).filter(|own| !own.is_empty());
        let mut env_vars = self.environment.clone();
        env_vars.extend(environment.clone());
        Deployment {
            service: name.to_owned(),
            image: self.image_name(),
            namespace: self.namespace.clone(),
            env_process: own.or(fprocess).unwrap_or("").to_owned(),
            env_vars,
            constraints: self.constraints.clone(),
            secrets: self.secrets.clone(),
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            limits: self.limits.clone(),
            requests: self.requests.clone(),
            read_only_root_filesystem: self.readonly_root_filesystem,
        }
    }
}
