//! Tests that run once more, in a process of their own.

use std::{
    env,
    process::{Command, Stdio},
};

use camino::{Utf8Path, Utf8PathBuf};

/// Names the directory of a test that runs once more.
const DIRECTORY: &str = "NIXOPS_STATE_TEST_DIRECTORY";

/// Words before which a program is the owner of its files and nothing more, even if root starts it.
pub(super) const POWERLESS: &[&str] = &["unshare", "--user"];

/// The directory, where a test runs once more.
pub(super) fn directory() -> Option<Utf8PathBuf> {
    env::var(DIRECTORY).ok().map(Utf8PathBuf::from)
}

/// A test of this file, about to run once more for a directory, behind some words.
pub(super) fn command(words: &[&str], test: &str, directory: &Utf8Path) -> Command {
    let program = env::current_exe().unwrap();
    let mut all = words
        .iter()
        .map(Into::into)
        .chain([program.into_os_string()]);
    let mut command = Command::new(all.next().unwrap());
    command
        .args(all)
        .args(["--exact", "--nocapture", &format!("state::tests::{test}")])
        .env(DIRECTORY, directory)
        .stdin(Stdio::null());
    command
}

/// Runs a test once more and expects that it passes.
#[track_caller]
pub(super) fn passes(words: &[&str], test: &str, directory: &Utf8Path) {
    let output = command(words, test, directory).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}{errors}");
    assert!(told.contains("1 passed"), "{told}{errors}");
}
