//! What the user's own rules see of an image.

use inventory::{Inventory, Package};
use policy::{InputImage, InputPackage, InputVersion, PolicyInput};

use crate::scene::Scene;

/// The input document.
///
/// # Errors
/// When configuration or manifest cannot be shown as JSON.
pub(crate) fn of(
    scene: &Scene<'_>,
    inventory: &Inventory,
) -> Result<PolicyInput, serde_json::Error> {
    let (subject, image) = (&scene.request.subject, scene.image);
    Ok(PolicyInput {
        api_version: InputVersion::V1,
        phase: scene.request.phase,
        image: InputImage {
            reference: subject.image.clone(),
            repository: subject.image.repository.clone(),
            digest: subject.image.digest,
            declared: subject.declared.clone(),
            role: subject.role,
            place: subject.place,
            platform: subject.platform.clone(),
            config: serde_json::from_slice(image.config_json())?,
            manifest: serde_json::to_value(image.manifest())?,
        },
        packages: inventory.packages.iter().map(package).collect(),
        function: scene.request.function.clone(),
    })
}

fn package(package: &Package) -> InputPackage {
    InputPackage {
        purl: package.purl.clone(),
        name: package.name.clone(),
        version: package.version.clone(),
        ecosystem: package.ecosystem.to_string(),
        licenses: package.licenses.clone(),
        owned_by: package.owned_by.clone(),
        path: package.path.clone(),
        layer: package.layer.index,
    }
}
