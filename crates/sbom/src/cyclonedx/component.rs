//! What is in the image, and the image itself, as components.

use inventory::{Ecosystem, Inventory, OsRelease, Package};
use serde::Serialize;

use crate::license::License;
use crate::subject::Subject;

/// A component, as far as anything is known of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component<'s> {
    #[serde(rename = "bom-ref", skip_serializing_if = "String::is_empty")]
    pub(super) bom_ref: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'s str>,
    name: &'s str,
    #[serde(skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'s str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

/// A name and a value of our own.
#[derive(Serialize)]
pub(super) struct Property {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

/// Either one expression, or any number of licences.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Choice {
    License(Named),
    #[serde(untagged)]
    Expression {
        expression: String,
        acknowledgement: &'static str,
    },
}

#[derive(Serialize)]
struct Named {
    name: String,
    acknowledgement: &'static str,
}

/// Where it was found.
#[derive(Serialize)]
struct Evidence {
    occurrences: Vec<Occurrence>,
}

#[derive(Serialize)]
struct Occurrence {
    location: String,
}

impl Property {
    pub(super) fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: format!("faas-validator:{name}"), value: value.into() }
    }
}

impl<'s> Component<'s> {
    fn new(kind: &'static str, name: &'s str, version: impl Into<String>) -> Self {
        Self {
            bom_ref: String::new(),
            kind,
            group: None,
            name,
            version: version.into(),
            description: None,
            hashes: Vec::new(),
            licenses: Vec::new(),
            purl: None,
            evidence: None,
            properties: Vec::new(),
        }
    }
}

/// The program that writes.
pub(super) fn tool<'s>(name: &'s str, version: &str) -> Component<'s> {
    Component::new("application", name, version)
}

/// The image: its digest is its version.
pub(super) fn image<'s>(subject: &'s Subject<'_>) -> Component<'s> {
    let image = &subject.inventory.image;
    let purl = subject.purl();
    let layers = subject.layers.iter().map(|it| Property::new("image:layer", it.to_string()));
    let facts = [
        Property::new("image:config", subject.config.to_string()),
        Property::new("image:platform", subject.platform.to_string()),
    ];
    let base = subject.inventory.base.iter().flat_map(|base| {
        let (image, layers) = (base.image.to_string(), base.layers.to_string());
        [Property::new("image:base", image), Property::new("image:baseLayers", layers)]
    });
    Component {
        bom_ref: purl.clone(),
        hashes: vec![Hash { alg: "SHA-256", content: image.digest.hex() }],
        purl: Some(purl),
        properties: facts.into_iter().chain(base).chain(layers).collect(),
        ..Component::new("container", &image.repository, image.digest.to_string())
    }
}

/// The distribution, then the packages, in the inventory's order.
pub(super) fn all(inventory: &Inventory) -> Vec<Component<'_>> {
    let system = inventory.os_release.iter().map(operating_system);
    system.chain(inventory.packages.iter().map(component)).collect()
}

fn operating_system(release: &OsRelease) -> Component<'_> {
    Component {
        bom_ref: "operating-system".to_owned(),
        description: Some(release.pretty_name.as_str()).filter(|it| !it.is_empty()),
        ..Component::new("operating-system", &release.id, release.version_id.clone())
    }
}

fn component(package: &Package) -> Component<'_> {
    let kind = match package.ecosystem {
        Ecosystem::Binary => "application",
        _ => "library",
    };
    let (group, name) = named(package);
    Component {
        bom_ref: Subject::package_identity(package).to_string(),
        group,
        licenses: choices(&package.licenses),
        purl: Some(package.purl.clone()),
        evidence: Some(evidence(package)),
        properties: properties(package),
        ..Component::new(kind, name, package.version.clone())
    }
}

/// A name that has a group before it, as CycloneDX writes such ones.
fn named(package: &Package) -> (Option<&str>, &str) {
    let parts = match package.ecosystem {
        Ecosystem::Npm | Ecosystem::Composer => package.name.split_once('/'),
        Ecosystem::Maven => package.name.split_once(':'),
        _ => None,
    };
    parts.map_or((None, package.name.as_str()), |(group, name)| (Some(group), name))
}

fn choices(declared: &[String]) -> Vec<Choice> {
    let acknowledgement = "declared";
    let licenses = License::all(declared);
    let expressions: Vec<String> = licenses.iter().filter_map(License::expression).collect();
    if !licenses.is_empty() && expressions.len() == licenses.len() {
        let expression = License::conjunction(&expressions);
        return vec![Choice::Expression { expression, acknowledgement }];
    }
    let name = |it: License| Choice::License(Named { name: it.into_words(), acknowledgement });
    licenses.into_iter().map(name).collect()
}

fn evidence(package: &Package) -> Evidence {
    let places = std::iter::once(&package.path).chain(&package.also_at);
    let occurrences = places.map(|it| Occurrence { location: format!("/{it}") }).collect();
    Evidence { occurrences }
}

fn properties(package: &Package) -> Vec<Property> {
    let layer = &package.layer;
    let mut properties = vec![
        Property::new("ecosystem", package.ecosystem.name()),
        Property::new("layer:index", layer.index.to_string()),
        Property::new("layer:digest", layer.digest.to_string()),
        Property::new("layer:diffID", layer.diff_id.to_string()),
        Property::new("path", format!("/{}", package.path)),
    ];
    if let Some(origin) = package.origin {
        properties.push(Property::new("origin", origin.name()));
    }
    if let Some(owner) = &package.owned_by {
        properties.push(Property::new("ownedBy", owner.clone()));
    }
    if let Some(source) = &package.source {
        properties.push(Property::new("source:name", source.name.clone()));
        properties.push(Property::new("source:version", source.version.clone()));
    }
    properties
}
