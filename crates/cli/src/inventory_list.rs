//! `inventory`: the packages of an image, as a table, JSON, CycloneDX or SPDX.

use std::sync::Arc;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use inventory::{Base, Inventories};
use sbom::Subject;

use crate::arguments::{Inventory, Listing};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judge::{Candidate, Judge};
use crate::render::{json, one_line, print};
use crate::{bases, claimed, layer_cache, surroundings};

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
    let base = bases::named(&judge, arguments.base.as_deref(), &arguments.platform)?;
    let candidate = Candidate { base, ..Candidate::image(&arguments.image) };
    let request = judge.request(&candidate, &arguments.platform, &image);
    let (inventory, doubt) = match Base::of(&image, &request.subject, &*judge.images()) {
        Ok(Some(base)) => (Arc::new(inventory::Inventory::clone(&inventory).on(base)), None),
        Ok(None) => (inventory, None),
        Err(fault) => (inventory, Some(fault)),
    };
    let inventory = match arguments.output {
        // Ours is written from what was found, whatever others wrote.
        Listing::Cyclonedx | Listing::Spdx => inventory,
        Listing::Json | Listing::Table => {
            let mut inventory = Arc::unwrap_or_clone(inventory);
            inventory.claimed_bills = claimed::bills(&image, &inventory);
            Arc::new(inventory)
        }
    };
    let subject = Subject::new(&image, &inventory);
    match arguments.output {
        Listing::Json => json(&*inventory)?,
        Listing::Cyclonedx => json(&sbom::cyclonedx(&subject))?,
        Listing::Spdx => json(&sbom::spdx(&subject))?,
        Listing::Table => print(&table(&inventory))?,
    }
    if let Some(doubt) = doubt {
        let why = verdict::causes(&doubt);
        let why = if why.is_empty() { why } else { format!(": {why}") };
        surroundings::note(&one_line(&format!("{doubt}{why}")));
    }
    // A file that could not be read may hold packages: the list is not all there is.
    Ok(if inventory.notes.is_empty() { Exit::Accepted } else { Exit::Undecided })
}

fn table(inventory: &inventory::Inventory) -> String {
    let mut table = Table::new();
    let mut header = vec!["PACKAGE", "VERSION", "KIND", "LAYER", "FOUND IN"];
    if inventory.base.is_some() {
        header.insert(4, "FROM");
    }
    table.load_style(NOTHING).set_header(header);
    for package in &inventory.packages {
        let mut row = vec![
            one_line(&package.name),
            one_line(&package.version),
            package.ecosystem.to_string(),
            package.layer.index.to_string(),
            format!("/{}", one_line(&package.path)),
        ];
        if let Some(origin) = package.origin {
            row.insert(4, origin.name().to_owned());
        }
        table.add_row(row);
    }
    let mut text = format!("{table}\n{} packages", inventory.packages.len());
    if let Some(os_release) = &inventory.os_release {
        let (id, version) = (one_line(&os_release.id), one_line(&os_release.version_id));
        text.push_str(&format!(" on {id} {version}"));
    }
    text.push('\n');
    text.extend(inventory.base.as_ref().map(|base| shares(base, inventory)));
    text.push_str(&claimed::table(&inventory.claimed_bills));
    for note in &inventory.notes {
        text.push_str(&format!(
            "not read: /{}: {}\n",
            one_line(&note.path),
            one_line(&note.reason)
        ));
    }
    text
}

/// How many packages come from the base image, and which that is.
fn shares(base: &Base, inventory: &inventory::Inventory) -> String {
    let of_base = inventory.packages.iter().filter(|it| base.has(&it.layer)).count();
    let own = inventory.packages.len() - of_base;
    let image = one_line(&base.image.to_string());
    format!(
        "{of_base} from the base image {image} (the lowest {} layers), {own} own\n",
        base.layers
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_image_says_of_itself_does_not_command_the_terminal() {
        let digest = oci_image::Digest::of(b"");
        let layer = serde_json::json!({"index": 0, "digest": digest, "diff_id": digest});
        let inventory = serde_json::from_value(serde_json::json!({
            "image": format!("r.io/fn@{digest}"),
            "digest": digest,
            "os_release": {"id": "\u{1b}[2J", "version_id": "1\n2"},
            "packages": [{
                "purl": "pkg:npm/a@1", "name": "a\u{1b}]0;owned\u{7}", "version": "1\r2\n3",
                "ecosystem": "npm", "layer": layer, "path": "a\u{9b}31m/package.json",
            }],
            "notes": [{"path": "b\nnot read: nothing", "reason": "\u{1b}[8m", "layer": layer}],
            "counts": {"layers": 1, "entries": 2, "inflated_bytes": 3, "packages": 1},
        }));
        let text = table(&inventory.unwrap());
        assert!(!text.chars().any(|it| it.is_control() && it != '\n'), "{text:?}");
        assert_eq!(text.lines().count(), 4, "{text}");
    }
}
