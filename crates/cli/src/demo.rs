//! `demo`: the whole of it on a small function image, without a server, Docker or a network. The
//! image is made from real package metadata and judged by real advisories (demo/README.md); the
//! function runs for real, as a child of this process, and is looked at.

mod function;
mod image;
mod signer;

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use verdict::{Outcome, Verdict};

use crate::arguments::Output;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judge::{Candidate, Judge};
use crate::render::{self, print};

use self::function::Function;
use self::image::Contents;
use self::signer::Signer;

pub(crate) use self::function::run_if_asked;

/// The advisories that the image is judged by.
const ADVISORIES: [(&str, &str); 4] = [
    ("PYSEC-2023-192.json", include_str!("../../../demo/osv/PYSEC-2023-192.json")),
    ("PYSEC-2023-212.json", include_str!("../../../demo/osv/PYSEC-2023-212.json")),
    ("GHSA-35jh-r3h4-6jhm.json", include_str!("../../../demo/osv/GHSA-35jh-r3h4-6jhm.json")),
    ("ALPINE-CVE-2024-9143.json", include_str!("../../../demo/osv/ALPINE-CVE-2024-9143.json")),
];
const POLICY: &str = include_str!("../../../demo/policy.yml");

/// Runs the command: both verdicts, as a table or as a JSON list.
pub(crate) fn run(output: Output) -> Result<Exit, Failure> {
    let folder = TempDir::new().map_err(|error| unmade("a temporary folder", &error))?;
    let signer = Signer::new().map_err(|error| unmade("a signing key", &error))?;
    let show = |text: &str| if output == Output::Table { print(text) } else { Ok(()) };
    let index = advisory_index(folder.path())?;

    show(
        "1. A function image is made, signed and started: flawed packages, run as root, a secret\n   in its environment, and one port more than the policy knows.\n\n",
    )?;
    let before = judged(&Stage {
        folder: &folder.path().join("before"),
        index: &index,
        signer: &signer,
        contents: Contents::flawed(),
        listeners: 2,
    })?;
    show(&render::verdict(&before))?;

    show(
        "\n2. What the verdict names is mended; the image is made, signed and started again.\n\n",
    )?;
    let after = judged(&Stage {
        folder: &folder.path().join("after"),
        index: &index,
        signer: &signer,
        contents: Contents::mended(),
        listeners: 1,
    })?;
    show(&render::verdict(&after))?;
    if output == Output::Json {
        render::json(&[&before, &after])?;
    }
    match (before.outcome, after.outcome) {
        (Outcome::Rejected, Outcome::Accepted) => Ok(Exit::Accepted),
        _ => Err(Failure::usage(
            "the demo did not come out as it should: rejected, then accepted",
            "see the verdicts above, and report it",
        )
        .exit(Exit::Rejected)),
    }
}

/// One image, and all that it is judged with.
struct Stage<'s> {
    folder: &'s Path,
    index: &'s Path,
    signer: &'s Signer,
    contents: Contents,
    listeners: usize,
}

fn judged(stage: &Stage<'_>) -> Result<Verdict, Failure> {
    let written = image::write(stage.folder, &stage.contents, stage.signer);
    written.map_err(|error| unmade("the image", &error))?;
    let function = Function::start(stage.listeners)?;
    let policy = stage.folder.join("policy.yml");
    let key = stage.signer.public_pem().replace('\n', "\\n");
    let body = POLICY.replace("@PUBLIC_KEY@", &key).replace("@PORT@", &function.port().to_string());
    fs::write(&policy, body).map_err(|error| unmade("the policy", &error))?;
    let judge = Judge::new(Some(&policy), Some(stage.index), None, None)?;
    let candidate = Candidate {
        function: Some("hello".to_owned()),
        snapshot: Some(function.snapshot()?),
        ..Candidate::image(format!("oci:{}:1", stage.folder.display()))
    };
    let mut verdict = judge
        .judge(&candidate, &verdict::Platform::linux_amd64())
        .map_err(|error| unmade("the image", &error))?;
    // The temporary folder says nothing to whoever reads it.
    verdict.subject.declared = "oci:hello:1".to_owned();
    Ok(verdict)
}

fn advisory_index(folder: &Path) -> Result<std::path::PathBuf, Failure> {
    let source = folder.join("osv");
    let index = folder.join("advisories.idx");
    let write = || {
        fs::create_dir(&source)?;
        ADVISORIES.iter().try_for_each(|(name, json)| fs::write(source.join(name), json))
    };
    write().map_err(|error| unmade("the advisory index", &error))?;
    advisories::build(&[source], &index).map_err(|error| unmade("the advisory index", &error))?;
    Ok(index)
}

fn unmade(what: &str, error: &dyn std::error::Error) -> Failure {
    Failure::usage(format!("the demo could not make {what}"), "see that $TMPDIR may be written to")
        .because(error)
}
