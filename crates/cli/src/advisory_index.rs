//! `advisories`: making an index, looking at one, and finding the one to judge by.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use advisories::{Built, Index, IndexError};

use crate::arguments::{Advisories, Output};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{json, print};
use crate::surroundings;

/// The variable that names the index.
const VARIABLE: &str = "FAAS_VALIDATOR_ADVISORIES";

/// Runs one of the subcommands.
pub(crate) fn run(command: &Advisories) -> Result<Exit, Failure> {
    match command {
        Advisories::Build { osv, out, output } => build(osv, out, *output),
        Advisories::Check { file, output } => check(file, *output),
    }
}

/// The index to judge by: the one that is named, or the one where it lies by default if there is
/// one. A named one that cannot be used is an error; none at all is for the check to report.
pub(crate) fn open(named: Option<&Path>) -> Result<Option<Arc<Index>>, Failure> {
    let named =
        named.map(Path::to_owned).or_else(|| surroundings::variable(VARIABLE).map(PathBuf::from));
    let path = match named {
        Some(path) => path,
        None => match surroundings::home()
            .map(|home| home.join(".cache/faas-validator/advisories.idx"))
        {
            Some(path) if path.exists() => path,
            _ => return Ok(None),
        },
    };
    Index::open(&path).map(Arc::new).map(Some).map_err(|error| unusable(&path, &error))
}

fn unusable(path: &Path, error: &IndexError) -> Failure {
    let what = format!("the advisory index {} cannot be used", path.display());
    let remedy = "build one: faas-validator advisories build --osv PATH… --out FILE";
    Failure::usage(what, remedy).because(error)
}

fn build(osv: &[PathBuf], out: &Path, output: Output) -> Result<Exit, Failure> {
    let built = advisories::build(osv, out).map_err(|error| {
        let remedy =
            "name OSV records: zips as osv.dev exports them, folders of JSON files, or JSON files";
        Failure::usage("no advisory index was made", remedy).because(&error)
    })?;
    match output {
        Output::Json => json(&built)?,
        Output::Table => print(&summary(&built, out))?,
    }
    Ok(Exit::Accepted)
}

fn summary(built: &Built, out: &Path) -> String {
    let mut text = format!(
        "{}: {} records on {} packages, {:.1} MB, revision {}\n",
        out.display(),
        built.records,
        built.packages,
        built.bytes as f64 / 1e6,
        built.revision,
    );
    for (ecosystem, count) in &built.ecosystems {
        text.push_str(&format!("  {count:>8}  {ecosystem}\n"));
    }
    let left_out = [
        (built.withdrawn, "withdrawn"),
        (built.without_versions, "statements without versions (commits only)"),
        (built.other_ecosystems.values().sum(), "statements on ecosystems that are not judged"),
    ];
    for (count, what) in left_out.iter().filter(|(count, _)| *count > 0) {
        text.push_str(&format!("  {count:>8}  left out: {what}\n"));
    }
    if built.records == 0 {
        text.push_str("  warning: nothing in it can be judged by\n");
    }
    text
}

fn check(path: &Path, output: Output) -> Result<Exit, Failure> {
    let index = Index::open(path).map_err(|error| unusable(path, &error))?;
    index.verify().map_err(|error| unusable(path, &error))?;
    let newest = index.newest();
    match output {
        Output::Json => json(&serde_json::json!({
            "revision": index.revision(),
            "records": index.records(),
            "ecosystems": index.ecosystems(),
            "newest": newest,
        }))?,
        Output::Table => {
            let newest = newest.map(|it| it.to_string()).unwrap_or_else(|| "unknown".to_owned());
            let mut text = format!("{}: whole\n", path.display());
            text.push_str(&format!(
                "  revision  {}\n  records   {}\n  newest    {newest}\n",
                index.revision(),
                index.records()
            ));
            for (ecosystem, count) in index.ecosystems() {
                text.push_str(&format!("  {count:>8}  {ecosystem}\n"));
            }
            print(&text)?;
        }
    }
    Ok(Exit::Accepted)
}
