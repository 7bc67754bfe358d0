//! CycloneDX 1.6 (ECMA-424), as JSON.

mod component;

use serde::Serialize;

use self::component::{Component, Property};
use crate::subject::{Subject, TOOL, TOOL_VERSION, to_the_second};

/// Writes the subject as a CycloneDX 1.6 document. Each package is a component with its layer and
/// path as properties; what could not be read makes the composition incomplete, and says so.
pub fn cyclonedx<'s>(subject: &'s Subject<'_>) -> impl Serialize + use<'s> {
    let components = component::all(subject.inventory);
    let image = component::image(subject);
    let depends_on = components.iter().map(|it| it.bom_ref.clone()).collect();
    Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: format!("urn:uuid:{}", subject.identity("CycloneDX").uuid()),
        version: 1,
        compositions: compositions(subject, &image.bom_ref),
        dependencies: [Dependency { of: image.bom_ref.clone(), depends_on }],
        metadata: Metadata {
            timestamp: subject.created.map(to_the_second),
            tools: Tools { components: [component::tool(TOOL, TOOL_VERSION)] },
            component: image,
            properties: unread(subject),
        },
        components,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'s> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'s>,
    components: Vec<Component<'s>>,
    dependencies: [Dependency; 1],
    compositions: Vec<Composition>,
}

#[derive(Serialize)]
struct Metadata<'s> {
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    tools: Tools<'s>,
    component: Component<'s>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Tools<'s> {
    components: [Component<'s>; 1],
}

/// The image needs what is in it. What needs what among them was not looked at.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    of: String,
    depends_on: Vec<String>,
}

/// How much of something is told.
#[derive(Serialize)]
struct Composition {
    aggregate: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assemblies: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<String>,
}

fn compositions(subject: &Subject<'_>, image: &str) -> Vec<Composition> {
    // A program of no known kind may be there without anything to show it, so a list without
    // gaps is still not known to be complete.
    let of_image = vec![image.to_owned()];
    let found = match subject.inventory.notes.is_empty() {
        true => "unknown",
        false => "incomplete",
    };
    vec![
        Composition { aggregate: found, assemblies: of_image.clone(), dependencies: Vec::new() },
        Composition { aggregate: "unknown", assemblies: Vec::new(), dependencies: of_image },
    ]
}

fn unread(subject: &Subject<'_>) -> Vec<Property> {
    let notes = subject.inventory.notes.iter();
    notes.map(|it| Property::new("unread", format!("/{}: {}", it.path, it.reason))).collect()
}
