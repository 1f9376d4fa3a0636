//! A file system of its own, small enough to be filled.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file system of a test, gone with it.
pub struct SmallDisk {
    at: PathBuf,
    /// What commands about it begin with.
    sudo: &'static [&'static str],
}

impl SmallDisk {
    /// Mounts one of this size, such as `12m`, as the user or by sudo; none where that is not allowed, as in a container.
    pub fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let user = std::fs::metadata(at).unwrap().uid();
        let options = format!("size={size},mode=0700,uid={user}");
        for sudo in [&[][..], &["sudo", "--non-interactive"]] {
            let mount = run(sudo, &["mount", "-t", "tmpfs", "-o", &options, "tmpfs"], at);
            if mount.is_ok_and(|done| done.status.success()) {
                return Some(Self { at: at.to_owned(), sudo });
            }
        }
        eprintln!("a file system cannot be mounted here: this test is left out");
        None
    }

    /// Takes all the room that is left; the file that takes it.
    pub fn fill(&self) -> PathBuf {
        let path = self.at.join("filler");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[0; 4_096]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server may still be on its way out.
        let _ = run(self.sudo, &["umount", "--lazy"], &self.at);
    }
}

fn run(sudo: &[&str], command: &[&str], at: &Path) -> std::io::Result<Output> {
    let words = [sudo, command].concat();
    Command::new(words[0]).args(&words[1..]).arg(at).output()
}
