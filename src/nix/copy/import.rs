//! Copying to a machine on which nothing but commands can be run.

use std::{
    collections::{BTreeMap, HashSet},
    process::Command,
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Copy, CopyError, CopyProgress, exported::Exported, failure::classify_ended, pipe::Pipe,
};
use crate::{
    nix::{Commands, Nix, PathInfo, Program},
    process::{Call, Processes, command_line},
};

/// Paths in one question: a prefix may make one word of all, and a word ends at 128 KiB.
const ASKED_AT_ONCE: usize = 1_000;

/// Paths in one stream, well under the limit for arguments.
const SENT_AT_ONCE: usize = 5_000;

/// The paths of closures, with what the store here knows of them.
type Closure = BTreeMap<Utf8PathBuf, PathInfo>;

/// The other side of a copy.
struct There<'a> {
    processes: &'a Processes,
    label: &'a str,
    commands: &'a Commands,
}

impl Nix {
    /// Sends what is missing there as a stream, from `nix-store --export` here to `nix-store --import` there.
    ///
    /// What has arrived stays there if the stream breaks, and is not sent again.
    pub(super) fn import(
        &self,
        processes: &Processes,
        copy: &Copy,
        commands: &Commands,
        progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<(), CopyError> {
        let roots = copy.paths.iter().map(Utf8PathBuf::as_path);
        let options = ["--recursive"].into_iter().chain(copy.of_derivations());
        let options: Vec<&str> = options.collect();
        let closure = self.path_info(processes, roots, &options)?;
        let there = There {
            processes,
            label: &copy.label,
            commands,
        };
        let mut missing = there.missing(references_first(&closure))?;
        if copy.substitute_on_destination && !missing.is_empty() {
            there.substitute(&missing)?;
            missing = there.missing(missing)?;
        }
        let mut done = CopyProgress {
            bytes_expected: size(&closure, &missing),
            paths_expected: missing.len() as u64,
            ..CopyProgress::default()
        };
        for paths in missing.chunks(SENT_AT_ONCE) {
            let (bytes, count) = (size(&closure, paths), paths.len() as u64);
            let mut export = self.command(Program::Store);
            export.arg("--export").args(paths);
            let mut import = commands.command(["nix-store", "--import"]);
            let pipe = Pipe::open(processes, &copy.label, (&mut export, &mut import))?;
            pipe.run(commands.input(), &mut |sent: &Exported| {
                progress(CopyProgress {
                    bytes: done.bytes + sent.bytes.min(bytes),
                    paths: done.paths + sent.paths.min(count),
                    ..done
                });
            })?;
            done.bytes += bytes;
            done.paths += count;
            progress(done);
        }
        Ok(())
    }
}

impl There<'_> {
    /// A program of Nix with options and paths, about to be run there.
    fn command(&self, words: &[&str], paths: &[&Utf8Path]) -> Command {
        let paths = paths.iter().map(|path| path.as_str());
        self.commands.command(words.iter().copied().chain(paths))
    }

    fn call(&self) -> Call<'_> {
        Call::new(self.label).stdin(self.commands.input())
    }

    /// Which of the paths the store there does not have, in the same order.
    fn missing<'p>(&self, paths: Vec<&'p Utf8Path>) -> Result<Vec<&'p Utf8Path>, CopyError> {
        let mut missing = HashSet::new();
        for paths in paths.chunks(ASKED_AT_ONCE) {
            let words = ["nix-store", "--check-validity", "--print-invalid"];
            let mut command = self.command(&words, paths);
            let output = self.call().run(self.processes, &mut command)?;
            if !output.status.success() {
                let said = output.stderr_text().into_owned();
                return Err(CopyError::Failed {
                    label: self.label.to_owned(),
                    failure: classify_ended(output.status, &said),
                    said,
                    command_line: command_line(&command),
                });
            }
            let lines = output.stdout_text();
            missing.extend(lines.lines().map(|line| Utf8PathBuf::from(line.trim_end())));
        }
        Ok(paths
            .into_iter()
            .filter(|path| missing.contains(*path))
            .collect())
    }

    /// Lets the store there fetch what its substituters have; what they do not give will be sent.
    fn substitute(&self, paths: &[&Utf8Path]) -> Result<(), CopyError> {
        for paths in paths.chunks(ASKED_AT_ONCE) {
            let words = ["nix-store", "--realise", "--ignore-unknown"];
            let mut command = self.command(&words, paths);
            self.call()
                .discard_stdout()
                .run(self.processes, &mut command)?;
        }
        Ok(())
    }
}

/// The bytes of some paths.
fn size(closure: &Closure, paths: &[&Utf8Path]) -> u64 {
    let sizes = paths.iter().filter_map(|path| closure.get(*path));
    sizes.map(|info| info.nar_size).sum()
}

/// Sorts paths so that each comes after those that it refers to: a store takes no path before them.
fn references_first(closure: &Closure) -> Vec<&Utf8Path> {
    let mut sorted = Vec::with_capacity(closure.len());
    let mut seen = HashSet::new();
    for root in closure.keys() {
        // A path is first opened, which puts its references above it, and then closed.
        let mut stack = vec![(root, false)];
        while let Some((path, opened)) = stack.pop() {
            if opened {
                sorted.push(path.as_path());
            } else if seen.insert(path) {
                stack.push((path, true));
                let references = closure.get(path).map(|info| &info.references);
                let references = references.into_iter().flatten();
                let known = references.filter_map(|path| closure.get_key_value(path));
                stack.extend(known.map(|(path, _)| (path, false)));
            }
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_first_and_everything_once() {
        let info = |references: &[&str]| PathInfo {
            nar_size: 10,
            ca: None,
            closure_size: None,
            references: references.iter().map(Into::into).collect(),
        };
        let closure = Closure::from([
            ("/a".into(), info(&["/c", "/a", "/b"])),
            ("/b".into(), info(&["/d"])),
            ("/c".into(), info(&["/b", "/d"])),
            ("/d".into(), info(&[])),
        ]);
        let sorted = references_first(&closure);
        assert_eq!(sorted, ["/d", "/b", "/c", "/a"]);
        assert_eq!(size(&closure, &sorted[1..]), 30);
    }
}
