//! The images of a stack.yml: for each function those that its build uses, and the one that it
//! makes.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use openfaas::dockerfile::{self, BuildArguments, BuildFileError};
use openfaas::stack::{
    self, Function, Selection, Stack, StackError, StackFile, StackSource, Variables,
};
use verdict::{Finding, Platform, Role, common};

use crate::arguments::Validate;
use crate::failure::Failure;
use crate::judge::Candidate;
use crate::surroundings;

/// A stack.yml as it was asked for.
pub(crate) struct Asked {
    /// Where it lies, as faas-cli is to be told.
    pub(crate) source: String,
    /// Its text, variables replaced.
    pub(crate) text: String,
    /// Its functions, as far as they were selected.
    pub(crate) stack: Stack,
    build_args: BTreeMap<String, String>,
    folder: PathBuf,
}

/// One image of a function.
pub(crate) struct Named {
    /// To be judged, if it is known what it is; else why it is not.
    pub(crate) candidate: Result<Candidate, Box<Finding>>,
    /// The function.
    pub(crate) function: String,
    /// The image as it is written.
    pub(crate) written: String,
    /// The platform that is asked for.
    pub(crate) platform: Platform,
}

impl Asked {
    /// Reads the stack file that the arguments name.
    pub(crate) fn read(arguments: &Validate) -> Result<Self, Failure> {
        let folder = env::current_dir().map_err(|error| {
            Failure::usage("the working folder cannot be found", "change into one").because(&error)
        })?;
        let source = match &arguments.yaml {
            Some(yaml) => yaml.clone(),
            None => stack::default_file(&folder).map_err(unread)?.display().to_string(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::usage("no stack file was read", "").because(&error))?;
        let file = runtime
            .block_on(StackFile::read(&StackSource::from(source.as_str())))
            .map_err(unread)?;
        let selection = match (&arguments.filter, &arguments.regex) {
            (Some(glob), _) => Selection::Glob(glob.clone()),
            (None, Some(regex)) => Selection::Regex(regex.clone()),
            (None, None) => Selection::All,
        };
        let variables: Option<Variables<'_>> =
            arguments.envsubst.then_some(&surroundings::variable);
        let stack = file.stack(variables, &selection).map_err(unread)?;
        let text = file.substituted(variables).map_err(unread)?;
        let build_args = build_args(&arguments.build_args)?;
        Ok(Self { source, text, stack, build_args, folder })
    }

    /// The images that the builds use.
    pub(crate) fn used(&self, platform: &Platform) -> Vec<Named> {
        let built = self.stack.functions.iter().filter(|(_, function)| !function.skip_build);
        built.flat_map(|(name, function)| self.used_by(name, function, platform)).collect()
    }

    /// The images that the builds make.
    pub(crate) fn made(&self, platform: &Platform) -> Vec<Named> {
        let named = |(name, function): (&String, &Function)| {
            let image = function.image_name();
            let used = match function.skip_build {
                true => Vec::new(),
                false => self.used_by(name, function, platform),
            };
            let known = |it: Named| it.candidate.ok().map(|used| (used.image, it.platform));
            let used = used.into_iter().filter_map(known).collect();
            let candidate =
                Candidate { role: Role::Made, used, ..self.candidate(name, function, &image) };
            Named {
                candidate: Ok(candidate),
                function: name.clone(),
                written: image,
                platform: platform.clone(),
            }
        };
        self.stack.functions.iter().map(named).collect()
    }

    fn used_by(&self, name: &str, function: &Function, platform: &Platform) -> Vec<Named> {
        let named = |written: String, platform: Platform, candidate| Named {
            candidate,
            function: name.to_owned(),
            written,
            platform,
        };
        let unknown = |error: &dyn std::error::Error, remedy: &str| {
            let finding = Finding::could_not(&common::IMAGE_UNREACHABLE, error).remedy(remedy);
            let written = format!("the images that the build of {name} uses");
            vec![named(written, platform.clone(), Err(Box::new(finding)))]
        };
        let configuration = &self.stack.configuration;
        let file = dockerfile::build_file(function, configuration, &self.build_args, &self.folder);
        let file = match file {
            Ok(file) => file,
            // faas-cli builds nothing for it.
            Err(BuildFileError::NoLanguage) => return Vec::new(),
            Err(error) => {
                return unknown(
                    &error,
                    "pull the template (faas-cli template pull), then validate again",
                );
            }
        };
        let arguments = BuildArguments {
            values: file.build_args.clone(),
            target: platform.clone(),
            host: platform.clone(),
        };
        let images = match dockerfile::used_images(&file.text, &arguments) {
            Ok(images) => images,
            Err(error) => return unknown(&error, "mend the Dockerfile"),
        };
        let path = shown(&file.path, &self.folder);
        images
            .into_iter()
            .map(|used| {
                let at = format!("{} ({path}, line {})", used.written, used.line);
                let platform = used.platform.unwrap_or_else(|| platform.clone());
                let candidate = match used.image {
                    Ok(image) => Ok(Candidate {
                        role: Role::Used,
                        ..self.candidate(name, function, &image)
                    }),
                    Err(why) => {
                        let remedy = "write the image's name, or give the build argument a value in stack.yml or by --build-arg";
                        Err(Box::new(Finding::could_not(&common::IMAGE_UNREACHABLE, &why).remedy(remedy)))
                    }
                };
                named(at, platform, candidate)
            })
            .collect()
    }

    fn candidate(&self, name: &str, function: &Function, image: &str) -> Candidate {
        let namespace = Some(function.namespace.clone()).filter(|it| !it.is_empty());
        Candidate {
            function: Some(name.to_owned()),
            namespace,
            entry: serde_json::to_value(function).ok(),
            ..Candidate::image(image)
        }
    }
}

fn build_args(pairs: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |pair: &String| match pair.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => {
            let what = format!("build argument {pair:?} is not KEY=VALUE");
            Err(Failure::usage(what, "write --build-arg KEY=VALUE"))
        }
    };
    pairs.iter().map(pair).collect()
}

fn shown(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unread(error: StackError) -> Failure {
    let remedy = match &error {
        StackError::NotFound(_) => "change into the stack's folder, or name its file with -f",
        _ => "mend the stack file; faas-cli would not take it either",
    };
    Failure::usage("the stack file cannot be used", remedy).because(&error)
}
