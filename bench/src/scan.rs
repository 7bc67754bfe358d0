//! Scanning: CPU time and memory of taking an inventory, against inflating, hashing and walking
//! the same layers with the same library, one thread, nothing kept.

use std::io::{BufReader, Read};
use std::path::Path;
use std::process::Command;

use oci_image::{Access, Image, Limits, Opener, Platform};
use sha2::{Digest as _, Sha256};

use crate::{Measured, image};

const RATIO_MAX: f64 = 1.6;
const MEMORY_MB_MAX: f64 = 64.0;
/// Each part is run so often, in turn, and the median counts: the machine is shared.
const RUNS: usize = 5;

/// CPU seconds and megabytes of one run of a part.
#[derive(Debug, Clone, Copy)]
struct Cost {
    cpu_s: f64,
    memory_mb: f64,
}

pub(crate) fn measure() -> Vec<Measured> {
    let layout = image::debian();
    let size: u64 = open(&layout).layers().iter().map(|it| it.descriptor.size).sum();
    let (mut floors, mut scans) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        floors.push(run("floor", &layout));
        scans.push(run("scan", &layout));
    }
    let (floor, scan) = (median(floors), median(scans));
    let ratio = scan.cpu_s / floor.cpu_s;
    println!(
        "Debian of {:.0} MB gzip: floor {:.2} s CPU, {:.0} MB; inventory {:.2} s CPU, {:.0} MB\n",
        size as f64 / 1e6,
        floor.cpu_s,
        floor.memory_mb,
        scan.cpu_s,
        scan.memory_mb,
    );
    vec![
        Measured {
            what: "inventory of Debian, CPU / (inflate + hash + walk)".to_owned(),
            value: format!("{ratio:.2}x"),
            bar: format!("{RATIO_MAX}x"),
            holds: ratio <= RATIO_MAX,
        },
        Measured {
            what: "inventory of Debian, memory".to_owned(),
            value: format!("{:.0} MB", scan.memory_mb),
            bar: format!("{MEMORY_MB_MAX:.0} MB"),
            holds: scan.memory_mb <= MEMORY_MB_MAX,
        },
    ]
}

/// Runs one part in this process and prints what it cost.
pub(crate) fn part(name: &str, layout: &str) {
    let image = open(Path::new(layout));
    match name {
        "floor" => floor(&image, Path::new(layout)),
        _ => {
            let inventory = inventory::take(&image).expect("an inventory");
            assert!(inventory.packages.len() > 100, "{} packages", inventory.packages.len());
        }
    }
    println!("{} {}", cpu_s(), memory_mb());
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

/// What nobody can do without: inflate, hash both sides, walk the headers.
fn floor(image: &Image, layout: &Path) {
    for layer in image.layers() {
        let blob = layout.join("blobs/sha256").join(layer.descriptor.digest.hex());
        let file = std::fs::File::open(blob).expect("a layer");
        let stored = BufReader::with_capacity(64 << 10, Hashed::new(file));
        let inflated = Hashed::new(flate2::bufread::MultiGzDecoder::new(stored));
        let mut tar = BufReader::with_capacity(128 << 10, inflated);
        let mut entries = 0;
        while let Some(size) = header(&mut tar) {
            entries += 1;
            let padded = size.next_multiple_of(512);
            std::io::copy(&mut (&mut tar).take(padded), &mut std::io::sink()).expect("content");
        }
        std::io::copy(&mut tar, &mut std::io::sink()).expect("the end");
        assert!(entries > 1000, "{entries} entries");
    }
}

/// The size of the next entry's content.
fn header(tar: &mut impl Read) -> Option<u64> {
    let mut block = [0; 512];
    tar.read_exact(&mut block).ok()?;
    let digits = std::str::from_utf8(&block[124..135]).ok()?.trim_matches(['\0', ' ']);
    let is_end = block.iter().all(|&byte| byte == 0);
    (!is_end).then(|| u64::from_str_radix(digits, 8).unwrap_or(0))
}

struct Hashed<R> {
    reader: R,
    sha256: Sha256,
}

impl<R> Hashed<R> {
    fn new(reader: R) -> Self {
        Self { reader, sha256: Sha256::new() }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.sha256.update(&buffer[..read]);
        Ok(read)
    }
}

fn open(layout: &Path) -> Image {
    let opener = Opener::new(Access::default()).expect("an opener");
    let declared = format!("oci:{}:1", layout.display());
    opener.open(&declared, &Platform::linux_amd64(), &Limits::default()).expect("the image")
}

fn run(part: &str, layout: &Path) -> Cost {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).arg(part).arg(layout).output().expect("a run of a part");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("numbers");
    let mut numbers = text.split_whitespace().map(|it| it.parse::<f64>().expect("a number"));
    let mut next = || numbers.next().expect("two numbers");
    Cost { cpu_s: next(), memory_mb: next() }
}

fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    costs[costs.len() / 2]
}
