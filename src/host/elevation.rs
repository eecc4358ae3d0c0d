//! How a user becomes root on a machine.
//!
//! The words before a command are the machine's `privilegeEscalationCommand`, which `deployment.elevation` sets. Whether
//! they need a password shows when they are tried without one. sudo alone takes it by standard input (`-S`). Where it
//! does not ask after all, for this command or since it has asked a moment ago, the password would become input of the
//! command; so a line of our own follows it, and the command begins to read behind that.
//!
//! Source: `sudo(8)`, `doas(1)`, `run0(1)`.

use std::{fmt, time::Duration};

use zeroize::Zeroizing;

use super::{Error, Host, Remote, Result, passwords::Password};
use crate::process::Output;

/// How often a password may be wrong on a machine: more might lock the user out.
pub(super) const TRIES: usize = 3;

/// How long who makes root may take for a command that does nothing.
const TRIED_WITHIN: Duration = Duration::from_mins(1);

/// Between a password and the input of the command.
const MARK: &str = "nixops-begin-input";

/// Becomes the command after all that stands before its input was read, which a shell does byte by byte.
///
/// One line without single quotes, as [`SCRIPT`](super::look::SCRIPT).
const SKIP: &str = r#"until [ "$line" = nixops-begin-input ]; do IFS= read -r line || exit 1; done; unset line; exec "$@""#;

/// Words that make a command one of root, and what it reads before its own input.
#[derive(Clone, Default)]
pub(super) struct Elevated {
    pub words: Vec<String>,
    pub input: Zeroizing<Vec<u8>>,
}

/// Who makes a user root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elevator {
    /// sudo, which can be given a password.
    Sudo,
    /// doas, which asks for one at a terminal.
    Doas,
    /// run0 of systemd, which has polkit ask.
    Run0,
}

/// Why a user cannot become root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ElevationFailure {
    /// It asks for a password, and nobody could be asked for it.
    NobodyToAsk,
    /// The password is wrong.
    WrongPassword,
    /// It asks for a password in a way in which none can be given.
    NeedsTerminal,
    /// The user may not.
    Refused,
    /// PAM opens no session for it.
    NoSession,
    /// There is no such program.
    Missing,
}

impl Elevator {
    /// Who is meant by the words before a command; none for a program that is not known.
    pub(super) fn of(words: &[String]) -> Option<Self> {
        let program = words.first()?;
        match program
            .rsplit_once('/')
            .map_or(&**program, |(_, name)| name)
        {
            "sudo" => Some(Self::Sudo),
            "doas" => Some(Self::Doas),
            "run0" => Some(Self::Run0),
            _ => None,
        }
    }

    /// What keeps it from asking.
    fn without_questions(self) -> &'static [&'static str] {
        match self {
            Self::Sudo | Self::Doas => &["-n"],
            Self::Run0 => &["--no-ask-password"],
        }
    }

    /// Finds out why it did not do what it was tried with. None: it asks for a password that it can be given.
    fn failure(self, output: &Output) -> Option<ElevationFailure> {
        const NO_PROGRAM: i32 = 127;
        // By this systemd says that PAM failed; nothing else says it.
        const NO_SESSION: i32 = 224;
        let said = output.stderr_text();
        let says = |signs: &[&str]| signs.iter().any(|sign| said.contains(sign));
        match (self, output.status.code()) {
            (_, Some(NO_PROGRAM)) => return Some(ElevationFailure::Missing),
            (Self::Run0, Some(NO_SESSION)) => return Some(ElevationFailure::NoSession),
            _ => {}
        }
        if says(&["must have a tty"]) {
            return Some(ElevationFailure::NeedsTerminal);
        }
        let asks = says(&[
            "password is required",
            "uthentication is required",
            "uthentication required",
            "terminal is required",
        ]);
        match self {
            Self::Sudo if asks => None,
            Self::Doas | Self::Run0 if asks => Some(ElevationFailure::NeedsTerminal),
            _ => Some(ElevationFailure::Refused),
        }
    }
}

impl ElevationFailure {
    /// Finds out why a password did not help.
    fn of_password(output: &Output) -> Self {
        let said = output.stderr_text();
        let wrong = [
            "incorrect",
            "try again",
            "no password was provided",
            "uthentication fail",
        ];
        if wrong.iter().any(|sign| said.contains(sign)) {
            Self::WrongPassword
        } else {
            Self::Refused
        }
    }

    /// What the user can do about it.
    pub(super) fn hint(self, by: Option<Elevator>, user: &str) -> String {
        match (self, by) {
            (Self::NobodyToAsk, _) => "run this at a terminal, name a file with the password by \
                 --elevate-password-file, or let sudo ask for none (security.sudo.wheelNeedsPassword = false)"
                .to_owned(),
            (Self::WrongPassword, _) => {
                format!("it is the password of {user} on the machine that is asked for")
            }
            (Self::NeedsTerminal, Some(Elevator::Doas)) => format!(
                "doas takes a password only from a terminal: permit {user} with `nopass` in its configuration, or \
                 set deployment.elevation to \"sudo\""
            ),
            (Self::NeedsTerminal, Some(Elevator::Run0)) => format!(
                "polkit has nobody to ask: let a rule of it (security.polkit.extraConfig) grant {user} \
                 org.freedesktop.systemd1.manage-units, or set deployment.elevation to \"sudo\""
            ),
            (Self::NeedsTerminal, _) => {
                "take `requiretty` out of the configuration of sudo on the machine".to_owned()
            }
            (Self::Refused, Some(Elevator::Run0)) => format!(
                "run0 needs systemd 257, polkit (security.polkit.enable), and a rule of it (security.polkit.extraConfig) \
                 that grants {user} org.freedesktop.systemd1.manage-units"
            ),
            (Self::Refused, _) => format!(
                "let {user} become root on the machine (users.users.{user}.extraGroups = [ \"wheel\" ] on NixOS), or \
                 set deployment.targetUser to \"root\""
            ),
            (Self::NoSession, _) => {
                "run0 needs the service systemd-run0 of PAM: older NixOS has it by security.pam.services.systemd-run0 = { }"
                    .to_owned()
            }
            (Self::Missing, _) => {
                "set deployment.elevation to what the machine has: sudo, doas or run0; or to none".to_owned()
            }
        }
    }
}

impl fmt::Display for ElevationFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NobodyToAsk => "a password is asked for, and there is nobody to ask",
            Self::WrongPassword => "the password is wrong",
            Self::NeedsTerminal => {
                "a password is asked for that can only be given at a terminal of the machine"
            }
            Self::Refused => "it was refused",
            Self::NoSession => "PAM opens no session",
            Self::Missing => "there is no such program",
        })
    }
}

impl Elevated {
    /// The words as they are.
    fn plain(words: &[String]) -> Self {
        Self {
            words: words.to_vec(),
            ..Self::default()
        }
    }

    /// The words of sudo, with a password that it reads.
    fn with(words: &[String], password: &Password) -> Self {
        let mut with = sudo_that_reads(words);
        with.extend(["sh", "-c", SKIP, "nixops"].map(str::to_owned));
        // sudo asks three times: what it is not to read is never behind its last question.
        let input = format!("{}\n\n{MARK}\n", password.reveal());
        Self {
            words: with,
            input: Zeroizing::new(input.into_bytes()),
        }
    }

    /// What the command reads: what stands before its input, and its input.
    pub fn input(&self, stdin: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([&self.input, stdin].concat())
    }
}

impl Host {
    /// How commands become those of root: found out once, by doing nothing as root.
    pub(super) fn elevated(&self) -> Result<Elevated> {
        let Some(words) = self.escalation() else {
            return Ok(Elevated::default());
        };
        let mut known = self.elevation();
        if let Some(elevated) = &*known {
            return Ok(elevated.clone());
        }
        let elevated = self.find_out(words)?;
        Ok(known.insert(elevated).clone())
    }

    fn find_out(&self, words: &[String]) -> Result<Elevated> {
        let Some(elevator) = Elevator::of(words) else {
            return Ok(Elevated::plain(words));
        };
        let asks_nothing = with_options(words, elevator.without_questions());
        let output = self.do_nothing(asks_nothing, b"")?;
        if output.status.success() {
            return Ok(Elevated::plain(words));
        }
        match elevator.failure(&output) {
            None => self.ask_for(words),
            Some(failure) => Err(self.not_elevated(failure, &output)),
        }
    }

    /// Tries passwords until one is right.
    fn ask_for(&self, words: &[String]) -> Result<Elevated> {
        let passwords = self.passwords();
        let mut question = format!(
            "Password of {} on {}, to become root there and on other machines: ",
            self.look().user,
            self.machine(),
        );
        let mut refused: Vec<Password> = Vec::new();
        while refused.len() < TRIES {
            let Some(password) = passwords.next(self.machine(), &refused, &question) else {
                break;
            };
            // Alone, so that one password is one attempt: hosts count them.
            let line = Zeroizing::new(format!("{}\n", password.reveal()));
            let output = self.do_nothing(sudo_that_reads(words), line.as_bytes())?;
            if output.status.success() {
                passwords.accept(self.machine(), &password);
                return Ok(Elevated::with(words, &password));
            }
            let failure = ElevationFailure::of_password(&output);
            if failure != ElevationFailure::WrongPassword {
                return Err(self.not_elevated(failure, &output));
            }
            question = format!(
                "That is not the password of {} on {}. Once more: ",
                self.look().user,
                self.machine()
            );
            refused.push(password);
        }
        self.refuse_interrupted()?;
        let failure = if refused.is_empty() {
            ElevationFailure::NobodyToAsk
        } else {
            ElevationFailure::WrongPassword
        };
        Err(self.elevation_error(failure, String::new()))
    }

    /// Runs `true` after some words, whose messages are in English then.
    fn do_nothing(&self, words: Vec<String>, input: &[u8]) -> Result<Output> {
        let english = ["env", "LC_ALL=C"].map(str::to_owned);
        let words = english.into_iter().chain(words).chain(["true".to_owned()]);
        let remote = Remote::argv("becoming root on", words).timeout(TRIED_WITHIN);
        self.run(remote.stdin(input))
    }

    fn not_elevated(&self, failure: ElevationFailure, output: &Output) -> Error {
        self.elevation_error(failure, output.stderr_text().into_owned())
    }

    fn elevation_error(&self, failure: ElevationFailure, said: String) -> Error {
        Error::Elevation {
            machine: self.machine().to_owned(),
            user: self.look().user.clone(),
            by: self.escalation().unwrap_or_default().join(" "),
            elevator: self.escalation().and_then(Elevator::of),
            failure,
            said,
        }
    }
}

/// The words of sudo that reads a password, whatever it remembers.
fn sudo_that_reads(words: &[String]) -> Vec<String> {
    with_options(words, &["-k", "-S", "-p", ""])
}

/// Adds options behind the program, before those that are there.
fn with_options(words: &[String], options: &[&str]) -> Vec<String> {
    let (program, rest) = words.split_at(1.min(words.len()));
    let options = options.iter().map(|option| (*option).to_owned());
    program
        .iter()
        .cloned()
        .chain(options)
        .chain(rest.to_vec())
        .collect()
}

#[cfg(test)]
mod tests;
