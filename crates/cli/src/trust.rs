//! `trust update`: the trusted root that a TUF repository vouches for, as a file that a policy and
//! `--trusted-root` name. The only command that asks a network whom to trust.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::signature::tuf::{Reach, TufError, TufRepository, Vouched};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use oci_image::Download;
use verdict::Digest;

use crate::arguments::Output;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::layer_cache;
use crate::render::{json, print};
use crate::surroundings;

/// A root.json larger than this is not read.
const ROOT_BYTES_MAX: u64 = 512_000;

/// Whom signatures are traced to.
#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// Write the trusted root of a Sigstore instance, as its TUF repository vouches for it now.
    Update(Update),
}

/// `trust update`.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// The TUF repository; without one that of Sigstore's public-good instance.
    #[arg(long, value_name = "URL", requires = "tuf_root")]
    tuf_url: Option<String>,
    /// The root.json that trust in the repository begins with, from who runs it and not from the
    /// repository itself. The public-good instance's is built in.
    #[arg(long, value_name = "FILE", requires = "tuf_url")]
    tuf_root: Option<PathBuf>,
    /// The file to write. Name it in policy.yml (`trusted-root:`), or to `--trusted-root`.
    #[arg(long, value_name = "FILE", default_value = "trusted_root.json")]
    out: PathBuf,
    /// Ask no network: verify again what was fetched before, and write that.
    #[arg(long)]
    offline: bool,
    /// How the answer is printed.
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

/// Runs one of the subcommands.
pub(crate) fn run(command: &Trust) -> Result<Exit, Failure> {
    let Trust::Update(arguments) = command;
    let repository = repository(arguments)?;
    let cache = cache(&repository)?;
    let reach = match arguments.offline {
        true => Reach::Kept,
        false => Reach::Repository(Arc::new(download()?)),
    };
    let vouched = repository
        .trusted_root(&cache, &reach, Timestamp::now())
        .map_err(|error| unvouched(&repository, &error))?;
    write(&arguments.out, &vouched.json).map_err(|error| {
        let what = format!("{} cannot be written", arguments.out.display());
        Failure::usage(what, "name a file in a folder that you may write to: --out FILE")
            .because(&error)
    })?;
    tell(arguments, &repository, &vouched)
}

fn repository(arguments: &Update) -> Result<TufRepository, Failure> {
    let (Some(url), Some(path)) = (&arguments.tuf_url, &arguments.tuf_root) else {
        return Ok(TufRepository::public_good());
    };
    let read = || {
        let mut root = Vec::new();
        File::open(path)?.take(ROOT_BYTES_MAX).read_to_end(&mut root)?;
        Ok(root)
    };
    let root = read().map_err(|error: std::io::Error| {
        let what = format!("the pinned root {} cannot be read", path.display());
        Failure::usage(what, "name a root.json that can be read").because(&error)
    })?;
    Ok(TufRepository { url: url.clone(), root })
}

/// A folder for each repository and pinned root: what another root led to is no history of this
/// one.
fn cache(repository: &TufRepository) -> Result<PathBuf, Failure> {
    let folder = layer_cache::folder().ok_or_else(|| {
        Failure::usage("there is no folder for a cache", "set XDG_CACHE_HOME or HOME")
    })?;
    let url = repository.url.trim_end_matches('/');
    let name = [url.as_bytes(), b"\0", &repository.root].concat();
    Ok(folder.join("tuf").join(Digest::of(&name).hex()))
}

fn download() -> Result<Download, Failure> {
    let access = surroundings::access(Vec::new())?;
    Download::new(&access).map_err(|error| {
        let remedy = "see that SSL_CERT_FILE and the variables of proxies name what can be used";
        Failure::usage("no repository can be asked", remedy).because(&error)
    })
}

fn unvouched(repository: &TufRepository, error: &TufError) -> Failure {
    let exit = match error {
        TufError::Pinned(_) => Exit::Usage,
        error if error.is_silence() => Exit::Undecided,
        _ => Exit::Rejected,
    };
    let what = format!("no trusted root was had from {}", repository.url);
    Failure::usage(what, error.remedy()).because(error).exit(exit)
}

/// Writes the file whole, or not at all.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn tell(
    arguments: &Update,
    repository: &TufRepository,
    vouched: &Vouched,
) -> Result<Exit, Failure> {
    let digest = Digest::of(&vouched.json);
    match arguments.output {
        Output::Json => json(&serde_json::json!({
            "trusted-root": arguments.out,
            "digest": digest,
            "repository": repository.url,
            "root-version": vouched.root_version,
            "targets-version": vouched.targets_version,
            "expires": vouched.expires.to_string(),
        }))?,
        Output::Table => print(&format!(
            "{}: {digest}, vouched for by {} until {} (root {}, targets {})\n",
            arguments.out.display(),
            repository.url,
            vouched.expires,
            vouched.root_version,
            vouched.targets_version,
        ))?,
    }
    Ok(Exit::Accepted)
}
