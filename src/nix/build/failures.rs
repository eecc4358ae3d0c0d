use std::collections::{HashMap, VecDeque};

use camino::{Utf8Path, Utf8PathBuf};

use super::FailedDerivation;

/// Lines of a builder that an error shows.
const LOG_LINES: usize = 15;

/// Messages that are kept of a process as a whole.
const MESSAGES: usize = 20;

/// Collects what a Nix process says about what goes wrong.
#[derive(Debug, Default)]
pub(super) struct Failures {
    logs: HashMap<Utf8PathBuf, VecDeque<String>>,
    messages: VecDeque<String>,
}

impl Failures {
    /// Notes a line of a builder.
    pub fn note_line(&mut self, drv: &Utf8PathBuf, line: &str) {
        let log = self.logs.entry(drv.clone()).or_default();
        log.push_back(line.to_owned());
        if log.len() > LOG_LINES {
            log.pop_front();
        }
    }

    /// Notes an error message; gives the derivation that it blames, if it blames one.
    pub fn note_error(&mut self, message: &str) -> Option<FailedDerivation> {
        let message = message.trim().trim_start_matches("error:").trim_start();
        self.messages.push_back(message.to_owned());
        if self.messages.len() > MESSAGES {
            self.messages.pop_front();
        }
        let drv = blamed(message)?;
        let log = self
            .logs
            .get(&drv)
            .map(|log| log.iter().cloned().collect())
            .unwrap_or_default();
        Some(FailedDerivation {
            reason: reason(message, &drv),
            drv,
            log,
        })
    }

    /// All messages, for failures that blame no derivation.
    pub fn messages(&self) -> String {
        self.messages
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The derivation that an error message is about.
///
/// Summaries at the end (`build of 'a.drv', 'b.drv' failed`) and those who only failed because of another
/// (`1 dependencies of derivation 'a.drv' failed to build`) are nobody's fault.
fn blamed(message: &str) -> Option<Utf8PathBuf> {
    let summary = message.starts_with("build of '") && !message.contains("' on '");
    let victim = [
        "dependencies of derivation",
        "dependency of derivation",
        "dependencies failed",
        "dependency failed",
    ]
    .iter()
    .any(|phrase| message.contains(phrase));
    // With `--repair` Nix says so, and repairs it.
    let repaired = message.starts_with("found corrupted or missing path");
    if summary || victim || repaired {
        return None;
    }
    message
        .split('\'')
        .find(|word| word.starts_with('/') && Utf8Path::new(word).extension() == Some("drv"))
        .map(Utf8PathBuf::from)
}

/// The message on one line, without the derivation's path, which the error names itself, and without its log.
fn reason(message: &str, drv: &Utf8PathBuf) -> String {
    let lines = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let told: Vec<&str> = lines
        .take_while(|line| {
            !line.starts_with("last ")
                && !line.starts_with("Last ")
                && !line.starts_with("For full logs")
        })
        .filter(|line| !line.starts_with("Output paths:") && !line.starts_with("/nix/store/"))
        .collect();
    let text = told.join(" ").replace(&format!(" for '{drv}'"), "");
    let text = text.replace(&format!("Cannot build '{drv}'. Reason: "), "");
    text.trim_end_matches([';', '.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "builder for '/nix/store/aaa-x.drv' failed with exit code 1;\n       last 2 log lines:\n       > hello\n       For full logs, run 'nix log /nix/store/aaa-x.drv'.";
    const NEW: &str = "Cannot build '/nix/store/aaa-x.drv'.\n       Reason: builder failed with exit code 1.\n       Output paths:\n         /nix/store/bbb-x\n       Last 1 log lines:\n       > hello";

    #[test]
    fn old_and_new_nix_blame_the_same_derivation() {
        for message in [OLD, NEW] {
            let mut failures = Failures::default();
            failures.note_line(&"/nix/store/aaa-x.drv".into(), "hello");
            let failed = failures.note_error(message).unwrap();
            assert_eq!(failed.drv, "/nix/store/aaa-x.drv");
            assert_eq!(failed.reason, "builder failed with exit code 1");
            assert_eq!(failed.log, ["hello"]);
        }
    }

    #[test]
    fn who_failed_because_of_another_is_not_blamed() {
        let messages = [
            "1 dependencies of derivation '/nix/store/aaa-x.drv' failed to build",
            "build of '/nix/store/aaa-x.drv', '/nix/store/bbb-y.drv' failed",
            "Cannot build '/nix/store/aaa-x.drv'.\n Reason: 1 dependency failed.",
            "found corrupted or missing path '/nix/store/bbb-y' in the output closure of '/nix/store/aaa-x.drv'",
        ];
        for message in messages {
            assert_eq!(Failures::default().note_error(message), None, "{message}");
        }
    }

    #[test]
    fn other_reasons_are_kept_in_words() {
        let message = "a 'aarch64-linux' with features {} is required to build '/nix/store/aaa-x.drv', but I am a 'x86_64-linux' with features {}";
        let failed = Failures::default().note_error(message).unwrap();
        assert_eq!(failed.reason, message);
    }
}
