//! What strace writes of the files that a process and its children look at.
//!
//! Strict: a line that could be about the tree, or about the store, and is not understood makes the whole record
//! one of nothing.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use nix_compat::store_path::STORE_DIR_WITH_SLASH;

/// What strace is asked for. What is listed must have been opened, and some of what hides a path is none of `%file`;
/// a strace that does not know a call with `?` goes on. With `-D` it is no parent of the process, whose memory is
/// measured.
pub const ARGUMENTS: [&str; 9] = [
    "-f",
    "-D",
    "--seccomp-bpf",
    "-q",
    "-y",
    "-e",
    "trace=%file,getdents64,fchdir,?io_uring_setup,?open_by_handle_at",
    "-e",
    "signal=none",
];

/// How a path was looked at.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Look {
    /// Its kind, and not that of what it links to.
    Kind,
    /// The kind of what it leads to.
    KindBehind,
    /// Its target.
    Link,
    /// What is in the file or directory that it leads to.
    Content,
}

/// A look at a path of the tree.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Access {
    /// The path, relative to the tree.
    pub path: Utf8PathBuf,
    /// How it was looked at.
    pub look: Look,
    /// Whether it was there.
    pub found: bool,
}

/// What was looked at.
#[derive(Debug, Default, PartialEq)]
pub struct Record {
    /// In the tree.
    pub tree: BTreeSet<Access>,
    /// Names of other store paths.
    pub others: BTreeSet<String>,
    /// Whether the flake could see what there is of what it is itself. That Nix tells.
    pub sees_shape: bool,
}

/// Calls that look at a path which is their first argument.
const PLAIN: [(&str, Look); 8] = [
    ("lstat", Look::Kind),
    ("lstat64", Look::Kind),
    ("stat", Look::KindBehind),
    ("stat64", Look::KindBehind),
    ("access", Look::KindBehind),
    ("readlink", Look::Link),
    ("open", Look::Content),
    ("getdents64", Look::Content),
];

/// Calls that look at a path relative to a directory.
const RELATIVE: [(&str, Look); 8] = [
    ("newfstatat", Look::KindBehind),
    ("fstatat64", Look::KindBehind),
    ("statx", Look::KindBehind),
    ("faccessat", Look::KindBehind),
    ("faccessat2", Look::KindBehind),
    ("readlinkat", Look::Link),
    ("openat", Look::Content),
    ("openat2", Look::Content),
];

/// Calls after which no path says what is looked at.
const HIDING: [&str; 4] = ["chdir", "fchdir", "io_uring_setup", "open_by_handle_at"];

/// Reads what strace wrote; nothing if that is not understood.
pub fn read(text: &str, tree: &Utf8Path) -> Option<Record> {
    let mut record = Record::default();
    let mut unfinished: BTreeMap<&str, &str> = BTreeMap::new();
    let (first, _) = text.split_once(' ')?;
    let mut has_ended = false;
    for line in text.lines() {
        let (process, line) = line.split_once(' ')?;
        let line = line.trim_start();
        if let Some(end) = line.strip_prefix("+++ exited with ") {
            has_ended |= process == first && end.starts_with("0 ");
        } else if let Some(begun) = line.strip_suffix(" <unfinished ...>") {
            unfinished.insert(process, begun);
        } else if let Some(rest) = line.strip_prefix("<... ") {
            let (_, rest) = rest.split_once(" resumed>")?;
            let begun = unfinished.remove(process)?;
            record.note(&format!("{begun}{rest}"), tree)?;
        } else {
            record.note(line, tree)?;
        }
    }
    // Of a call that never came back, nothing was seen; but the whole record has to be there.
    has_ended.then_some(record)
}

/// A call that looks at a path.
struct Call<'a> {
    look: Look,
    path: Utf8PathBuf,
    /// Whether the path is that of a descriptor, and was looked at when that was opened.
    is_of_descriptor: bool,
    /// The arguments behind the path, and the result.
    rest: &'a str,
}

impl Record {
    fn note(&mut self, line: &str, tree: &Utf8Path) -> Option<()> {
        let (name, arguments) = line.split_once('(')?;
        if HIDING.contains(&name) {
            return None;
        }
        // By another path that leads there, too: that of a store which is a link, or is mounted elsewhere.
        let is_of_tree = tree.file_name().is_none_or(|tree| line.contains(tree));
        let Some(call) = Call::read(name, arguments) else {
            // Nobody looks at the tree in a way that is not known, and whoever writes learns nothing.
            return (!is_of_tree && !is_look(name)).then_some(());
        };
        let (_, result) = call.rest.rsplit_once(" = ")?;
        let found = !result.starts_with("-1 ");
        let is_absent = result.starts_with("-1 ENOENT ") || result.starts_with("-1 ENOTDIR ");
        if let Ok(path) = call.path.strip_prefix(tree) {
            let is_no_link = call.look == Look::Link && result.starts_with("-1 EINVAL ");
            if !found && !is_absent && !is_no_link || call.writes() {
                return None;
            }
            let (look, found) = if is_no_link {
                (Look::Kind, true)
            } else {
                (call.look, found)
            };
            let path = path.to_owned();
            self.tree.insert(Access { path, look, found });
        } else if is_of_tree {
            // Whatever leads into the tree from elsewhere.
            return None;
        } else if !call.writes() && !call.is_of_descriptor {
            self.others.extend(store_path(&call.path, found));
        }
        Some(())
    }
}

impl<'a> Call<'a> {
    fn read(name: &str, arguments: &'a str) -> Option<Self> {
        let of = |calls: &[(&str, Look)]| {
            let mut calls = calls.iter();
            calls
                .find(|(known, _)| *known == name)
                .map(|(_, look)| *look)
        };
        let mut is_of_descriptor = false;
        let (look, path, rest) = if let Some(look) = of(&PLAIN) {
            if name == "getdents64" {
                let (directory, rest) = descriptor(arguments)?;
                (look, directory.into(), rest)
            } else {
                let (path, rest) = quoted(arguments)?;
                // Where a process is, only the calls of the other kind say.
                (
                    look,
                    Utf8Path::new(path).is_absolute().then(|| path.into())?,
                    rest,
                )
            }
        } else {
            let look = of(&RELATIVE)?;
            let (directory, rest) = descriptor(arguments)?;
            let (path, rest) = quoted(rest.strip_prefix(", ")?)?;
            // An absolute path would begin at the directory, too.
            (!rest.contains("RESOLVE_IN_ROOT")).then_some(())?;
            is_of_descriptor = path.is_empty();
            (look, join(directory, path)?, rest)
        };
        let look = match look {
            Look::KindBehind if rest.contains("AT_SYMLINK_NOFOLLOW") => Look::Kind,
            look => look,
        };
        Some(Self {
            look,
            path: plain(&path)?,
            is_of_descriptor,
            rest,
        })
    }

    fn writes(&self) -> bool {
        ["O_WRONLY", "O_RDWR", "O_CREAT", "O_PATH"]
            .iter()
            .any(|flag| self.rest.contains(flag))
    }
}

fn is_look(name: &str) -> bool {
    let mut known = PLAIN.iter().chain(&RELATIVE);
    known.any(|(known, _)| *known == name)
}

/// A path relative to a descriptor, or the descriptor's own: only that may be one of no file.
fn join(directory: &str, path: &str) -> Option<Utf8PathBuf> {
    if path.is_empty() {
        return Some(directory.into());
    }
    let joined = Utf8Path::new(directory).join(path);
    joined.is_absolute().then_some(joined)
}

/// A path without superfluous signs; nothing if it goes up in the store, or says that a directory is meant there:
/// then the kernel follows a link, however it is asked. Nor is one known that begins at a descriptor by its number.
fn plain(path: &Utf8Path) -> Option<Utf8PathBuf> {
    let is_of_kernel = path.starts_with("/proc") || path.starts_with("/dev");
    let is_numbered = is_of_kernel && path.as_str().contains("/fd/");
    let goes_up = path
        .components()
        .any(|part| part == Utf8Component::ParentDir);
    let is_followed = ["/", "/."].iter().any(|end| path.as_str().ends_with(end));
    let is_in_store = path
        .as_str()
        .split_once(STORE_DIR_WITH_SLASH)
        .is_some_and(|(_, inside)| !inside.is_empty());
    (!(is_numbered || is_in_store && (goes_up || is_followed))).then(|| path.components().collect())
}

/// The path of a descriptor, as `-y` shows it: that of a file begins with a slash. The file may be gone, as a lock is
/// for which two have waited.
fn descriptor(arguments: &str) -> Option<(&str, &str)> {
    let (number, rest) = arguments.split_once('<')?;
    let (path, rest) = rest.split_once('>')?;
    let rest = rest.strip_prefix("(deleted)").unwrap_or(rest);
    (!number.contains([',', '"']) && !path.contains('\\')).then_some((path, rest))
}

/// A path in quotes. One with signs that are escaped is not understood.
fn quoted(arguments: &str) -> Option<(&str, &str)> {
    let (path, rest) = arguments.strip_prefix('"')?.split_once('"')?;
    (!path.contains('\\') && !rest.starts_with("...")).then_some((path, rest))
}

/// The name of the store path in which a path is, if it is in any. Of one that is not there at all, nothing was seen.
fn store_path(path: &Utf8Path, found: bool) -> Option<String> {
    let inside = path.strip_prefix(STORE_DIR_WITH_SLASH).ok()?;
    let mut names = inside.components().map(|name| name.as_str());
    let name = names.next()?;
    // What begins with a dot is Nix's own, and a derivation is known by its content.
    let counts = !name.starts_with('.') && Utf8Path::new(name).extension() != Some("drv");
    (counts && (found || names.next().is_some())).then(|| name.to_owned())
}

#[cfg(test)]
#[path = "strace_tests.rs"]
mod tests;
