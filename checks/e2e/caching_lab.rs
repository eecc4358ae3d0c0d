//! What tests of the cache of evaluations need: who counts the programs of Nix that a run starts.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use crate::lab::{Lab, Run};

/// Whether it can be recorded what machines look at: with the Nix that is here, and by `strace`.
#[expect(
    clippy::print_stderr,
    reason = "it is for who reads the log of the tests"
)]
pub fn records() -> bool {
    let (said, version) = (said(), version());
    let was_seen = version < (2, 19) || [(2, 26), (2, 34)].contains(&version);
    let records = was_seen && said.contains("(Nix)") && which::which("strace").is_ok();
    if !records {
        eprintln!("skipped: nothing is recorded here, without strace or with {said}");
    }
    records
}

fn said() -> String {
    let version = Command::new("nix").arg("--version").output().expect("Nix");
    String::from_utf8(version.stdout).expect("text")
}

/// The first two numbers of the version of the Nix that is here.
pub fn version() -> (u32, u32) {
    let said = said();
    let last = said.trim().rsplit(' ').next().unwrap_or_default();
    let mut numbers = last
        .split('.')
        .map(|number| number.parse().expect("a number"));
    let mut next = || numbers.next().expect("a version");
    (next(), next())
}

/// A set of names.
pub fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

/// What a run left, and which programs of Nix it started.
#[derive(Debug)]
pub struct Counted {
    /// What it left.
    pub run: Run,
    /// Command lines of the programs, without their directories.
    pub programs: Vec<String>,
}

/// What stands between machines of a process that has a small heap, and evaluates nothing.
pub const COLLECTION: &str = "collection";

impl Lab {
    /// The file of the cache.
    pub fn cache(&self) -> PathBuf {
        self.rig.home().join("cache/nixops/evaluation.db")
    }

    /// The binary, about to run with programs of Nix that are counted.
    pub fn counting(&self, arguments: &[&str]) -> Command {
        let log = self.place("programs");
        for program in ["nix", "nix-instantiate", "nix-store", "nix-daemon"] {
            let real = which::which(program).expect("Nix");
            let text = format!(
                "#!/bin/sh\necho \"{program} $*\" >> {log}\nexec {} \"$@\"\n",
                real.display()
            );
            self.script(&format!("counting/{program}"), &text);
        }
        let _ = fs::remove_file(&log);
        let mut command = self.command([]);
        command.args(arguments);
        command.args(["--nix-bin", &self.place("counting")]);
        // A cloud, where there is one, is nothing but records.
        command.env("NEATCLOUD_FAKE", "1");
        command
    }

    /// What was counted in a run that has ended.
    pub fn counted(&self, run: Run) -> Counted {
        let programs = fs::read_to_string(self.place("programs")).unwrap_or_default();
        Counted {
            run,
            programs: programs.lines().map(str::to_owned).collect(),
        }
    }

    /// Runs the binary, and counts.
    pub fn count(&self, arguments: &[&str]) -> Counted {
        let run = Run::of(&mut self.counting(arguments));
        self.counted(run)
    }

    /// Evaluates, expects success, and counts.
    #[track_caller]
    pub fn counted_eval(&self, arguments: &[&str]) -> Counted {
        let counted = self.count(&[&["eval", "--json"], arguments].concat());
        counted.run.exits(0);
        counted
    }

    /// Lets every machine be recorded: the first run locks the inputs, the second is the first of the fleet as it
    /// is, and the third records.
    pub fn record(&self) {
        for notes in ["1", "2", "3"] {
            self.write("notes", notes);
            self.counted_eval(&[]);
        }
    }

    /// The machines that are evaluated after an edit; with the others they are what they are without the cache.
    #[track_caller]
    pub fn evaluated_after_edit(&self) -> BTreeSet<String> {
        let counted = self.counted_eval(&[]);
        assert_eq!(counted.run.json(), self.uncached_eval(&[]).json());
        counted.machines().into_iter().collect()
    }

    /// What the cache does not know: the same without it.
    #[track_caller]
    pub fn uncached_eval(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(["eval", "--json", "--no-eval-cache"]);
        let run = Run::of(command.args(arguments));
        run.exits(0);
        run
    }

    /// Runs a script in which `$CACHE` is the directory of the cache, which may be mounted over.
    pub fn with_cache(&self, script: &str) -> Run {
        let mut command: Command = self.rig.command("sh");
        command.args(["-ec", script]).current_dir(&self.directory);
        command
            .env("CACHE", self.cache().parent().expect("a directory"))
            .env("NIXOPS", env!("CARGO_BIN_EXE_nixops"));
        Run::of(&mut command)
    }
}

impl Counted {
    /// What was evaluated: `machines.web`, `names`, …
    pub fn evaluated(&self) -> BTreeSet<String> {
        let evaluations = self.lines("nix-instantiate");
        let words = evaluations.flat_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let pairs = words
                .windows(2)
                .filter(|pair| pair[0] == "-A" && pair[1] != COLLECTION);
            let paths: Vec<String> = pairs.map(|pair| pair[1].replace('"', "")).collect();
            paths
        });
        words.collect()
    }

    /// The machines that each process was given, in its order, in the order in which they were started.
    pub fn batches(&self) -> Vec<Vec<&str>> {
        let batches = self.lines("nix-instantiate").map(|line| {
            let machines = line.split("-A machines.\"").skip(1);
            let names = machines.filter_map(|rest| Some(rest.split_once('"')?.0));
            names.collect::<Vec<_>>()
        });
        batches.filter(|names| !names.is_empty()).collect()
    }

    /// The machines of which the systems were evaluated.
    pub fn machines(&self) -> Vec<String> {
        let evaluated = self.evaluated();
        let machines = evaluated.iter().filter_map(|path| {
            let path = path.strip_prefix("sending.").unwrap_or(path);
            path.strip_prefix("machines.")
        });
        machines.map(str::to_owned).collect()
    }

    /// How often something was built.
    pub fn builds(&self) -> usize {
        self.lines("nix-store")
            .filter(|line| line.contains("--realise"))
            .count()
    }

    fn lines(&self, program: &str) -> impl Iterator<Item = &String> {
        let program = format!("{program} ");
        self.programs
            .iter()
            .filter(move |line| line.starts_with(&program))
    }
}
