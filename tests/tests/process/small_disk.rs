//! A file system of its own, small enough to be filled.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of a test, gone with it.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one of this size, such as `12m`; none where that is not allowed.
    pub fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={size},mode=0700");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        if mount.is_ok_and(|done| done.status.success()) {
            return Some(Self(at.to_owned()));
        }
        eprintln!("a file system cannot be mounted here: this test is left out");
        None
    }

    /// Takes all the room that is left; the file that takes it.
    pub fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server may still be on its way out.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
