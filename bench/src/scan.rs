//! Scanning real images: CPU time and memory against the floor, against what was kept, and against
//! syft.

use std::path::Path;

use crate::part::{Cost, Part, median, open};
use crate::{Measured, image, peer};

const RATIO_MAX: f64 = 1.3;
const RUNS: usize = 5;

pub(crate) fn measure() -> Vec<Measured> {
    let debian = image::debian();
    let (mut measured, scan) = against_floor("Debian", &debian, 40.0);
    measured.push(warm("Debian", &debian));
    measured.extend(peer::measure(&debian, &scan));
    let alpine = image::alpine_like();
    let runs = (0..RUNS).map(|_| Part::new("scan", &alpine).run()).collect();
    let scan = median(runs);
    measured.push(Measured::at_most(
        "inventory of a root like Alpine's",
        scan.wall_s * 1e3,
        50.0,
        "ms",
    ));
    measured.push(Measured::at_most("  memory", scan.memory_mb, 20.0, "MB"));
    if std::env::var_os("BENCH_LARGE").is_some_and(|it| it != "0") {
        let large = image::large();
        let (more, scan) = against_floor("Debian with nodejs, npm, openjdk, golang", &large, 96.0);
        measured.extend(more);
        let ratio = scan.wall_s / scan.cpu_s;
        measured.push(Measured::at_most("  time on 2 cores / CPU", ratio, 0.65, "x"));
        // Without a bar of its own: no second layer to read meanwhile.
        let (_, scan) = against_floor("the same in one layer", &image::large_in_one(), 96.0);
        println!("  time on 2 cores / CPU: {:.2}x", scan.wall_s / scan.cpu_s);
    }
    measured
}

fn against_floor(what: &str, layout: &Path, memory_max: f64) -> (Vec<Measured>, Cost) {
    let size: u64 = open(layout, &oci_image::Limits::default())
        .layers()
        .iter()
        .map(|it| it.descriptor.size)
        .sum();
    let (mut floors, mut stored, mut scans) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        floors.push(Part::new("floor", layout).run());
        stored.push(Part::new("floor-stored", layout).run());
        scans.push(Part::new("scan", layout).run());
    }
    let (floor, stored, scan) = (median(floors), median(stored), median(scans));
    println!(
        "{what}, {:.0} MB gzip: floor {:.2} s CPU, {:.2} s without the inflated digest; inventory {:.2} s CPU, {:.2} s, {:.0} MB, {}",
        size as f64 / 1e6,
        floor.cpu_s,
        stored.cpu_s,
        scan.cpu_s,
        scan.wall_s,
        scan.memory_mb,
        scan.said,
    );
    println!("  CPU / floor with both digests: {:.2}x", scan.cpu_s / floor.cpu_s);
    let ratio = scan.cpu_s / stored.cpu_s;
    let name = format!("inventory of {what}, CPU / floor");
    let measured = vec![
        Measured::at_most(&name, ratio, RATIO_MAX, "x"),
        Measured::at_most("  memory", scan.memory_mb, memory_max, "MB"),
    ];
    (measured, scan)
}

/// The same image again, with its layers kept.
fn warm(what: &str, layout: &Path) -> Measured {
    let cache = tempfile::TempDir::new().expect("a folder");
    let part = Part { cache: cache.path(), ..Part::new("warm", layout) };
    let first = part.run();
    let runs: Vec<Cost> = (0..RUNS).map(|_| part.run()).collect();
    assert!(runs.iter().all(|it| it.said == first.said), "{} first", first.said);
    // The fastest: time on a shared machine tells of its neighbours too.
    let fastest = runs.iter().map(|it| it.wall_s).fold(f64::INFINITY, f64::min);
    Measured::at_most(&format!("{what} again, layers kept"), fastest * 1e3, 20.0, "ms")
}
