//! What one Java archive says of itself.

use super::group::{self, Said};
use crate::catalog::{Found, split_last};
use crate::ecosystem::Ecosystem;

/// What was seen in an archive so far.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// The artifacts that Maven noted: one, or several where others were put in (shaded).
    artifacts: Vec<Coordinates>,
    /// Those of which it noted the `pom.xml`: groups and names, for versions stand elsewhere.
    projects: Vec<Coordinates>,
    manifest: Manifest,
}

/// What Maven calls something, without its version.
#[derive(Debug)]
struct Coordinates {
    group: String,
    artifact: String,
}

/// Past this many notes nobody asks which is the archive's own.
const ARTIFACTS_MAX: usize = 1024;

/// What of a manifest names the archive.
#[derive(Debug, Default)]
struct Manifest {
    title: Option<String>,
    version: Option<String>,
    vendor_id: Option<String>,
    bundle_name: Option<String>,
    bundle_version: Option<String>,
}

impl Evidence {
    /// Takes a `pom.properties`, as Maven's archiver writes it.
    pub(super) fn pom(&mut self, text: &[u8]) -> Option<Found> {
        let text = String::from_utf8_lossy(text);
        let value = |key: &str| {
            let mut lines = text.lines().map(str::trim).filter(|it| !it.starts_with('#'));
            let value = lines.find_map(|it| {
                let (name, value) = it.split_once(['=', ':'])?;
                (name.trim() == key).then(|| value.trim().to_owned())
            });
            value.filter(|it| is_word(it))
        };
        let (group, artifact) = (value("groupId")?, value("artifactId")?);
        let found = found(format!("{group}:{artifact}"), value("version")?);
        if self.artifacts.len() < ARTIFACTS_MAX {
            self.artifacts.push(Coordinates { group, artifact });
        }
        Some(found)
    }

    /// Takes the names of the folders of a `pom.xml`.
    pub(super) fn project(&mut self, group: &[u8], artifact: &[u8]) {
        let word = |it| String::from_utf8(Vec::from(it)).ok().filter(|it| is_word(it));
        if let (Some(group), Some(artifact)) = (word(group), word(artifact))
            && self.projects.len() < ARTIFACTS_MAX
        {
            self.projects.push(Coordinates { group, artifact });
        }
    }

    /// Takes the manifest: its main section.
    pub(super) fn manifest(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text).replace("\r\n", "\n").replace("\n ", "");
        for line in text.lines().take_while(|it| !it.is_empty()) {
            let Some((name, value)) = line.split_once(':') else { continue };
            let manifest = &mut self.manifest;
            let field = match name.to_ascii_lowercase().as_str() {
                "implementation-title" => &mut manifest.title,
                "implementation-version" => &mut manifest.version,
                "implementation-vendor-id" => &mut manifest.vendor_id,
                "bundle-symbolicname" => &mut manifest.bundle_name,
                "bundle-version" => &mut manifest.bundle_version,
                _ => continue,
            };
            // A name may be followed by directives: `a.b;singleton:=true`.
            let value = value.split(';').next().unwrap_or_default().trim();
            *field = Some(value.to_owned()).filter(|it| is_word(it));
        }
    }

    /// The archive itself, if Maven has not noted it.
    pub(super) fn close(self, path: &[u8]) -> Option<Found> {
        let name = split_last(path).1;
        let name = String::from_utf8_lossy(name);
        let stem = name.rsplit_once('.').map_or(&*name, |it| it.0);
        let named = artifact_and_version(stem);
        // A name without a version is given freely: what Maven noted is all that counts.
        if self.artifacts.iter().any(|it| it.are_of(stem))
            || (!self.artifacts.is_empty() && named.is_none())
        {
            return None;
        }
        if let Some((group, artifact, version)) = group::of_place(path) {
            return Some(found(format!("{group}:{artifact}"), version.to_owned()));
        }
        // Of what is put together of others the manifest may be one of theirs.
        let manifest = Some(self.manifest).filter(|_| self.artifacts.is_empty());
        let Manifest { title, version, vendor_id, bundle_name, bundle_version } =
            manifest.unwrap_or_default();
        let version = match (version.or(bundle_version), named) {
            (Some(said), Some((_, named))) if is_in_other_words(named, &said) => named.to_owned(),
            (Some(said), _) => said,
            (None, named) => named?.1.to_owned(),
        };
        let own = match &*self.projects {
            [alone] if named.is_none() => Some(alone),
            projects => projects.iter().find(|it| it.are_of(stem)),
        };
        if let Some(Coordinates { group, artifact }) = own {
            return Some(found(format!("{group}:{artifact}"), version));
        }
        let bundle = bundle_name.as_deref().and_then(|it| it.rsplit_once('.'));
        let artifact = named.map(|it| it.0.to_owned()).or(title);
        // `com.google.inject.tools.jmx` in `guice-jmx.jar`.
        let is_short = |it: &str| stem.strip_suffix(it).is_some_and(|it| it.ends_with('-'));
        let of_bundle =
            |(_, last): (&str, &str)| if is_short(last) { stem } else { last }.to_owned();
        let artifact = artifact.or_else(|| bundle.map(of_bundle))?;
        let said = Said { bundle: bundle_name.as_deref(), vendor: vendor_id.as_deref() };
        let name = match group::of(&artifact, &said) {
            Some(group) => format!("{group}:{artifact}"),
            None => artifact,
        };
        Some(found(name, version))
    }
}

impl Coordinates {
    /// Whether an archive of this name is theirs: `ARTIFACT`, `ARTIFACT-1.2`, or with the group in
    /// front, as Quarkus lays archives beside each other. Debian writes `-` for `_`.
    fn are_of(&self, stem: &str) -> bool {
        let dashed = |text: &str| text.replace('_', "-");
        let (stem, artifact) = (dashed(stem), dashed(&self.artifact));
        let names = [format!("{}.{artifact}", dashed(&self.group)), artifact];
        let mut rests = names.iter().filter_map(|it| stem.strip_prefix(it.as_str()));
        rests.any(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}

/// `log4j-1.2-api-2.14.1` is `log4j-1.2-api` in `2.14.1`: the last run of parts that begin with a
/// digit, and what follows it.
pub(super) fn artifact_and_version(stem: &str) -> Option<(&str, &str)> {
    let begins_number = |at: usize| stem.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
    let dashes: Vec<usize> = stem.match_indices('-').map(|it| it.0).take(64).collect();
    let mut start = None;
    for at in dashes.into_iter().rev() {
        match (begins_number(at), start) {
            (true, _) => start = Some(at),
            (false, Some(_)) => break,
            (false, None) => {}
        }
    }
    let start = start.filter(|it| *it > 0)?;
    Some((&stem[..start], &stem[start + 1..]))
}

/// Whether a manifest says the version that the file is named by in other words: OSGi's `1.69.0`
/// for `1.69`, `31.1.0.jre` for `31.1-jre`, a build's `1.6.10-release-923`. Repositories and advisories
/// know the file's. One that goes on with numbers is more exact, and one before a release another.
fn is_in_other_words(named: &str, said: &str) -> bool {
    let ((named_numbers, named_word), (numbers, word)) = (parts(named), parts(said));
    let is_classified = named.strip_prefix(said).is_some_and(|it| it.starts_with('-'));
    let is_before = |word: &str| BEFORE_RELEASES.iter().any(|it| word.starts_with(it));
    numbers == named_numbers
        && (!is_classified || is_before(&named_word))
        && (is_before(&named_word) || !is_before(&word))
}

/// How words of versions begin that come before a release.
const BEFORE_RELEASES: [&str; 8] = ["alpha", "beta", "m", "rc", "cr", "snapshot", "pre", "ea"];

/// The numbers that a version begins with, without zeros at their end, and the word after them.
fn parts(version: &str) -> (Vec<&str>, String) {
    let is_number = |it: &&str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    let mut all = version.split(['.', '-', '_', '+']).peekable();
    let mut numbers: Vec<&str> = Vec::new();
    while let Some(number) = all.next_if(is_number) {
        numbers.push(number.trim_start_matches('0'));
    }
    while numbers.last().is_some_and(|it| it.is_empty()) {
        numbers.pop();
    }
    (numbers, all.next().unwrap_or_default().to_ascii_lowercase())
}

/// Whether it is a name or version, and neither prose nor a variable that nobody filled in.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() < 256 && !text.contains(['$', '{', ' ', '\t'])
}

fn found(name: String, version: String) -> Found {
    Found::new(Ecosystem::Maven, name, version)
}
