//! `verify-blob`: was this file signed as its Sigstore bundle says, by whom the user names?
//! No network is asked: what is trusted is built in, or in the files that are named.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use ::signature::{
    Artifact, BUNDLE_BYTES_MAX, Bundle, BundleFault, CertificateAuthorities, Demand, Evidence,
    Identity, KeyedLog, KeyedSignature, PublicKey, Signer, TRUSTED_ROOT_BYTES_MAX, TextMatch,
    TextMatchError, TrustedRoot,
};
use verdict::{Digest, Sha256};

use crate::arguments::{Output, VerifyBlob};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{json, print};

/// A file is held in memory, where its digest does not suffice, up to this size.
const HELD_BYTES_MAX: usize = 256 << 20;
const TOO_LARGE_TO_HOLD: &str = "check that the bundle belongs to the file and is by whom you name; of a file above 256 MiB only signatures over its SHA-256 are verified (ECDSA P-256, RSA PKCS#1), so ask the signer for such a one";
const KEY_BYTES_MAX: usize = 64 << 10;
const AUTHORITIES_BYTES_MAX: usize = 256 << 10;

/// Whom the user trusts.
enum Trusted {
    Key(PublicKey),
    Identity(Identity),
    /// One certified by authorities of the user's own.
    Certified(Identity, CertificateAuthorities),
}

/// Runs the command.
pub(crate) fn run(arguments: &VerifyBlob) -> Result<Exit, Failure> {
    let trusted = trusted(arguments)?;
    let root = match (&trusted, arguments.insecure_ignore_tlog) {
        (Trusted::Key(_) | Trusted::Certified(..), true) => None,
        _ => Some(root(arguments.trusted_root.as_deref())?),
    };
    let bundle = read(&arguments.bundle, BUNDLE_BYTES_MAX, "the bundle")?;
    let bundle = Bundle::parse(&bundle).map_err(|error| {
        let what = format!("{} is no bundle that can be verified", arguments.bundle.display());
        let remedy = "get the bundle again from its source, or ask the signer for one of version 0.3 (`cosign sign-blob --bundle FILE`)";
        not_verified(what, remedy, &error)
    })?;
    let question = Question { bundle: &bundle, trusted: &trusted, root: root.as_ref(), arguments };
    let (digest, answer) = match digest(&arguments.artifact) {
        Some(digest) => (digest, question.ask(digest.into())),
        None => question.ask_of_file(&arguments.artifact)?,
    };
    let answer = answer.map_err(|fault| not_by(arguments, &fault, fault.remedy()))?;
    match (answer, &trusted) {
        (Answer::Key(signature), Trusted::Key(key)) => {
            show_keyed(arguments, &digest, key, &signature)
        }
        (Answer::Signer(signer), Trusted::Identity(identity) | Trusted::Certified(identity, _)) => {
            judge(arguments, &digest, identity, &signer)
        }
        // An answer is of the kind that was asked.
        _ => Err(usage("the bundle was not asked about", "name a key or an identity")),
    }
}

/// What is asked of the bundle.
struct Question<'a> {
    bundle: &'a Bundle,
    trusted: &'a Trusted,
    root: Option<&'a TrustedRoot>,
    arguments: &'a VerifyBlob,
}

/// Who signed.
enum Answer {
    Key(KeyedSignature),
    Signer(Signer),
}

impl Question<'_> {
    fn ask(&self, artifact: Artifact<'_>) -> Result<Answer, BundleFault> {
        let log = self.root.map_or(KeyedLog::WaivedUnsafe, KeyedLog::Required);
        match (self.trusted, self.root) {
            (Trusted::Key(key), _) => self.bundle.verify_keyed(artifact, key, log).map(Answer::Key),
            (Trusted::Certified(_, authorities), _) => {
                self.bundle.verify_certified(artifact, authorities, log).map(Answer::Signer)
            }
            (Trusted::Identity(_), Some(root)) => {
                let evidence = evidence(self.arguments);
                self.bundle.verify_keyless(artifact, root, evidence).map(Answer::Signer)
            }
            // Only of keys and certificates no root is asked for.
            (Trusted::Identity(_), None) => Err(BundleFault::NoCertificate),
        }
    }

    /// The file's SHA-256, and what is answered about it. Most signatures are over that digest, so
    /// the file streams by. Others are over its bytes (Ed25519) or another digest of them: then a
    /// file that is not too large is held.
    fn ask_of_file(&self, path: &Path) -> Result<(Digest, Result<Answer, BundleFault>), Failure> {
        let streamed = hash(path).map_err(|error| unread(path, "the file", &error))?;
        if let Some((digest, length)) = streamed {
            match self.ask(digest.into()) {
                Err(fault) if wants_bytes(&fault) && length > HELD_BYTES_MAX as u64 => {
                    return Err(not_by(self.arguments, &fault, TOO_LARGE_TO_HOLD));
                }
                Err(fault) if wants_bytes(&fault) => {}
                answer => return Ok((digest, answer)),
            }
        }
        let bytes = read(path, HELD_BYTES_MAX, "the file")?;
        Ok((Digest::of(&bytes), self.ask(bytes.as_slice().into())))
    }
}

/// Whether the bytes may verify where their SHA-256 did not.
fn wants_bytes(fault: &BundleFault) -> bool {
    // It is about something else whatever its signature is over.
    !matches!(
        fault,
        BundleFault::OtherArtifact | BundleFault::NoCertificate | BundleFault::OtherKey
    )
}

/// The SHA-256 and length of a file; nothing of what can be read only once, such as a pipe.
fn hash(path: &Path) -> io::Result<Option<(Digest, u64)>> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let (mut hash, mut buffer, mut length) = (Sha256::default(), vec![0; 64 << 10], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Some((hash.finish(), length))),
            count => {
                hash.update(buffer.get(..count).unwrap_or_default());
                length += count as u64;
            }
        }
    }
}

/// A digest, if that is what stands there and no file has such a name.
fn digest(artifact: &Path) -> Option<Digest> {
    let digest = artifact.to_str()?.to_ascii_lowercase().parse().ok()?;
    (!artifact.exists()).then_some(digest)
}

fn evidence(arguments: &VerifyBlob) -> Evidence {
    let unless = |waived| if waived { Demand::WaivedUnsafe } else { Demand::Required };
    Evidence {
        log: unless(arguments.insecure_ignore_tlog),
        certificate_log: unless(arguments.insecure_ignore_sct),
    }
}

fn trusted(arguments: &VerifyBlob) -> Result<Trusted, Failure> {
    if let Some(path) = &arguments.key {
        let pem = read(path, KEY_BYTES_MAX, "the key")?;
        let key = PublicKey::from_pem(&String::from_utf8_lossy(&pem)).map_err(|error| {
            let what = format!("{} is no public key that can be used", path.display());
            not_verified(what, "name a public key in PEM, such as cosign.pub", &error)
        })?;
        return Ok(Trusted::Key(key));
    }
    let subject = text(&arguments.certificate_identity, &arguments.certificate_identity_regexp);
    let own = authorities(arguments)?;
    let (exact, pattern) =
        (&arguments.certificate_oidc_issuer, &arguments.certificate_oidc_issuer_regexp);
    let issuer = match own.is_some() && exact.is_none() && pattern.is_none() {
        true => Ok(TextMatch::anything_unsafe()), // the authorities are the issuer
        false => text(exact, pattern),
    };
    let both = || {
        Ok::<_, TextMatchError>(Identity {
            issuer: issuer?,
            subject: subject?,
            extensions: Default::default(),
        })
    };
    let wrong = |error: TextMatchError| {
        usage("the signer's identity cannot be used", "name the identity and its issuer, each exactly or as a regular expression over the whole of it")
            .because(&error)
    };
    let identity = both().map_err(wrong)?;
    Ok(match own {
        Some(authorities) => Trusted::Certified(identity, authorities),
        None => Trusted::Identity(identity),
    })
}

/// The certificate authorities of the user's own, if any are named.
fn authorities(arguments: &VerifyBlob) -> Result<Option<CertificateAuthorities>, Failure> {
    let named = arguments.ca_roots.as_ref().or(arguments.certificate_chain.as_ref());
    let Some(path) = named else { return Ok(None) };
    let pem = read(path, AUTHORITIES_BYTES_MAX, "the file of certificate authorities")?;
    let mut authorities = CertificateAuthorities::default();
    authorities.add(&String::from_utf8_lossy(&pem)).map_err(|error| {
        let what = format!("{} holds no certificate authorities that can be used", path.display());
        not_verified(what, "name a PEM file of the certificates of your authorities", &error)
    })?;
    Ok(Some(authorities))
}

fn text(exact: &Option<String>, regexp: &Option<String>) -> Result<TextMatch, TextMatchError> {
    match (exact, regexp) {
        (_, Some(pattern)) => TextMatch::regex(pattern),
        (exact, None) => TextMatch::exact(exact.as_deref().unwrap_or_default()),
    }
}

fn root(path: Option<&Path>) -> Result<TrustedRoot, Failure> {
    let Some(path) = path else {
        return TrustedRoot::public_good().map_err(|error| {
            not_verified(
                "the built-in trusted root cannot be used",
                "name one: --trusted-root",
                &error,
            )
        });
    };
    let bytes = read(path, TRUSTED_ROOT_BYTES_MAX, "the trusted root")?;
    TrustedRoot::from_json(&bytes).map_err(|error| {
        let what = format!("{} is no trusted root that can be used", path.display());
        not_verified(what, "get trusted_root.json again from who runs the instance", &error)
    })
}

/// Reads a file up to a limit.
fn read(path: &Path, bytes_max: usize, what: &str) -> Result<Vec<u8>, Failure> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(bytes_max as u64 + 1).read_to_end(&mut bytes)?;
        match bytes.len() > bytes_max {
            true => Err(io::Error::other(format!("it has more than {bytes_max} bytes"))),
            false => Ok(bytes),
        }
    };
    read().map_err(|error| unread(path, what, &error))
}

fn unread(path: &Path, what: &str, error: &dyn Error) -> Failure {
    let what = format!("{what} {} cannot be read", path.display());
    not_verified(what, "name a file that can be read", error)
}

/// Whether who signed is who must have.
fn judge(
    arguments: &VerifyBlob,
    artifact: &Digest,
    identity: &Identity,
    signer: &Signer,
) -> Result<Exit, Failure> {
    if !identity.is(signer) {
        let what = format!(
            "{} is signed by {} (for whom {} vouches), and accepted would be {identity}",
            arguments.artifact.display(),
            signer.subject,
            signer.issuer,
        );
        let remedy = "find out whether that signer is whom you trust, and name that identity only once you know";
        return Err(Failure::usage(what, remedy).exit(Exit::Rejected));
    }
    let times: Vec<String> = signer.times.iter().map(ToString::to_string).collect();
    match arguments.output {
        Output::Json => json(&serde_json::json!({
            "verified": true,
            "artifact": artifact,
            "issuer": signer.issuer,
            "subject": signer.subject,
            "extensions": signer.extensions,
            "times": times,
            "waived": waived(arguments),
        }))?,
        Output::Table => print(&format!(
            "verified: {} is signed by {} (for whom {} vouches), {}\n{}",
            artifact,
            signer.subject,
            signer.issuer,
            times.join(", "),
            unsafe_note(arguments),
        ))?,
    }
    Ok(Exit::Accepted)
}

fn show_keyed(
    arguments: &VerifyBlob,
    artifact: &Digest,
    key: &PublicKey,
    signature: &KeyedSignature,
) -> Result<Exit, Failure> {
    let times: Vec<String> = signature.times.iter().map(ToString::to_string).collect();
    match arguments.output {
        Output::Json => json(&serde_json::json!({
            "verified": true,
            "artifact": artifact,
            "key": key.id(),
            "algorithm": signature.algorithm.to_string(),
            "times": times,
            "waived": waived(arguments),
        }))?,
        Output::Table => print(&format!(
            "verified: {} is signed with the key {} ({})\n{}",
            artifact,
            key.id(),
            signature.algorithm,
            unsafe_note(arguments),
        ))?,
    }
    Ok(Exit::Accepted)
}

/// What the user waived; it is said in every answer.
fn waived(arguments: &VerifyBlob) -> Vec<&'static str> {
    let tlog = arguments.insecure_ignore_tlog.then_some("insecure-ignore-tlog");
    let sct = arguments.insecure_ignore_sct.then_some("insecure-ignore-sct");
    tlog.into_iter().chain(sct).collect()
}

fn unsafe_note(arguments: &VerifyBlob) -> String {
    match waived(arguments).as_slice() {
        [] => String::new(),
        waived => format!("not asked for: {}\n", waived.join(", ")),
    }
}

fn not_by(arguments: &VerifyBlob, error: &dyn Error, remedy: &str) -> Failure {
    let what = format!("{} is not verified", arguments.artifact.display());
    not_verified(what, remedy, error)
}

fn not_verified(what: impl Into<String>, remedy: &str, error: &dyn Error) -> Failure {
    Failure::usage(what, remedy).because(error).exit(Exit::Rejected)
}

fn usage(what: &str, remedy: &str) -> Failure {
    Failure::usage(what, remedy)
}
