//! `inventory`: the packages of an image, as a table, JSON, CycloneDX or SPDX.

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use inventory::Inventories;
use sbom::Subject;

use crate::arguments::{Inventory, Listing};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judge::Judge;
use crate::layer_cache;
use crate::render::{json, print};

/// Runs the command.
pub(crate) fn run(arguments: &Inventory) -> Result<Exit, Failure> {
    let judge = Judge::for_inventory(arguments.policy.as_deref())?;
    let unread = |error: &oci_image::ImageError| {
        let what = format!("the packages of {} cannot be listed", arguments.image);
        Failure::usage(what, error.remedy()).because(error).exit(Exit::Undecided)
    };
    let image = judge.open(&arguments.image, &arguments.platform).map_err(|it| unread(&it))?;
    let inventory = Inventories::with_cache(layer_cache::open(arguments.no_cache))
        .of(&image)
        .map_err(|it| unread(&it))?;
    let subject = Subject::new(&image, &inventory);
    match arguments.output {
        Listing::Json => json(&*inventory)?,
        Listing::Cyclonedx => json(&sbom::cyclonedx(&subject))?,
        Listing::Spdx => json(&sbom::spdx(&subject))?,
        Listing::Table => print(&table(&inventory))?,
    }
    // A file that could not be read may hold packages: the list is not all there is.
    Ok(if inventory.notes.is_empty() { Exit::Accepted } else { Exit::Undecided })
}

fn table(inventory: &inventory::Inventory) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["PACKAGE", "VERSION", "KIND", "LAYER", "FOUND IN"]);
    for package in &inventory.packages {
        table.add_row([
            package.name.clone(),
            package.version.clone(),
            package.ecosystem.to_string(),
            package.layer.index.to_string(),
            format!("/{}", package.path),
        ]);
    }
    let mut text = format!("{table}\n{} packages", inventory.packages.len());
    if let Some(os_release) = &inventory.os_release {
        text.push_str(&format!(" on {} {}", os_release.id, os_release.version_id));
    }
    text.push('\n');
    for note in &inventory.notes {
        text.push_str(&format!("not read: /{}: {}\n", note.path, note.reason));
    }
    text
}
