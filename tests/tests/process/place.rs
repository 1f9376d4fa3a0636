//! An installation: a folder, a database that is empty at first, and the commands that are run on them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bellwether_tests::{Backend, TestDatabase};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;

use crate::binary;
use crate::server::{Server, wait_for_exit};
use crate::words::assert_for_people;

/// The password of the owner and of whoever registers.
pub const PASSWORD: &str = "Proc-Passw0rd!";
/// What commands have of the tests' environment. A clock that is set otherwise for a run of the tests (faketime) is theirs.
const KEPT: [&str; 6] =
    ["HOME", "TMPDIR", "LLVM_PROFILE_FILE", "LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC"];
/// How long a command may take.
const LONGEST: Duration = Duration::from_secs(180);

/// An installation.
pub struct Place {
    /// Where commands run; the data folder is `data` in it.
    pub folder: TempDir,
    /// The database's URL.
    pub url: String,
    /// Which database it is.
    pub backend: Backend,
    env: Vec<(String, String)>,
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Place {
    /// An empty one; none where there is no PostgreSQL.
    pub async fn start(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Sqlite => Some(Self::sqlite()),
            Backend::Postgres => {
                let url = TestDatabase::start(backend).await?.url;
                let place = Self { env: env(Some(&url)), folder: tempfile::tempdir().unwrap(), url, backend };
                let db = place.database().await;
                db.execute_unprepared("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.unwrap();
                db.close().await.unwrap();
                Some(place)
            }
        }
    }

    /// An empty one with a SQLite database in its data folder, where it is by default.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("data/bellwether.db").display());
        Self { env: env(None), folder, url, backend: Backend::Sqlite }
    }

    /// An empty one on this PostgreSQL database.
    pub fn postgres(url: String) -> Self {
        Self { env: env(Some(&url)), folder: tempfile::tempdir().unwrap(), url, backend: Backend::Postgres }
    }

    /// The same with a variable, such as `LOG__LEVEL`.
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.set(key, value);
        self
    }

    /// Sets a variable, such as `LOG__LEVEL`.
    pub fn set(&mut self, key: &str, value: &str) {
        self.env.push((format!("BELLWETHER__{key}"), value.to_owned()));
    }

    /// A migrated one with keys, the reference data, a tenant `acme` and an owner `owner@acme.test`.
    pub fn founded(self) -> Self {
        self.done(&["migrate", "up"]);
        self.make_keys();
        self.done(&["seed"]);
        self.create_owner("owner@acme.test", PASSWORD).expect_done();
        self
    }

    /// Makes keys, as an operator would.
    pub fn make_keys(&self) {
        let keys = self.done(&["keys", "new"]).out;
        std::fs::create_dir_all(self.path("data")).unwrap();
        std::fs::write(self.path("data/keys.json"), keys).unwrap();
    }

    /// Makes an owner in the tenant `acme`.
    pub fn create_owner(&self, email: &str, password: &str) -> Ran {
        let args = ["owner", "create", "--email", email, "--tenant", "acme", "--tenant-name", "Acme"];
        let mut command = self.command(&args);
        command.env("BELLWETHER_OWNER_PASSWORD", password);
        self.ran(command)
    }

    /// A path in its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The letters that the server wrote to files, in order.
    pub fn letters(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.path("data/mail")) else { return Vec::new() };
        let mut files: Vec<_> = folder.map(|file| file.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
    }

    /// Writes a file into its folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// A command that is ready to run, in an environment of its own. It would show a backtrace if it had one to show.
    pub fn command(&self, args: &[&str]) -> Command {
        self.program(binary::bellwether(), args)
    }

    fn program(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        let kept = KEPT.map(|name| (name, std::env::var_os(name)));
        let path = format!("{}:{}", binary::folder().display(), std::env::var("PATH").unwrap_or_default());
        command.args(args).current_dir(&self.folder).env_clear().env("PATH", path).env("RUST_BACKTRACE", "1");
        command.envs(kept.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.ran(self.command(args))
    }

    /// Runs a line of shell, in which `bellwether` is known.
    pub fn shell(&self, line: &str) -> Ran {
        self.ran(self.program(Path::new("/bin/sh"), &["-c", line]))
    }

    /// Runs a command that must be done well.
    #[track_caller]
    pub fn done(&self, args: &[&str]) -> Ran {
        self.run(args).expect_done()
    }

    /// Runs a command that must be refused with this code; what it says.
    #[track_caller]
    pub fn refused(&self, code: i32, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, code, "{args:?}: {ran:?}");
        // Lines of the log may come before it.
        let at = ran.err.lines().position(|line| line.starts_with("error: "));
        let at = at.unwrap_or_else(|| panic!("{args:?}: {ran:?}"));
        ran.err.lines().skip(at).collect::<Vec<_>>().join("\n")
    }

    /// Runs a command to its end and has a look at everything it says.
    pub fn ran(&self, mut command: Command) -> Ran {
        let file = |name: &str| tempfile::Builder::new().prefix(name).tempfile_in(&self.folder).unwrap();
        let (out, err) = (file("out"), file("err"));
        command.stdin(Stdio::null()).stdout(out.reopen().unwrap()).stderr(err.reopen().unwrap());
        let mut child = command.spawn().unwrap();
        let status = wait_for_exit(&mut child, LONGEST).unwrap_or_else(|| {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} did not end: {}", std::fs::read_to_string(err.path()).unwrap());
        });
        let text = |file: tempfile::NamedTempFile| std::fs::read_to_string(file.path()).unwrap();
        let ran = Ran { code: status.code().unwrap_or(-1), out: text(out), err: text(err) };
        // Lines of the log are for machines.
        let said: Vec<&str> = ran.err.lines().filter(|line| !line.starts_with('{')).collect();
        assert_for_people(&said.join("\n"));
        ran
    }

    /// Starts a server with `serve` and waits until it is ready.
    pub async fn serve(&self) -> Server {
        Server::start(self.command(&["serve", "--listen", "127.0.0.1:0"]), self).await
    }

    /// Starts a server with other arguments, of which `--listen` is none, and waits until it is ready.
    pub async fn serve_with(&self, args: &[&str]) -> Server {
        Server::start(self.command(&[args, &["--listen", "127.0.0.1:0"]].concat()), self).await
    }

    /// The database, to look into: a SQLite file that is not there is not made.
    pub async fn database(&self) -> DatabaseConnection {
        let url = match self.backend {
            Backend::Sqlite => format!("{}?mode=rw", self.url),
            Backend::Postgres => self.url.clone(),
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(1);
        Database::connect(options).await.unwrap()
    }

    /// The only figure that a query answers, named `figure`.
    pub async fn figure(&self, query: &str) -> i64 {
        let db = self.database().await;
        let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), query)).await.unwrap().unwrap();
        let figure = row.try_get("", "figure").unwrap();
        db.close().await.unwrap();
        figure
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        self.figure(&format!("SELECT count(*) AS figure FROM {table}")).await
    }
}

impl Ran {
    /// Fails unless the command was done well.
    #[track_caller]
    pub fn expect_done(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

/// Cheap passwords, limits that no test meets by chance, and no signals but those that it records.
fn env(url: Option<&str>) -> Vec<(String, String)> {
    let mut env = vec![
        ("AUTH__ALLOW_WEAK_PASSWORD_HASHING", "true"),
        ("AUTH__PASSWORD_MEMORY_KIB", "8"),
        ("AUTH__PASSWORD_ITERATIONS", "1"),
        ("LIMITS__LOGINS_PER_MINUTE", "100000"),
        ("LIMITS__REGISTRATIONS_PER_MINUTE", "100000"),
        ("LIMITS__RESETS_PER_MINUTE", "100000"),
        ("LIMITS__REQUESTS_PER_MINUTE", "10000000"),
        ("LIMITS__DELIVERIES_PER_MINUTE", "100000"),
        ("LIMITS__POINTS_PER_MINUTE", "1000000000"),
        // Signals that jobs make whenever a candle closes would be among those that a test counts.
        ("ANALYSIS__TIMEFRAMES", "[]"),
    ];
    env.extend(url.map(|url| ("DATABASE__URL", url)));
    env.into_iter().map(|(key, value)| (format!("BELLWETHER__{key}"), value.to_owned())).collect()
}
