//! Where a stack file lies, and how it and the files that it names are read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::read::{self, Selection, StackError, TEXT_BYTES_MAX};
use super::{Function, Stack, envsubst};
use crate::http_client::{self, BodyError};

const FETCH_TIME_MAX: Duration = Duration::from_secs(120);

/// What `-f` names: a file, or an http(s) URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StackSource {
    /// A file.
    File(PathBuf),
    /// A URL.
    Url(url::Url),
}

/// Looks a variable of the environment up.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A stack file's text, as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackFile {
    text: String,
}

/// The stack file of a folder, when `-f` names none: stack.yaml, else stack.yml.
///
/// # Errors
/// When neither is there.
pub fn default_file(folder: &Path) -> Result<PathBuf, StackError> {
    let named = ["stack.yaml", "stack.yml"].map(|name| folder.join(name));
    let found = named.into_iter().find(|path| path.exists());
    found.ok_or_else(|| StackError::NotFound(folder.to_owned()))
}

impl From<&str> for StackSource {
    fn from(text: &str) -> Self {
        match url::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Self::Url(url),
            _ => Self::File(PathBuf::from(text)),
        }
    }
}

impl StackFile {
    /// Reads or fetches it.
    ///
    /// # Errors
    /// When it cannot be had, is not text, or is larger than 4 MiB.
    pub async fn read(source: &StackSource) -> Result<Self, StackError> {
        let text = match source {
            StackSource::File(path) => text_of(path)?,
            StackSource::Url(url) => fetch(url).await?,
        };
        Ok(Self { text })
    }

    /// One that is at hand.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// The stack in it. `variables` looks variables up for `${…}`; `None` is `--envsubst=false`.
    ///
    /// # Errors
    /// When it is no stack of OpenFaaS, or the selection selects nothing.
    pub fn stack(
        &self,
        variables: Option<Variables<'_>>,
        selection: &Selection,
    ) -> Result<Stack, StackError> {
        read::parse(&self.substituted(variables)?, selection)
    }

    /// Its text with variables replaced, as [`StackFile::stack`] reads it.
    ///
    /// # Errors
    /// When a substitution is malformed.
    pub fn substituted(&self, variables: Option<Variables<'_>>) -> Result<String, StackError> {
        match variables {
            None => Ok(self.text.clone()),
            Some(variable) => envsubst(&self.text, variable).map_err(StackError::Envsubst),
        }
    }

    /// What the environment files of a function say, later ones over earlier ones. Their paths
    /// are taken from the working directory, as faas-cli does.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn environment(
        function: &Function,
        working_directory: &Path,
    ) -> Result<BTreeMap<String, String>, StackError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct EnvironmentFile {
            #[serde(deserialize_with = "read::map")]
            environment: BTreeMap<String, String>,
        }
        let mut variables = BTreeMap::new();
        for path in &function.environment_file {
            let text = text_of(&working_directory.join(path))?;
            let file: EnvironmentFile = read::yaml(&text)?;
            variables.extend(file.environment);
        }
        Ok(variables)
    }
}

fn text_of(path: &Path) -> Result<String, StackError> {
    let shown = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(TEXT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| StackError::Read { path: shown.clone(), source })?;
    text(bytes, shown)
}

async fn fetch(url: &url::Url) -> Result<String, StackError> {
    let shown = url.to_string();
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| StackError::Fetch {
        url: shown.clone(),
        source,
    };
    let client =
        http_client::build(Duration::from_secs(10)).map_err(|error| failed(error.into()))?;
    let response = client.get(url.clone()).timeout(FETCH_TIME_MAX).send().await;
    let response = response.map_err(|error| failed(error.without_url().into()))?;
    if !response.status().is_success() {
        // faas-cli would read the error page as YAML.
        return Err(StackError::Status { url: shown, status: response.status().as_u16() });
    }
    let body = http_client::body(response, TEXT_BYTES_MAX).await;
    let body = body.map_err(|error| match error {
        BodyError::TooLarge => StackError::TooLarge(shown.clone()),
        BodyError::Broken(error) => failed(error.into()),
    })?;
    text(body.into(), shown)
}

fn text(bytes: Vec<u8>, shown: String) -> Result<String, StackError> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(StackError::TooLarge(shown));
    }
    String::from_utf8(bytes).map_err(|_| StackError::NotText(shown))
}
