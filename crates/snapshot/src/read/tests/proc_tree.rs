//! A /proc and a cgroup folder, written by a test.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::parse::sockets::TABLES;
use crate::read::Roots;

pub(super) const UNIX_HEAD: &str = "Num RefCount Protocol Flags Type St Inode Path\n";
/// A table with one listener, whose inode is 555.
pub(super) const LISTEN_8080: &str = "  sl  local_address rem_address   st\n   0: 00000000:1F90 \
    00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 555 1 0000\n";

pub(super) fn inet_table(addresses: &str, inode: u64) -> String {
    format!("  sl\n 0: {addresses} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1\n")
}

pub(super) struct ProcTree(tempfile::TempDir);

impl ProcTree {
    pub(super) fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for kind in crate::NamespaceKind::ALL {
            tree.namespace(1, kind.as_str(), 1);
        }
        tree.write("1/mountinfo", "1 0 8:1 / / rw - ext4 /dev/a rw\n");
        fs::create_dir_all(tree.0.path().join("cgroup")).unwrap();
        tree
    }

    pub(super) fn roots(&self) -> Roots {
        Roots { proc: self.0.path().join("proc"), cgroup: self.0.path().join("cgroup") }
    }

    /// An ordinary process of user 1000 with no descriptors.
    pub(super) fn process(&self, pid: u32, parent: u32) -> &Self {
        let stat = format!("{pid} (app) S {parent} 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 1 0 42 1 2\n");
        self.write(&format!("{pid}/stat"), &stat);
        let status = format!(
            "Name:\tapp\nTgid:\t{pid}\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\n\
             Groups:\t1000 \nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\nCapBnd:\t0\nCapAmb:\t0\n\
             NoNewPrivs:\t1\nSeccomp:\t2\n"
        );
        self.write(&format!("{pid}/status"), &status);
        self.write(&format!("{pid}/cmdline"), "/app\0--serve\0");
        self.write(&format!("{pid}/cgroup"), "0::/\n");
        self.write(&format!("{pid}/maps"), "00-01 r-xp 00000000 08:01 12     /app\n");
        self.write(&format!("{pid}/mountinfo"), "72 1 0:50 / / ro - overlay overlay rw\n");
        for (name, link) in [("exe", "/app"), ("cwd", "/"), ("root", "/")] {
            self.link(&format!("{pid}/{name}"), link);
        }
        for kind in crate::NamespaceKind::ALL {
            self.namespace(pid, kind.as_str(), 900);
        }
        for (name, _) in TABLES {
            self.write(&format!("{pid}/net/{name}"), "heading\n");
        }
        for folder in ["fd", "fdinfo", &format!("task/{pid}")] {
            fs::create_dir_all(self.path(&format!("{pid}/{folder}"))).unwrap();
        }
        self
    }

    pub(super) fn state(&self, pid: u32, state: char) -> &Self {
        let path = self.path(&format!("{pid}/stat"));
        let stat = fs::read_to_string(&path).unwrap().replace(") S ", &format!(") {state} "));
        fs::write(path, stat).unwrap();
        self
    }

    pub(super) fn descriptor(&self, pid: u32, number: u32, link: &str) -> &Self {
        self.write(&format!("{pid}/fdinfo/{number}"), "pos:\t0\nflags:\t02\nmnt_id:\t72\n");
        self.link(&format!("{pid}/fd/{number}"), link)
    }

    pub(super) fn namespace(&self, pid: u32, kind: &str, inode: u64) -> &Self {
        self.link(&format!("{pid}/ns/{kind}"), format!("{kind}:[{inode}]"))
    }

    pub(super) fn net(&self, pid: u32, table: &str, text: &str) -> &Self {
        self.write(&format!("{pid}/net/{table}"), text)
    }

    pub(super) fn cgroup(&self, path: &str, procs: &str) -> &Self {
        let path = self.0.path().join("cgroup").join(path);
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("cgroup.procs"), procs).unwrap();
        self
    }

    /// A real file beside the tree, by its path.
    pub(super) fn file(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, "content").unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("proc").join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(super) fn link(&self, name: &str, target: impl AsRef<Path>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        symlink(target, path).unwrap();
        self
    }

    pub(super) fn remove(&self, name: &str) {
        let path = self.path(name);
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
    }
}
