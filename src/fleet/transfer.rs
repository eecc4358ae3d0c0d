//! Files that are copied to a machine, or from it.

use std::{io, process::Command};

use camino::Utf8Path;

use crate::{host::Way, process};

use super::Error;

/// What is to be copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Order {
    /// The machine, or a pattern that means it.
    pub machine: String,
    user: Option<String>,
    paths: Vec<Path>,
}

/// Where a file is.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Path {
    Here(String),
    There(String),
}

impl Order {
    /// All paths but the last are here, and that is on the machine.
    pub fn to(machine: &str, paths: &[String]) -> Self {
        Self::with(machine, paths, false)
    }

    /// All paths but the last are on the machine, and that is here.
    pub fn from(machine: &str, paths: &[String]) -> Self {
        Self::with(machine, paths, true)
    }

    fn with(machine: &str, paths: &[String], from: bool) -> Self {
        let (user, machine) = addressee(machine);
        let last = paths.len().saturating_sub(1);
        let path = |(place, path): (usize, &String)| {
            if (place == last) == from {
                Path::Here(path.clone())
            } else {
                Path::There(path.clone())
            }
        };
        Self {
            machine: machine.to_owned(),
            user: user.map(str::to_owned),
            paths: paths.iter().enumerate().map(path).collect(),
        }
    }

    /// Reads paths of which those with the name of a machine before a colon are there, and the others here.
    pub fn read(paths: &[String]) -> Result<Self, Error> {
        let read: Vec<_> = paths.iter().map(|path| named(path)).collect();
        let mut machines = read.iter().filter_map(|(name, _)| *name);
        let first = machines.next().ok_or(Error::NoMachineNamed)?;
        if let Some(other) = machines.find(|name| *name != first) {
            let names = [first, other].map(str::to_owned);
            return Err(Error::TwoMachines { names });
        }
        let is_there = |(name, _): &(Option<&str>, &str)| name.is_some();
        if let [sources @ .., goal] = read.as_slice()
            && sources.iter().any(|one| is_there(one) == is_there(goal))
        {
            return Err(Error::BothSides);
        }
        let (user, machine) = addressee(first);
        let path = |(name, path): &(Option<&str>, &str)| match name {
            Some(_) => Path::There((*path).to_owned()),
            None => Path::Here((*path).to_owned()),
        };
        Ok(Self {
            machine: machine.to_owned(),
            user: user.map(str::to_owned),
            paths: read.iter().map(path).collect(),
        })
    }

    /// The command that copies; none where there is no ssh.
    pub fn command(&self, way: &Way) -> Option<Command> {
        let user = self.user.as_deref();
        let mut command = Command::new("scp");
        let (_, config) = way.file(user, "")?;
        command.args(["-F", config, "-r", "--"]);
        for path in &self.paths {
            command.arg(match path {
                Path::There(path) => way.file(user, path)?.0,
                // A name with a colon would be that of a host.
                Path::Here(path) if path.starts_with(['/', '.']) => path.clone(),
                Path::Here(path) => format!("./{path}"),
            });
        }
        Some(command)
    }
}

/// The command that mounts a directory of a machine at one here; none where there is no ssh.
pub fn mount(
    way: &Way,
    user: Option<&str>,
    path: &str,
    directory: &Utf8Path,
    options: &[String],
) -> Option<Command> {
    let (there, config) = way.file(user, path)?;
    let mut command = Command::new("sshfs");
    command.args(["-F", config]);
    command.args(options.iter().flat_map(|option| ["-o", option]));
    command.arg(there).arg(directory);
    Some(command)
}

/// Says which program is missing, if that is what is wrong.
pub fn missing(error: process::Error) -> anyhow::Error {
    match error {
        process::Error::Spawn {
            program, source, ..
        } if source.kind() == io::ErrorKind::NotFound => Error::NoProgram { program }.into(),
        other => other.into(),
    }
}

/// The user, if one is named, and the machine. Behind a leading `@` stands a tag.
pub fn addressee(text: &str) -> (Option<&str>, &str) {
    match text.rsplit_once('@') {
        Some((user, machine)) if !user.is_empty() => (Some(user), machine),
        _ => (None, text),
    }
}

/// The machine that is named before a path, if one is.
fn named(path: &str) -> (Option<&str>, &str) {
    match path.split_once(':') {
        Some((name, rest)) if !name.is_empty() && !name.contains('/') => (Some(name), rest),
        _ => (None, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_user_stands_before_the_machine() {
        assert_eq!(addressee("ada@web"), (Some("ada"), "web"));
        assert_eq!(addressee("web"), (None, "web"));
        assert_eq!(addressee("@front"), (None, "@front"));
    }

    #[test]
    fn what_is_said_by_flags_or_by_colons_is_the_same() {
        let to = Order::to("ada@web", &strings(&["a", "b", "/etc"]));
        assert_eq!(
            Order::read(&strings(&["a", "b", "ada@web:/etc"])).unwrap(),
            to
        );
        let from = Order::from("web", &strings(&["/etc/a", "x"]));
        assert_eq!(Order::read(&strings(&["web:/etc/a", "x"])).unwrap(), from);
        // A file here whose name has a colon has a path before it.
        let colon = Order::read(&strings(&["./a:b", "web:"])).unwrap();
        assert_eq!(colon, Order::to("web", &strings(&["./a:b", ""])));
    }

    #[test]
    fn one_machine_is_on_one_side() {
        for (paths, words) in [
            (
                &["a", "b"][..],
                "no path has the name of a machine before it",
            ),
            (&["web:a", "db:b"], "one of `web` and `db`"),
            (&["web:a", "b", "c"], "the one side"),
            (&["a", "web:b", "web:c"], "the one side"),
        ] {
            let error = Order::read(&strings(paths)).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
