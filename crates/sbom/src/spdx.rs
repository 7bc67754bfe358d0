//! SPDX 2.3 (ISO/IEC 5962), as JSON.

mod package;

use serde::Serialize;

use self::package::{Extracted, Package, Texts};
use crate::subject::{Subject, TOOL, TOOL_VERSION, to_the_second};

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const IMAGE: &str = "SPDXRef-Image";
/// The format asks for a time where the image says none.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// Writes the subject as an SPDX 2.3 document: the image, and the packages that it contains. Each
/// says in `sourceInfo` which layer brought it and which file showed it.
pub fn spdx<'s>(subject: &'s Subject<'_>) -> impl Serialize + use<'s> {
    let mut texts = Texts::default();
    let inventory = subject.inventory;
    let mut packages = vec![package::image(subject, IMAGE)];
    packages.extend(inventory.os_release.iter().map(package::operating_system));
    packages.extend(inventory.packages.iter().map(|it| package::package(it, &mut texts)));
    let relationships = relationships(&packages);
    let image = &inventory.image;
    Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: image.to_string(),
        namespace: format!("urn:uuid:{}", subject.identity("SPDX").uuid()),
        comment: comment(subject),
        creation: Creation {
            created: subject.created.map_or_else(|| NO_TIME.to_owned(), to_the_second),
            creators: [format!("Tool: {TOOL}-{TOOL_VERSION}")],
            license_list_version: license_list_version(),
        },
        packages,
        texts: texts.into_extracted(),
        relationships,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'s> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: String,
    #[serde(rename = "documentNamespace")]
    namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    comment: String,
    #[serde(rename = "creationInfo")]
    creation: Creation,
    packages: Vec<Package<'s>>,
    #[serde(rename = "hasExtractedLicensingInfos", skip_serializing_if = "Vec::is_empty")]
    texts: Vec<Extracted>,
    relationships: Vec<Relationship>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Creation {
    created: String,
    creators: [String; 1],
    license_list_version: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: String,
    relationship_type: &'static str,
    related_spdx_element: String,
}

/// The document describes the image, and the image contains all the rest. What needs what among
/// these was not looked at.
fn relationships(packages: &[Package<'_>]) -> Vec<Relationship> {
    let relationship = |of: &str, relationship_type, to: &str| Relationship {
        spdx_element_id: of.to_owned(),
        relationship_type,
        related_spdx_element: to.to_owned(),
    };
    let contained = packages.iter().filter(|it| it.id != IMAGE);
    let contains = contained.map(|it| relationship(IMAGE, "CONTAINS", &it.id));
    std::iter::once(relationship(DOCUMENT, "DESCRIBES", IMAGE)).chain(contains).collect()
}

/// What could not be read, and that the time is none.
fn comment(subject: &Subject<'_>) -> String {
    let silent = "The image does not say when it was made.".to_owned();
    let silent = Some(silent).filter(|_| subject.created.is_none());
    let notes = subject.inventory.notes.iter();
    let notes = notes.map(|it| format!("Not read: /{}: {}", it.path, it.reason));
    silent.into_iter().chain(notes).collect::<Vec<_>>().join("\n")
}

/// The two numbers that the format takes of the list's version.
fn license_list_version() -> String {
    ::spdx::license_version().split('.').take(2).collect::<Vec<_>>().join(".")
}
