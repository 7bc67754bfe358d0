//! The images that a Dockerfile's build uses: `FROM`, `COPY --from=`, `RUN --mount=from=`, and
//! the frontend of `# syntax=`, in the scoping rules of BuildKit.
//!
//! Every stage is looked at, needed by the last one or not. What cannot be resolved without
//! building is listed as such, with the reason: it is never left out.

mod expand;
mod source;

pub use expand::Unresolvable;
pub use source::{BuildFile, BuildFileError, build_file};

use std::collections::{BTreeMap, BTreeSet};

use parse_dockerfile::{Flag, FromInstruction, Instruction, Stage};
use verdict::Platform;

use expand::{assignments, expand};

/// The most images that one Dockerfile may name.
const IMAGES_MAX: usize = 256;

/// What a build is given from outside.
#[derive(Debug, Clone)]
pub struct BuildArguments {
    /// `--build-arg`, by name.
    pub values: BTreeMap<String, String>,
    /// The platform that is built for.
    pub target: Platform,
    /// The platform that is built on.
    pub host: Platform,
}

/// How a build uses an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// `# syntax=`: it reads the Dockerfile.
    Syntax,
    /// `FROM`: a stage starts from it.
    From,
    /// `COPY --from=`: files are taken from it.
    Copy,
    /// `RUN --mount=from=`: a command sees its files.
    Mount,
}

/// An image that a build uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedImage {
    /// How.
    pub usage: Usage,
    /// The line of the Dockerfile, from 1.
    pub line: usize,
    /// As it is written there.
    pub written: String,
    /// The platform that is asked for, if one is.
    pub platform: Option<Platform>,
    /// The image's name, or why it is not known before the build.
    pub image: Result<String, Unresolvable>,
}

/// Why a Dockerfile could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DockerfileError {
    /// It is none.
    #[error("read the Dockerfile")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It names more images than are looked at.
    #[error("the Dockerfile names more than {IMAGES_MAX} images")]
    TooMany,
}

/// The images that the build of this Dockerfile uses, in the order of its lines.
///
/// # Errors
/// When it is no Dockerfile, or names too many.
pub fn used_images(
    text: &str,
    arguments: &BuildArguments,
) -> Result<Vec<UsedImage>, DockerfileError> {
    let dockerfile = parse_dockerfile::parse(text)
        .map_err(|error| DockerfileError::Malformed(error.to_string().into()))?;
    let directives = &dockerfile.parser_directives;
    let escape = directives.escape.as_ref().map_or('\\', |escape| escape.value.value);
    let mut reading = Reading {
        text,
        escape,
        globals: globals(arguments),
        earlier: BTreeSet::new(),
        all: dockerfile.stages().filter_map(|stage| stage_name(stage.from)).collect(),
        found: Vec::new(),
    };
    if let Some(syntax) = &directives.syntax {
        let name = syntax.value.value.to_owned();
        reading.take(Usage::Syntax, syntax.value.span.start, &name, Ok(name.clone()), None);
    }
    for global in dockerfile.global_args() {
        reading.global(&global.arguments.value, arguments);
    }
    for (number, stage) in dockerfile.stages().enumerate() {
        reading.stage(&stage);
        reading.earlier.insert(number.to_string());
        reading.earlier.extend(stage_name(stage.from));
        if reading.found.len() > IMAGES_MAX {
            return Err(DockerfileError::TooMany);
        }
    }
    Ok(reading.found)
}

struct Reading<'a> {
    text: &'a str,
    escape: char,
    /// The `ARG`s before the first `FROM`. One without a known value has the reason.
    globals: BTreeMap<String, Result<String, Unresolvable>>,
    /// Names and numbers of the stages above.
    earlier: BTreeSet<String>,
    /// Names of all stages.
    all: BTreeSet<String>,
    found: Vec<UsedImage>,
}

impl Reading<'_> {
    /// `ARG A=1 B`: a build argument wins over the default; without either it is unset.
    fn global(&mut self, words: &str, arguments: &BuildArguments) {
        for (name, default) in assignments(words) {
            let known = arguments.values.get(&name).cloned().map(Ok);
            let default = || default.map(|it| expand(&it, &self.globals, self.escape));
            if let Some(value) = known.or_else(default) {
                self.globals.insert(name, value);
            }
        }
    }

    fn stage(&mut self, stage: &Stage<'_, '_>) {
        let from = stage.from;
        let written = &from.image.value;
        let name = expand(written, &self.globals, self.escape);
        let platform = flag(&from.options, "platform")
            .map(|(_, text)| expand(&text, &self.globals, self.escape));
        match name {
            Ok(name) if name.is_empty() => {
                let why = Unresolvable::Empty(written.to_string());
                self.take(Usage::From, from.image.span.start, written, Err(why), None);
            }
            Ok(name) if name == "scratch" || self.is_earlier(&name) => {}
            name => self.take(Usage::From, from.image.span.start, written, name, platform),
        }
        stage.instructions.iter().for_each(|instruction| self.instruction(instruction));
    }

    fn instruction(&mut self, instruction: &Instruction<'_>) {
        match instruction {
            Instruction::Copy(copy) => {
                for (start, from) in flags(&copy.options, "from") {
                    self.source(Usage::Copy, start, &from);
                }
            }
            Instruction::Run(run) => {
                for (start, mount) in flags(&run.options, "mount") {
                    for (key, from) in mount.split(',').filter_map(|part| part.split_once('=')) {
                        if key.trim().eq_ignore_ascii_case("from") {
                            self.source(Usage::Mount, start, from.trim().trim_matches('"'));
                        }
                    }
                }
            }
            // It runs in whatever is built from this stage.
            Instruction::Onbuild(onbuild) => self.instruction(&onbuild.instruction),
            _ => {}
        }
    }

    /// What `from=` names: an earlier stage, or an image. BuildKit expands no variable here.
    fn source(&mut self, usage: Usage, start: usize, from: &str) {
        if self.is_earlier(from) {
            return;
        }
        let image = if from.contains('$') {
            Err(Unresolvable::Variable(from.to_owned()))
        } else if from.is_empty() {
            Err(Unresolvable::Empty(from.to_owned()))
        } else if self.all.contains(&from.to_lowercase()) || from.parse::<usize>().is_ok() {
            // BuildKit takes the later stage, the older builder an image of that name.
            Err(Unresolvable::LaterStage(from.to_owned()))
        } else {
            Ok(from.to_owned())
        };
        self.take(usage, start, from, image, None);
    }

    fn take(
        &mut self,
        usage: Usage,
        start: usize,
        written: &str,
        image: Result<String, Unresolvable>,
        platform: Option<Result<String, Unresolvable>>,
    ) {
        let platform = platform.filter(|text| text.as_ref() != Ok(&String::new()));
        let read = platform.map(|text| {
            text.and_then(|text| text.parse().map_err(|_| Unresolvable::Platform(text)))
        });
        let (platform, image) = match read {
            Some(Ok(platform)) => (Some(platform), image),
            Some(Err(why)) => (None, image.and(Err(why))),
            None => (None, image),
        };
        let before = self.text.get(..start).unwrap_or("");
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        let used = UsedImage { usage, line, written: written.to_owned(), platform, image };
        let same = |known: &UsedImage| {
            (known.usage, &known.image, &known.platform)
                == (used.usage, &used.image, &used.platform)
        };
        if !self.found.iter().any(same) {
            self.found.push(used);
        }
    }

    /// Stage names are matched without regard to case.
    fn is_earlier(&self, name: &str) -> bool {
        self.earlier.contains(&name.to_lowercase())
    }
}

fn stage_name(from: &FromInstruction<'_>) -> Option<String> {
    from.as_.as_ref().map(|(_, name)| name.value.to_lowercase())
}

/// Where a flag stands, and its value.
fn flags(options: &[Flag<'_>], name: &str) -> Vec<(usize, String)> {
    let named = options.iter().filter(|flag| flag.name.value == name);
    named
        .map(|flag| {
            let value = flag.value.as_ref().map_or("", |value| value.value.as_ref());
            (flag.span().start, value.trim_matches('"').to_owned())
        })
        .collect()
}

fn flag(options: &[Flag<'_>], name: &str) -> Option<(usize, String)> {
    flags(options, name).pop()
}

/// What BuildKit defines before the first `FROM`.
fn globals(arguments: &BuildArguments) -> BTreeMap<String, Result<String, Unresolvable>> {
    let of = |prefix: &str, platform: &Platform| {
        [
            (format!("{prefix}PLATFORM"), platform.to_string()),
            (format!("{prefix}OS"), platform.os.clone()),
            (format!("{prefix}ARCH"), platform.architecture.clone()),
            (format!("{prefix}VARIANT"), platform.variant.clone().unwrap_or_default()),
        ]
    };
    let (target, host) = (of("TARGET", &arguments.target), of("BUILD", &arguments.host));
    target.into_iter().chain(host).map(|(name, value)| (name, Ok(value))).collect()
}
