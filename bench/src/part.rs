//! One part of a measurement, run in a process of its own, so that its time and memory are its own.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use inventory::{LayerCache, take_with};
use oci_image::{Access, Image, Limits, Opener, Platform};

use crate::floor::{self, Digests};

/// What a run of a part cost.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    pub(crate) cpu_s: f64,
    pub(crate) wall_s: f64,
    pub(crate) memory_mb: f64,
    /// What it ended in: how many packages, or the error.
    pub(crate) said: String,
}

/// A part, and how often it is run: the machine is shared, so the median counts.
pub(crate) struct Part<'p> {
    pub(crate) name: &'p str,
    pub(crate) layout: &'p Path,
    pub(crate) limits: Limits,
    /// A folder of a cache, for the part `warm`.
    pub(crate) cache: &'p Path,
}

impl<'p> Part<'p> {
    /// One under the default limits, without a cache.
    pub(crate) fn new(name: &'p str, layout: &'p Path) -> Self {
        Self { name, layout, limits: Limits::default(), cache: Path::new("") }
    }

    /// Runs it once.
    pub(crate) fn run(&self) -> Cost {
        let program = std::env::current_exe().expect("this program");
        let limits = serde_json::to_string(&self.limits).expect("limits");
        let mut command = Command::new(program);
        command.arg(self.name).arg(self.layout).arg(limits).arg(self.cache);
        let output = command.output().expect("a run of a part");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        let mut words = text.splitn(4, ' ');
        let mut number = || words.next().and_then(|it| it.parse().ok()).expect("a number");
        let (cpu_s, wall_s, memory_mb) = (number(), number(), number());
        let said = words.next().unwrap_or_default().trim().to_owned();
        Cost { cpu_s, wall_s, memory_mb, said }
    }
}

/// The run with the median CPU time.
pub(crate) fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    costs.swap_remove(costs.len() / 2)
}

/// Runs a part in this process and prints what it cost.
pub(crate) fn run_here(name: &str, layout: &str, limits: &str, cache: &str) {
    let begun = Instant::now();
    let limits: Limits = serde_json::from_str(limits).expect("limits");
    let image = open(Path::new(layout), &limits);
    let said = match name {
        "floor" => floor::pass(&image, Path::new(layout), Digests::Both),
        "floor-stored" => floor::pass(&image, Path::new(layout), Digests::Stored),
        _ => {
            let cache = (name == "warm").then(|| LayerCache::open(Path::new(cache)));
            let cache = cache.transpose().expect("a cache");
            match take_with(&image, cache.as_ref()) {
                Ok(inventory) => {
                    let notes = inventory.notes.iter().map(|it| it.reason.as_str());
                    let notes: Vec<&str> = notes.take(3).collect();
                    format!("{} packages {}", inventory.packages.len(), notes.join(", "))
                }
                Err(error) => error.to_string(),
            }
        }
    };
    println!("{} {} {} {said}", cpu_s(), begun.elapsed().as_secs_f64(), memory_mb());
}

pub(crate) fn open(layout: &Path, limits: &Limits) -> Image {
    let opener = Opener::new(Access::default()).expect("an opener");
    let declared = format!("oci:{}:1", layout.display());
    opener.open(&declared, &Platform::linux_amd64(), limits).expect("the image")
}

/// User and system time of this process (proc_pid_stat(5); a clock tick is 10 ms).
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc");
    let (_, after) = stat.rsplit_once(')').expect("a name in brackets");
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks: f64 = fields[11..13].iter().map(|it| it.parse::<f64>().expect("ticks")).sum();
    ticks / 100.0
}

/// The most memory that this process has held.
fn memory_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find(|it| it.starts_with("VmHWM:")).expect("VmHWM");
    let kilobytes = line.split_whitespace().nth(1).expect("a number");
    kilobytes.parse::<f64>().expect("kilobytes") / 1024.0
}
