//! What a host can tell about what has been done to it.

use std::{fs, io, path::PathBuf};

use crate::{
    error::{RigError, file},
    host::Host,
    programs::{read, run},
};

/// Where a pocket system's `switch-to-configuration` writes a line for each of its runs.
const ACTIVATIONS: &str = "/var/log/nixops-rig/activations";

/// One run of `switch-to-configuration`.
#[derive(Debug, Clone, PartialEq)]
pub struct Activation {
    /// What it was asked for: `switch`, `boot`, `test`, `dry-activate`.
    pub goal: String,
    /// The system that it belongs to.
    pub toplevel: PathBuf,
    /// When, in seconds since 1970.
    pub at: f64,
}

/// One generation of the system profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub number: u32,
    /// The system that it links to.
    pub toplevel: PathBuf,
    /// Whether the profile links to it.
    pub current: bool,
}

impl Host {
    /// Reads a symbolic link of the host; `None` if there is nothing.
    pub fn read_link(&self, path: &str) -> Result<Option<PathBuf>, RigError> {
        match fs::read_link(self.path(path)) {
            Ok(target) => Ok(Some(target)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(file("read the link", self.path(path))(error)),
        }
    }

    /// Reads a text file of the host.
    pub fn read(&self, path: &str) -> Result<String, RigError> {
        read(&self.path(path))
    }

    /// Returns the id of the host's boot, which is another after each [`Host::reboot`].
    pub fn boot_id(&self) -> Result<String, RigError> {
        self.read("/proc/sys/kernel/random/boot_id")
            .map(|text| text.trim().to_owned())
    }

    /// Lists the generations of the system profile, oldest first.
    pub fn generations(&self) -> Result<Vec<Generation>, RigError> {
        let profiles = "/nix/var/nix/profiles";
        let current = self.read_link(&format!("{profiles}/system"))?;
        let mut generations = Vec::new();
        for name in self.names_in(profiles)? {
            let Some(number) = generation_number(&name) else {
                continue;
            };
            let Some(toplevel) = self.read_link(&format!("{profiles}/{name}"))? else {
                continue;
            };
            let current = current
                .as_ref()
                .and_then(|link| link.file_name())
                .is_some_and(|link| *link == *name);
            generations.push(Generation {
                number,
                toplevel,
                current,
            });
        }
        generations.sort_by_key(|generation| generation.number);
        Ok(generations)
    }

    /// Lists what `switch-to-configuration` did, oldest first.
    pub fn activations(&self) -> Result<Vec<Activation>, RigError> {
        if !self.path(ACTIVATIONS).exists() {
            return Ok(Vec::new());
        }
        self.read(ACTIVATIONS)?.lines().map(activation).collect()
    }

    /// Counts the connections that sshd has accepted since the host started, whatever became of them.
    pub fn connections(&self) -> Result<usize, RigError> {
        let log = read(&self.layout.sshd_log())?;
        Ok(log
            .lines()
            .filter(|line| line.starts_with("Connection from "))
            .count())
    }

    /// Lists the valid paths of the host's store.
    pub fn nix_paths(&self) -> Result<Vec<PathBuf>, RigError> {
        let command = crate::command_in_host(self.process(), ["nix", "path-info", "--all"]);
        let output = run(command, format!("listing the store of {}", self.name))?;
        let mut paths: Vec<_> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(PathBuf::from)
            .collect();
        paths.sort();
        Ok(paths)
    }

    /// Returns what sshd has logged.
    pub fn sshd_log(&self) -> Result<String, RigError> {
        read(&self.layout.sshd_log())
    }

    fn names_in(&self, directory: &str) -> Result<Vec<String>, RigError> {
        match fs::read_dir(self.path(directory)) {
            Ok(entries) => Ok(entries
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(file("read", self.path(directory))(error)),
        }
    }
}

fn generation_number(name: &str) -> Option<u32> {
    name.strip_prefix("system-")?
        .strip_suffix("-link")?
        .parse()
        .ok()
}

/// Parses `goal toplevel seconds`.
fn activation(line: &str) -> Result<Activation, RigError> {
    parse_activation(line).ok_or_else(|| RigError::BadRecord {
        path: PathBuf::from(ACTIVATIONS),
        what: "`goal toplevel seconds`",
        line: line.to_owned(),
    })
}

fn parse_activation(line: &str) -> Option<Activation> {
    let mut words = line.split_whitespace();
    let (goal, toplevel, at) = (words.next()?, words.next()?, words.next()?);
    let at = at.parse().ok()?;
    words.next().is_none().then(|| Activation {
        goal: goal.to_owned(),
        toplevel: toplevel.into(),
        at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_activation_is_three_words() {
        let parsed = parse_activation("switch /nix/store/abc-system 1700000000.25").unwrap();
        assert_eq!(parsed.goal, "switch");
        assert_eq!(parsed.toplevel, PathBuf::from("/nix/store/abc-system"));
        assert!((parsed.at - 1_700_000_000.25).abs() < 1e-6);
        for bad in [
            "",
            "switch",
            "switch /nix/store/abc",
            "switch /nix/store/abc soon",
            "a b 1 c",
        ] {
            assert_eq!(parse_activation(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_system_links_are_generations() {
        assert_eq!(generation_number("system-12-link"), Some(12));
        assert_eq!(generation_number("system"), None);
        assert_eq!(generation_number("default-1-link"), None);
    }
}
