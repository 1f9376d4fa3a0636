//! A PostgreSQL cluster that a test may stop and start; the tests' shared one (`bellwether_tests::postgres`) is not
//! to be touched.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bellwether_tests::Port;
use tempfile::TempDir;

/// A cluster of one test, which ends with it.
pub struct Cluster {
    folder: TempDir,
    binaries: PathBuf,
    port: Port,
}

impl Cluster {
    /// Makes and starts one; none where PostgreSQL is not installed, except in CI.
    pub fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            assert!(std::env::var_os("CI").is_none(), "CI needs PostgreSQL's programs for this test");
            eprintln!("PostgreSQL's programs are not installed: this test is left out");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            assert!(Command::new("chown").arg("postgres").arg(folder.path()).status().unwrap().success());
        }
        let cluster = Self { folder, binaries, port: Port::hold() };
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-A", "trust", "-U", "postgres", "-N", "--no-locale", "-E", "UTF8"]);
        cluster.up();
        Some(cluster)
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port.number())
    }

    /// Starts it, where it was before.
    pub fn up(&self) {
        let options =
            format!("-p {} -k {} -h 127.0.0.1 -c fsync=off", self.port.number(), self.folder.path().display());
        let log = self.folder.path().join("log");
        self.run("pg_ctl", &["-D", &self.data(), "-w", "-l", log.to_str().unwrap(), "-o", &options, "start"]);
    }

    /// Stops it as a crash would.
    pub fn down(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    /// Stops its processes where they stand (SIGSTOP), until they may go on: connections stay, and nothing is answered.
    pub fn pause(&self) {
        assert!(self.signal("-STOP"), "it is not paused");
    }

    /// Lets them go on (SIGCONT).
    pub fn go_on(&self) {
        assert!(self.signal("-CONT"), "it does not go on");
    }

    /// Sends a signal to the postmaster, and then to what it has started: a stopped one starts nothing more. Whether the
    /// postmaster was sent it; others may have ended just then.
    fn signal(&self, signal: &str) -> bool {
        let postmaster = std::fs::read_to_string(format!("{}/postmaster.pid", self.data())).unwrap_or_default();
        let Some(postmaster) = postmaster.lines().next() else { return false };
        let kill = |pid: &str| Command::new("kill").args([signal, pid]).stderr(Stdio::null()).status();
        let is_sent = kill(postmaster).is_ok_and(|done| done.success());
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", postmaster]).output();
        let children = children.map(|said| String::from_utf8_lossy(&said.stdout).into_owned()).unwrap_or_default();
        for child in children.split_whitespace() {
            let _ = kill(child);
        }
        is_sent
    }

    fn data(&self) -> String {
        self.folder.path().join("data").to_str().unwrap().to_owned()
    }

    fn run(&self, program: &str, args: &[&str]) {
        let done = self.command(program, args).status().unwrap();
        assert!(done.success(), "{program} {} failed", args.join(" "));
    }

    /// PostgreSQL refuses to run as root.
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let program = self.binaries.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(args).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may be paused, where a test failed in between, or down already.
        self.signal("-CONT");
        let _ = self.command("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]).status();
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// The folder of the newest PostgreSQL's programs.
fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    versions.sort_by_key(|folder| folder.parent().and_then(Path::file_name)?.to_str()?.parse::<u32>().ok());
    let on_path = || {
        let found = Command::new("pg_config").arg("--bindir").output().ok()?;
        let folder = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim());
        folder.join("initdb").exists().then_some(folder)
    };
    versions.pop().or_else(on_path)
}
