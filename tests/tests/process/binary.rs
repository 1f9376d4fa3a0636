//! The command that is tested.
//!
//! Cargo names a package's binaries to the tests of that package alone, so the first test of a run asks cargo for it:
//! what is fresh already takes cargo a moment. All tests of a run (they have the same parent) share the one that was
//! found then, by a link of its own: whoever builds meanwhile does not change what is tested.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use bellwether_tests::run::run_id;

/// The path of `bellwether`.
pub fn bellwether() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let runs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bellwether-of-run");
        fs::create_dir_all(&runs).unwrap();
        let lock = File::create(runs.join("lock")).unwrap();
        lock.lock().unwrap();
        let folder = runs.join(run_id());
        let binary = folder.join("bellwether");
        if !binary.exists() {
            forget_ended_runs(&runs);
            fs::create_dir_all(&folder).unwrap();
            fs::hard_link(build(), &binary).unwrap();
        }
        binary
    })
}

/// The folder to have in PATH for `bellwether` to be found.
pub fn folder() -> &'static Path {
    bellwether().parent().unwrap()
}

fn forget_ended_runs(runs: &Path) {
    for entry in fs::read_dir(runs).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let Some((parent, _)) = name.split_once('-') else { continue };
        if !Path::new("/proc").join(parent).exists() {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
}

/// Has cargo build the binary, in the tests' own profile and target folder.
fn build() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let profile = tests.parent().and_then(Path::parent).unwrap();
    let name = match profile.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        other => other,
    };
    let built = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "build",
            "--package",
            "bellwether",
            "--bin",
            "bellwether",
            "--message-format",
            "json",
            "--profile",
            name,
        ])
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).unwrap();
    let mut messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let executable = messages.find_map(|message| Some(message["executable"].as_str()?.to_owned()));
    PathBuf::from(executable.expect("cargo names what it built"))
}
