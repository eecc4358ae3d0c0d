//! A home, a store and a directory that last as long as a test.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const CONFIGURATION: &str = "experimental-features = nix-command flakes
sandbox = false
build-users-group =
substituters =
";

pub struct Sandbox {
    directory: TempDir,
    own_store_directory: bool,
}

impl Sandbox {
    /// A store whose paths begin with `/nix/store`, but which stands elsewhere: nothing can be
    /// built in it without privileges.
    pub fn new() -> Self {
        let sandbox = Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            own_store_directory: false,
        };
        sandbox.write("no-flakes.json", r#"{ "flakes": [], "version": 2 }"#);
        sandbox
    }

    /// A store whose paths begin with the directory in which it really stands, for builds.
    pub fn for_builds() -> Self {
        Self {
            own_store_directory: true,
            ..Self::new()
        }
    }

    /// Writes a file, with the directories that it needs.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, content).expect("a file");
        path
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where a path of the store really stands.
    pub fn physical(&self, store_path: &str) -> PathBuf {
        self.path().join("root").join(&store_path[1..])
    }

    /// The first two numbers of Nix's version.
    pub fn nix_version(&self) -> (u32, u32) {
        let version = self.text("nix", &["--version"]);
        let (_, numbers) = version.rsplit_once(' ').expect("a version");
        let mut numbers = numbers
            .split('.')
            .map(|number| number.parse().expect("a number"));
        (
            numbers.next().expect("two numbers"),
            numbers.next().expect("two numbers"),
        )
    }

    /// A program of Nix that is about to be run.
    pub fn command<A: AsRef<OsStr>>(&self, program: &str, arguments: &[A]) -> Command {
        let registry = self.path().join("no-flakes.json");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("NIX_CONF_DIR", self.path().join("no-configuration"))
            .env(
                "NIX_CONFIG",
                format!("{CONFIGURATION}flake-registry = {}\n", registry.display()),
            );
        if self.own_store_directory {
            command
                .env("NIX_STORE_DIR", self.path().join("store"))
                .env("NIX_STATE_DIR", self.path().join("var/state"))
                .env("NIX_LOG_DIR", self.path().join("var/log"));
        } else {
            let store = format!("local?root={}", self.path().join("root").display());
            command.env("NIX_REMOTE", store);
        }
        command
    }

    /// Runs a program of Nix, and gives what it said and how it ended.
    pub fn run<A: AsRef<OsStr>>(&self, program: &str, arguments: &[A]) -> Output {
        self.command(program, arguments)
            .output()
            .unwrap_or_else(|error| panic!("{program} is needed by this test: {error}"))
    }

    /// Runs a program of Nix that must succeed, and gives its standard output.
    pub fn bytes<A: AsRef<OsStr>>(&self, program: &str, arguments: &[A]) -> Vec<u8> {
        let output = self.run(program, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} failed: {said}");
        output.stdout
    }

    /// The same as text, without the line break at its end.
    pub fn text<A: AsRef<OsStr>>(&self, program: &str, arguments: &[A]) -> String {
        let bytes = self.bytes(program, arguments);
        String::from_utf8(bytes)
            .expect("text")
            .trim_end()
            .to_owned()
    }

    /// The same as lines, in order.
    pub fn lines<A: AsRef<OsStr>>(&self, program: &str, arguments: &[A]) -> Vec<String> {
        let mut lines: Vec<_> = self
            .text(program, arguments)
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort_unstable();
        lines
    }
}
