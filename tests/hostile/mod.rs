//! The program run on a hostile image, with what it cost.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use testkit::image::BuiltImage;
use testkit::program;

/// The bar: so much memory, and so much time. That is the processors' time, for other tests run on
/// the same cores; what waits for ever is still found.
const MEMORY_KIB_MAX: u64 = 64 << 10;
const CPU_TIME_MAX: Duration = Duration::from_secs(10);
const WALL_TIME_MAX: Duration = Duration::from_secs(20);
/// One at a time, so that what each costs can be told.
static TURN: Mutex<()> = Mutex::new(());

/// An advisory in OSV's form.
const RECORD: &str = r#"{"id": "TEST-1", "modified": "2026-01-01T00:00:00Z", "affected": [
    {"package": {"ecosystem": "Alpine:v3.20", "name": "musl"},
     "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9"}]}]}]}"#;

/// A hostile image in a folder of its own.
pub(crate) struct Hostile {
    pub(crate) folder: TempDir,
    limits: Vec<(&'static str, u64)>,
}

impl Hostile {
    /// An image as an OCI layout with the tag v1.
    pub(crate) fn layout(image: &BuiltImage) -> Self {
        let hostile = Self::empty();
        image.write_layout(hostile.folder.path(), "v1", &[]);
        hostile
    }

    /// A folder without anything.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), limits: Vec::new() }
    }

    /// Under another limit than the default.
    pub(crate) fn limit(mut self, name: &'static str, value: u64) -> Self {
        self.limits.push((name, value));
        self
    }

    /// Overwrites or adds a file.
    pub(crate) fn put(self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Where a blob lies.
    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        self.folder.path().join("blobs").join(digest.replace(':', "/"))
    }

    /// The layout is judged: not accepted, within the bar, and the answer says `expect`.
    pub(crate) fn check(&self, expect: &str) {
        self.check_at(&format!("oci:{}:v1", self.folder.path().display()), expect);
    }

    /// The image that lies there is judged so.
    pub(crate) fn check_at(&self, image: &str, expect: &str) {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let work = tempfile::tempdir().unwrap();
        let (policy, cost) = (work.path().join("policy.yml"), work.path().join("cost"));
        std::fs::write(&policy, self.policy()).unwrap();
        let output = Command::new("/usr/bin/time")
            .args(["--format=%M %U %S %e", "--quiet", "--output"])
            .arg(&cost)
            .arg(program::program())
            .args(["validate", image, "--output", "json", "--policy"])
            .arg(&policy)
            .arg("--advisories")
            .arg(advisories())
            // Nobody's login and no daemon.
            .env("HOME", work.path())
            .env("DOCKER_HOST", "unix:///nonexistent")
            .output()
            .expect("/usr/bin/time runs (Debian's package time)");
        let said = format!(
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        let said_start: String = said.chars().take(4000).collect();
        assert!(matches!(output.status.code(), Some(1..=3)), "{:?}: {said_start}", output.status);
        assert!(said.contains(expect), "no {expect:?} in: {said_start}");
        assert!(!said.contains("panicked"), "{said_start}");
        within_bar(&std::fs::read_to_string(&cost).unwrap());
    }

    fn policy(&self) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy.yml");
        let mut policy = std::fs::read_to_string(path).unwrap();
        for (name, value) in &self.limits {
            let (before, after) = policy.split_once(&format!("  {name}: ")).unwrap();
            let (_, after) = after.split_once('\n').unwrap();
            policy = format!("{before}  {name}: {value}\n{after}");
        }
        policy
    }
}

fn within_bar(cost: &str) {
    let numbers: Vec<f64> = cost.split_whitespace().map(|it| it.parse().unwrap()).collect();
    let [kib, user, system, wall] = numbers[..] else { panic!("{cost:?} is no cost") };
    println!("{:.0} MiB, {:.2} s of a processor, {wall:.2} s", kib / 1024.0, user + system);
    assert!(kib <= MEMORY_KIB_MAX as f64, "{kib} KiB of memory");
    assert!(user + system <= CPU_TIME_MAX.as_secs_f64(), "{user} + {system} s of a processor");
    assert!(wall <= WALL_TIME_MAX.as_secs_f64(), "{wall} s");
}

/// An index of one record, so that packages are judged.
fn advisories() -> &'static Path {
    static INDEX: OnceLock<PathBuf> = OnceLock::new();
    INDEX.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("a.json");
        let index = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-images.idx");
        std::fs::write(&record, RECORD).unwrap();
        let mut build = Command::new(program::program());
        build.args(["advisories", "build", "--osv"]).arg(&record).arg("--out").arg(&index);
        let output = build.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        index
    })
}
