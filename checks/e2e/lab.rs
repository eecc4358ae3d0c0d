//! A place to try the binary in: a network in a directory, hosts, and a Nix store of its own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use rig::{Host, HostOptions, Rig};
use serde_json::Value;

/// A small nixpkgs that needs no network.
pub const POCKET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/checks/pocket");

/// A network flake in a directory, hosts to deploy to, and the deployer's side of a rig.
pub struct Lab {
    /// The hosts by name.
    pub hosts: BTreeMap<String, Host>,
    /// The directory of the network.
    pub directory: PathBuf,
    /// The deployer's side.
    pub rig: Rig,
}

/// What a run of the binary left.
#[derive(Debug)]
pub struct Run {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Lab {
    /// A lab with these hosts; they start in parallel.
    pub fn with_hosts<const N: usize>(names: [&str; N]) -> Self {
        let rig = Rig::new().expect("a rig");
        let hosts = rig.add_hosts(names).expect("hosts");
        let directory = rig.home().join("network");
        fs::create_dir_all(&directory).expect("a directory for the network");
        Self {
            hosts: hosts
                .into_iter()
                .map(|host| (host.name.clone(), host))
                .collect(),
            directory,
            rig,
        }
    }

    /// A lab with hosts that are made in a way of their own.
    pub fn with_hosts_of<const N: usize>(names: [&str; N], options: &HostOptions) -> Self {
        let mut lab = Self::without_hosts();
        for name in names {
            let host = lab.rig.add_host_with(name, options).expect("a host");
            lab.hosts.insert(name.to_owned(), host);
        }
        lab
    }

    /// A lab for what needs no host.
    pub fn without_hosts() -> Self {
        Self::with_hosts([])
    }

    /// A host by its name.
    pub fn host(&self, name: &str) -> &Host {
        &self.hosts[name]
    }

    /// The content of a file of a host, as a process there sees it.
    pub fn read(&self, host: &str, path: &str) -> String {
        let run: Run = self.host(host).run(["cat", path]).expect("cat runs").into();
        assert_eq!(run.code, Some(0), "{path} on {host}: {}", run.stderr);
        run.stdout
    }

    /// Options that say how a host is reached, as text in a Nix module.
    pub fn reach(&self, name: &str) -> String {
        let host = self.host(name);
        format!(
            "deployment.targetHost = \"{}\"; deployment.targetPort = {};",
            host.address, host.port
        )
    }

    /// Writes a file of the network; directories come into being.
    pub fn write(&self, path: impl AsRef<Path>, text: &str) -> &Self {
        let path = self.directory.join(path);
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a directory");
        fs::write(path, text).expect("a file of the network");
        self
    }

    /// Writes a flake whose network `default` has these attributes, beside `nixpkgs`.
    pub fn network(&self, attributes: &str) -> &Self {
        self.outputs(&format!(
            "nixopsConfigurations.default = {{ inherit nixpkgs; {attributes} }};"
        ))
    }

    /// Writes a flake with these outputs. `nixpkgs` is the pocket's, `self` and `inputs` are there.
    pub fn outputs(&self, outputs: &str) -> &Self {
        self.write("flake.nix", &flake(outputs))
    }

    /// The binary, about to run in the directory of the network.
    pub fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = self.rig.command(env!("CARGO_BIN_EXE_nixops"));
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env("NIXOPS_SSH_CONFIG", self.rig.ssh_config())
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn nixops<const N: usize>(&self, arguments: [&str; N]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// The absolute path of a file of the network, as the user knows it.
    pub fn path(&self, file: &str) -> String {
        self.directory.join(file).to_string_lossy().into_owned()
    }

    /// Runs another program on the deployer's side, such as `git`, and expects success.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = self.rig.command(program);
        command.args(arguments).current_dir(&self.directory);
        let run: Run = command.output().expect("a program runs").into();
        assert_eq!(run.code, Some(0), "{program} {arguments:?}: {}", run.stderr);
        run.stdout
    }
}

/// A flake with these outputs, and the pocket as its nixpkgs.
pub fn flake(outputs: &str) -> String {
    format!(
        "{{\n  inputs.nixpkgs.url = \"path:{POCKET}\";\n  outputs = inputs@{{ self, nixpkgs, ... }}: \
         {{\n    {outputs}\n  }};\n}}\n"
    )
}

/// Files below a directory in which a word stands, but for sources of flakes, which Nix copies into the store.
///
/// One with the word is written there for the search, so that a search which finds nothing has looked.
#[track_caller]
pub fn files_with(word: &str, directory: &Path) -> Vec<String> {
    let planted = directory.join("planted-for-the-search");
    fs::write(&planted, word).expect("a file to be found");
    let mut grep = Command::new("grep");
    grep.args([
        "--recursive",
        "--files-with-matches",
        "--text",
        "--fixed-strings",
        "--",
    ]);
    let run = Run::of(grep.arg(word).arg(directory));
    fs::remove_file(&planted).expect("the file is removed");
    let lines = run.stdout.lines().map(str::to_owned);
    let (found, others): (Vec<_>, Vec<_>) = lines.partition(|line| Path::new(line) == planted);
    assert_eq!(found.len(), 1, "{run:?}");
    let others = others.into_iter();
    others.filter(|line| !line.contains("-source/")).collect()
}

/// Evaluates the network and expects success.
#[track_caller]
pub fn eval<const N: usize>(lab: &Lab, arguments: [&str; N]) -> Value {
    let mut command = lab.command(["eval", "--json"]);
    let run = Run::of(command.args(arguments));
    run.exits(0);
    run.json()
}

/// Evaluates without systems, which is fast, and gives the tags of the machine `web`.
#[track_caller]
pub fn tags<const N: usize>(lab: &Lab, arguments: [&str; N]) -> Value {
    let mut command = lab.command(["eval", "--json", "--options-only"]);
    let run = Run::of(command.args(arguments));
    run.exits(0);
    run.json()["machines"]["web"]["tags"].clone()
}

/// A machine `web` with this tag, for [`tags`].
pub fn tagged(tag: &str) -> String {
    format!("web.deployment.tags = [ {tag} ];")
}

impl Run {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        command.output().expect("a program runs").into()
    }

    /// The JSON value on standard output.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// The JSON lines on standard output.
    pub fn events(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no event: {line}")))
            .collect()
    }

    /// The summary of a deploy with `--json`.
    pub fn summary(&self) -> Value {
        let events = self.events();
        let last = events
            .last()
            .unwrap_or_else(|| panic!("no events: {self:?}"));
        assert_eq!(last["event"], "finished", "{self:?}");
        last["summary"].clone()
    }

    /// What became of a machine, from the summary of a deploy with `--json`.
    pub fn result(&self, machine: &str) -> String {
        let summary = self.summary();
        let result = &summary["machines"][machine]["outcome"]["result"];
        result
            .as_str()
            .unwrap_or_else(|| panic!("no {machine}: {self:?}"))
            .to_owned()
    }

    /// Expects an exit code, and shows everything if it is another one.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Expects words in what was said to people.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(
            self.stderr.contains(words),
            "does not say {words:?}: {self:#?}"
        );
        self
    }

    /// Expects words in what was said to people, and nowhere else in it.
    #[track_caller]
    pub fn says_once(&self, words: &str) -> &Self {
        let count = self.stderr.matches(words).count();
        assert_eq!(count, 1, "{words:?}: {self:#?}");
        self
    }

    /// Expects words not to be in what was said to people.
    #[track_caller]
    pub fn does_not_say(&self, words: &str) -> &Self {
        assert!(!self.stderr.contains(words), "says {words:?}: {self:#?}");
        self
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
