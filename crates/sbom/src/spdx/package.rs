//! Packages of a document, and the words of licences that are no expressions.

use std::collections::BTreeMap;

use inventory::{Ecosystem, Origin, OsRelease};
use serde::Serialize;

use crate::identity::Identity;
use crate::license::License;
use crate::subject::{Subject, layer_in_words};

/// What nothing is said of.
const SILENT: &str = "NOASSERTION";

/// A package, as far as anything is known of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package<'s> {
    #[serde(rename = "SPDXID")]
    pub(super) id: String,
    name: &'s str,
    #[serde(skip_serializing_if = "String::is_empty")]
    version_info: String,
    primary_package_purpose: &'static str,
    supplier: &'static str,
    download_location: &'static str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum>,
    #[serde(skip_serializing_if = "String::is_empty")]
    source_info: String,
    license_concluded: &'static str,
    license_declared: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_comments: Option<&'static str>,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'s str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<ExternalRef>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum {
    algorithm: &'static str,
    checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalRef {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: String,
}

/// A licence that the list does not know, in the words of those who declare it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Extracted {
    license_id: String,
    extracted_text: String,
    comment: &'static str,
}

/// The words of licences, by the references that stand for them.
#[derive(Default)]
pub(super) struct Texts(BTreeMap<String, String>);

impl Texts {
    /// The reference that stands for these words: readable where they are few.
    fn reference(&mut self, words: String) -> String {
        const READABLE_MAX: usize = 40;
        let is_readable = |it: char| it.is_ascii_alphanumeric() || it == '.' || it == '-';
        let readable: String =
            words.chars().map(|it| if is_readable(it) { it } else { '-' }).collect();
        let id = match readable == words && words.len() <= READABLE_MAX {
            true => format!("LicenseRef-{readable}"),
            // Words that are written alike here are still told apart.
            false => format!("LicenseRef-{}", Identity::of(&["license", &words])),
        };
        self.0.insert(id.clone(), words);
        id
    }

    pub(super) fn into_extracted(self) -> Vec<Extracted> {
        let comment = "The name by which a package declares its licence, not the licence's text.";
        let extracted =
            |(license_id, extracted_text)| Extracted { license_id, extracted_text, comment };
        self.0.into_iter().map(extracted).collect()
    }
}

impl<'s> Package<'s> {
    fn new(id: &str, name: &'s str, version_info: String, purpose: &'static str) -> Self {
        Self {
            id: id.to_owned(),
            name,
            version_info,
            primary_package_purpose: purpose,
            supplier: SILENT,
            download_location: SILENT,
            files_analyzed: false,
            checksums: Vec::new(),
            source_info: String::new(),
            license_concluded: SILENT,
            license_declared: SILENT.to_owned(),
            license_comments: None,
            copyright_text: SILENT,
            summary: None,
            external_refs: Vec::new(),
        }
    }
}

/// The image: its digest is its version.
pub(super) fn image<'s>(subject: &'s Subject<'_>, id: &str) -> Package<'s> {
    let image = &subject.inventory.image;
    let digest = image.digest;
    let layers: Vec<String> = subject.layers.iter().map(ToString::to_string).collect();
    let (config, platform) = (subject.config, &subject.platform);
    let base = subject.inventory.base.as_ref();
    let base = base.map(|it| format!("; the lowest {} are those of {}", it.layers, it.image));
    Package {
        checksums: vec![Checksum { algorithm: "SHA256", checksum_value: digest.hex() }],
        source_info: format!(
            "image for {platform}; configuration {config}; layers, lowest first: {}{}",
            layers.join(" "),
            base.unwrap_or_default()
        ),
        external_refs: vec![purl(subject.purl())],
        ..Package::new(id, &image.repository, digest.to_string(), "CONTAINER")
    }
}

/// The distribution.
pub(super) fn operating_system(release: &OsRelease) -> Package<'_> {
    let id = "SPDXRef-OperatingSystem";
    Package {
        summary: Some(release.pretty_name.as_str()).filter(|it| !it.is_empty()),
        ..Package::new(id, &release.id, release.version_id.clone(), "OPERATING_SYSTEM")
    }
}

/// A package, with the words of its licences among the texts.
pub(super) fn package<'s>(package: &'s inventory::Package, texts: &mut Texts) -> Package<'s> {
    let purpose = match package.ecosystem {
        Ecosystem::Binary => "APPLICATION",
        _ => "LIBRARY",
    };
    let id = format!("SPDXRef-Package-{}", Subject::package_identity(package));
    let declared = License::all(&package.licenses);
    let is_list = declared.len() > 1;
    let comment = "Declared as a list, which does not say whether all or any of them.";
    Package {
        source_info: source_info(package),
        license_declared: expression(declared, texts),
        license_comments: is_list.then_some(comment),
        external_refs: vec![purl(package.purl.clone())],
        ..Package::new(&id, &package.name, package.version.clone(), purpose)
    }
}

fn expression(declared: Vec<License>, texts: &mut Texts) -> String {
    let term = |license| match license {
        License::Expression(expression) => expression,
        License::Named(words) => texts.reference(words),
    };
    match declared.into_iter().map(term).collect::<Vec<_>>().as_slice() {
        [] => SILENT.to_owned(),
        terms => License::conjunction(terms),
    }
}

fn source_info(package: &inventory::Package) -> String {
    let layer = layer_in_words(&package.layer);
    let mut text = format!("{layer} brought it; /{} shows it", package.path);
    if let Some(origin) = package.origin {
        text.push_str(match origin {
            Origin::Base => "; it comes from the base image",
            Origin::Own => "; it is the image's own",
        });
    }
    if !package.also_at.is_empty() {
        text.push_str(&format!("; also named by /{}", package.also_at.join(", /")));
    }
    if let Some(owner) = &package.owned_by {
        text.push_str(&format!("; part of {owner}"));
    }
    if let Some(source) = &package.source {
        text.push_str(&format!("; built from {} {}", source.name, source.version));
    }
    text
}

fn purl(reference_locator: String) -> ExternalRef {
    let (reference_category, reference_type) = ("PACKAGE-MANAGER", "purl");
    ExternalRef { reference_category, reference_type, reference_locator }
}
