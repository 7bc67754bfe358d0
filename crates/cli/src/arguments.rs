//! What can be typed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgAction, ArgGroup, Args, Parser, Subcommand, ValueEnum};
use verdict::Platform;

use crate::exit::Exit;
use crate::runtime::Runtime;
use crate::signature::Signature;
use crate::trust::Trust;

/// Validates OpenFaaS function images: vulnerable packages, signatures, the user's own policy,
/// and what a running function does.
///
/// Exit codes: 0 accepted, 1 rejected, 2 undecided, 3 usage or configuration.
#[derive(Debug, Parser)]
#[command(name = "faas-validator", version, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Say what is done (-v), or everything (-vv), on standard error.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Judge an image, or all images of a stack.yml: those that a build uses and those it makes.
    Validate(Validate),
    /// List the packages of an image.
    Inventory(Inventory),
    /// Look at what is kept of layers that were read before, or remove it.
    #[command(subcommand)]
    Cache(Cache),
    /// Make or look at an advisory index.
    #[command(subcommand)]
    Advisories(Advisories),
    /// Look at a policy.
    #[command(subcommand)]
    Policy(Policy),
    /// Look at who signed an image.
    #[command(subcommand)]
    Signature(Signature),
    /// Keep up with whom signatures are traced to.
    #[command(subcommand)]
    Trust(Trust),
    /// Look at what runs.
    #[command(subcommand)]
    Runtime(Runtime),
    /// Make this program the plugin behind `faas-cli validate`.
    InstallPlugin(InstallPlugin),
    /// Verify that a file was signed as its Sigstore bundle says, by whom you name.
    VerifyBlob(VerifyBlob),
    /// Show the whole of it on a small image: rejected, mended, accepted. Needs nothing.
    Demo {
        /// How the verdicts are printed.
        #[arg(long, short, value_enum, default_value_t)]
        output: Output,
    },
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs: docs/schema/.
    Json,
}

/// By what images are judged.
#[derive(Debug, Clone, Args)]
pub(crate) struct Judging {
    /// The policy; without one ./policy.yml, or else the careful default.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The advisory index; without one FAAS_VALIDATOR_ADVISORIES, or else
    /// ~/.cache/faas-validator/advisories.idx.
    #[arg(long, value_name = "FILE")]
    pub(crate) advisories: Option<PathBuf>,
    /// A folder with the secrets that the policy names keys by, a file for each, as OpenFaaS
    /// mounts them.
    #[arg(long, value_name = "DIR")]
    pub(crate) secrets: Option<PathBuf>,
    /// The platform of a multi-platform image.
    #[arg(long, default_value = "linux/amd64", value_name = "OS/ARCH")]
    pub(crate) platform: Platform,
    /// How answers are printed.
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) output: Output,
    /// Read every layer anew, and keep nothing of it.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// `validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The image (ghcr.io/acme/fn:1, docker://…, docker-daemon:…, `oci:DIR[:TAG]`,
    /// oci-archive:FILE, docker-archive:FILE), or `up`: judge, build, judge, push and deploy.
    pub(crate) image: Option<String>,
    /// The image that it is built on: what comes from there is told apart. Without it what the
    /// image's own annotation names, if the layers bear it out; in a stack.yml the Dockerfile
    /// says it.
    #[arg(long, value_name = "IMAGE", requires = "image")]
    pub(crate) base: Option<String>,
    /// The stack file, or its URL; without one stack.yaml or stack.yml.
    #[arg(short = 'f', long = "yaml", value_name = "FILE|URL")]
    pub(crate) yaml: Option<String>,
    /// Only functions whose name matches this glob.
    #[arg(long, value_name = "GLOB", conflicts_with = "regex")]
    pub(crate) filter: Option<String>,
    /// Only functions whose name matches this regular expression.
    #[arg(long, value_name = "REGEX")]
    pub(crate) regex: Option<String>,
    /// Replace variables in the stack file.
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub(crate) envsubst: bool,
    /// A build argument, as faas-cli build takes it.
    #[arg(short = 'b', long = "build-arg", value_name = "KEY=VALUE")]
    pub(crate) build_args: Vec<String>,
    /// Judge only the images that builds use; those they make are not there yet.
    #[arg(long)]
    pub(crate) used_only: bool,
    /// Let the functions deployed behind this gateway judge, instead of this process.
    #[arg(long, value_name = "URL")]
    pub(crate) gateway: Option<String>,
    /// The key that the functions share (the secret validation-key): questions to the gateway
    /// are sealed with it, and only sealed answers count.
    #[arg(long, value_name = "FILE", requires = "gateway")]
    pub(crate) validation_key: Option<PathBuf>,
    /// By what to judge.
    #[command(flatten)]
    pub(crate) judging: Judging,
}

/// `inventory`.
#[derive(Debug, Args)]
pub(crate) struct Inventory {
    /// The image.
    pub(crate) image: String,
    /// The image that it is built on: what comes from there is told apart. Without it what the
    /// image's own annotation names, if the layers bear it out.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) base: Option<String>,
    /// The policy, whose limits hold; without one ./policy.yml, or else the careful default.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// The platform of a multi-platform image.
    #[arg(long, default_value = "linux/amd64", value_name = "OS/ARCH")]
    pub(crate) platform: Platform,
    /// How the list is printed.
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) output: Listing,
    /// Read every layer anew, and keep nothing of it.
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// How an inventory is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Listing {
    /// For people.
    #[default]
    Table,
    /// For programs: docs/schema/inventory.schema.json.
    Json,
    /// CycloneDX 1.6, as JSON.
    #[value(alias = "cyclonedx-json")]
    Cyclonedx,
    /// SPDX 2.3, as JSON.
    #[value(alias = "spdx-json")]
    Spdx,
}

/// `advisories`.
#[derive(Debug, Subcommand)]
pub(crate) enum Advisories {
    /// Compile OSV records into one index file.
    Build {
        /// OSV records: zips as osv.dev exports them, folders of JSON files, JSON files.
        #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
        osv: Vec<PathBuf>,
        /// The index file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// How the answer is printed.
        #[arg(long, short, value_enum, default_value_t)]
        output: Output,
    },
    /// Read an index whole and say what is in it.
    Check {
        /// The index file.
        file: PathBuf,
        /// How the answer is printed.
        #[arg(long, short, value_enum, default_value_t)]
        output: Output,
    },
}

/// `cache`.
#[derive(Debug, Subcommand)]
pub(crate) enum Cache {
    /// Say where it lies and what it takes.
    Info {
        /// How the answer is printed.
        #[arg(long, short, value_enum, default_value_t)]
        output: Output,
    },
    /// Remove all that is kept.
    Clear {
        /// How the answer is printed.
        #[arg(long, short, value_enum, default_value_t)]
        output: Output,
    },
}

/// `policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// Say what a policy means, or everything that is wrong with it.
    Check {
        /// The policy.
        file: PathBuf,
        /// How the answer is printed.
        #[arg(long, short, value_enum, default_value_t)]
        output: Output,
    },
    /// Write policy.yml for a policy of another program, on standard output.
    #[command(subcommand)]
    Import(PolicyImport),
}

/// `policy import`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyImport {
    /// ClusterImagePolicies of policy-controller (YAML, v1alpha1 and v1beta1). What policy.yml
    /// cannot say is an error that names it.
    ClusterImagePolicy {
        /// The file.
        file: PathBuf,
    },
}

/// `verify-blob`. The flags are cosign's.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("subject").args(["certificate_identity", "certificate_identity_regexp"]),
    group = ArgGroup::new("issuer").args(["certificate_oidc_issuer", "certificate_oidc_issuer_regexp"]),
    group = ArgGroup::new("signer")
        .args(["key", "certificate_identity", "certificate_identity_regexp"])
        .required(true)
)]
pub(crate) struct VerifyBlob {
    /// The file, or its digest (sha256:…). Of an attestation: what it is about.
    #[arg(value_name = "FILE|sha256:DIGEST")]
    pub(crate) artifact: PathBuf,
    /// The bundle.
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: PathBuf,
    /// The trusted root (trusted_root.json); without one Sigstore's public-good instance, as it
    /// was when this program was built.
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// The signer's public key, in PEM.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["subject", "issuer"])]
    pub(crate) key: Option<PathBuf>,
    /// Who signed, exactly: an e-mail address, or the URI of a workload.
    #[arg(long, value_name = "IDENTITY")]
    pub(crate) certificate_identity: Option<String>,
    /// Who signed, as a regular expression over the whole identity.
    #[arg(long, value_name = "REGEX")]
    pub(crate) certificate_identity_regexp: Option<String>,
    /// Who vouches for the signer, exactly: the URL of an OpenID Connect issuer.
    #[arg(
        long,
        value_name = "URL",
        requires = "subject",
        required_unless_present_any = ["key", "own", "certificate_oidc_issuer_regexp"]
    )]
    pub(crate) certificate_oidc_issuer: Option<String>,
    /// Who vouches for the signer, as a regular expression over the whole URL.
    #[arg(long, value_name = "REGEX", requires = "subject")]
    pub(crate) certificate_oidc_issuer_regexp: Option<String>,
    /// Certificate authorities of your own (PEM) that certified the signer, instead of those of the
    /// trusted root; no issuer is asked then.
    #[arg(long, value_name = "FILE", group = "own", requires = "subject")]
    pub(crate) ca_roots: Option<PathBuf>,
    /// The same as a chain: the authority that issued the certificate first, its root last.
    #[arg(long, value_name = "FILE", group = "own", requires = "subject")]
    pub(crate) certificate_chain: Option<PathBuf>,
    /// Accept a signature that no transparency log took in. Unsafe: nobody would notice a stolen
    /// key or a deceived authority.
    #[arg(long)]
    pub(crate) insecure_ignore_tlog: bool,
    /// Accept a certificate that no certificate log took in. Unsafe for the same reason.
    #[arg(long, conflicts_with = "key")]
    pub(crate) insecure_ignore_sct: bool,
    /// How the answer is printed.
    #[arg(long, short, value_enum, default_value_t)]
    pub(crate) output: Output,
}

/// `install-plugin`.
#[derive(Debug, Args)]
pub(crate) struct InstallPlugin {
    /// Replace a plugin `validate` that is not this program.
    #[arg(long)]
    pub(crate) force: bool,
}

/// The name under which the program is a plugin of faas-cli.
pub(crate) const PLUGIN: &str = "validate";

/// The arguments, with the verb put back that faas-cli drops when it starts a plugin.
pub(crate) fn as_typed(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let name = arguments.first().and_then(|it| Path::new(it).file_stem());
    if name.is_some_and(|name| name == PLUGIN) {
        arguments.insert(1, PLUGIN.into());
    }
    arguments
}

/// Shows what clap has to say: help ends well, a wrong argument does not.
pub(crate) fn explain(error: &clap::Error) -> Exit {
    // Nobody is left to be told when the stream is closed.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Accepted }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Vec<OsString> {
        as_typed(line.split(' ').map(OsString::from))
    }

    #[test]
    fn the_arguments_are_sound() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_plugin_gets_its_verb_back() {
        let as_plugin = typed("/home/a/.openfaas/plugins/validate -f stack.yml");
        assert_eq!(as_plugin[1], "validate");
        assert!(Arguments::try_parse_from(as_plugin).is_ok());
        assert_eq!(typed("faas-validator demo")[1], "demo");
    }
}
