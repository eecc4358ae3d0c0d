//! The passwords by which users become root, asked for once in a run.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use camino::Utf8Path;
use zeroize::Zeroizing;

use super::{Error, Result, elevation::TRIES};

/// Rights of others than the owner of a file to read it.
const READ_BY_OTHERS: u32 = 0o044;

/// Asks a person; none if nobody answers.
type Ask = Box<dyn Fn(&str) -> Option<Zeroizing<String>> + Send + Sync>;

/// The passwords of a run; clones share them.
///
/// On a machine that asks for one, what was right elsewhere is tried first, then what was given otherwise; only where
/// all of it is wrong somebody is asked, for this machine. So it does not matter which machine asks first.
#[derive(Clone, Default)]
pub struct Passwords {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    ask: Option<Ask>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In the order in which they are tried: what was right first, then the newest.
    given: Vec<Password>,
    /// What was right, by machine.
    accepted: BTreeMap<String, Password>,
}

/// A password; clones are the same one.
#[derive(Clone)]
pub(super) struct Password {
    text: Arc<Zeroizing<String>>,
}

impl Password {
    /// The password itself.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.text, &other.text)
    }
}

impl Passwords {
    /// Passwords that `ask` asks a person for; it is given the question.
    pub fn asking(ask: impl Fn(&str) -> Option<Zeroizing<String>> + Send + Sync + 'static) -> Self {
        let ask: Ask = Box::new(ask);
        let shared = Shared {
            ask: Some(ask),
            ..Shared::default()
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Takes a password that was given before anybody was asked.
    pub fn give(&self, text: Zeroizing<String>) {
        self.state().add(text);
    }

    /// Takes the first line of a file, which nobody else may be able to read.
    pub fn give_from(&self, path: &Utf8Path) -> Result<()> {
        let error = |source| Error::PasswordFile {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(error)?;
        let mode = file.metadata().map_err(error)?.permissions().mode();
        if mode & READ_BY_OTHERS != 0 {
            return Err(error(io::Error::other("others may read it")));
        }
        let mut line = Zeroizing::new(String::with_capacity(4096));
        let mut reader = BufReader::with_capacity(1, file);
        reader.read_line(&mut line).map_err(error)?;
        let password = line.trim_end_matches(['\r', '\n']);
        if password.is_empty() {
            return Err(error(io::Error::other("its first line is empty")));
        }
        self.give(Zeroizing::new(password.to_owned()));
        Ok(())
    }

    /// The next password to try on a machine that has refused some; none if nobody gives one.
    ///
    /// Two that were given at most, so that of [`TRIES`] one is left for an answer. Who is not the first to need one
    /// waits until the first was answered.
    pub(super) fn next(
        &self,
        machine: &str,
        refused: &[Password],
        question: &str,
    ) -> Option<Password> {
        let mut state = self.state();
        let own = state.accepted.get(machine).into_iter();
        let is_new = |one: &&Password| !refused.iter().any(|refused| refused.is(one));
        let known = own.chain(&state.given).find(is_new);
        if let Some(password) = known.filter(|_| refused.len() + 1 < TRIES) {
            return Some(password.clone());
        }
        let text = self.shared.ask.as_ref()?(question)?;
        Some(state.add(text))
    }

    /// Notes that a password was right on a machine, which a further connection to it will ask for again.
    pub(super) fn accept(&self, machine: &str, password: &Password) {
        let mut state = self.state();
        if state.accepted.is_empty() {
            state.given.retain(|one| !one.is(password));
            state.given.insert(0, password.clone());
        }
        state.accepted.insert(machine.to_owned(), password.clone());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, text: Zeroizing<String>) -> Password {
        let password = Password {
            text: Arc::new(text),
        };
        let behind = usize::from(!self.accepted.is_empty());
        self.given.insert(behind, password.clone());
        password
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Passwords").finish_non_exhaustive()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        error::Error as _,
        fs::{self, Permissions},
    };

    /// Passwords of somebody who answers `1`, `2`, …
    fn counting() -> Passwords {
        let answers = Mutex::new(0);
        Passwords::asking(move |_| {
            let mut answers = answers.lock().unwrap();
            *answers += 1;
            Some(answers.to_string().into())
        })
    }

    fn next(passwords: &Passwords, refused: &[Password]) -> Password {
        passwords.next("web", refused, "?").unwrap()
    }

    #[test]
    fn one_answer_is_for_all() {
        let passwords = counting();
        for machine in ["web", "db", "web"] {
            let password = passwords.next(machine, &[], "?").unwrap();
            assert_eq!(password.reveal(), "1");
            passwords.accept(machine, &password);
        }
    }

    #[test]
    fn who_mistypes_is_asked_again_once_for_all() {
        let passwords = counting();
        let [web, db] = [(); 2].map(|()| next(&passwords, &[]));
        assert_eq!(next(&passwords, &[web]).reveal(), "2");
        assert_eq!(next(&passwords, &[db]).reveal(), "2");
    }

    #[test]
    fn a_machine_with_a_password_of_its_own_does_not_change_that_of_the_others() {
        let passwords = counting();
        let next = |machine, refused: &[Password]| passwords.next(machine, refused, "?").unwrap();
        let common = next("web", &[]);
        passwords.accept("web", &common);
        let own = next("db", &[common]);
        assert_eq!(own.reveal(), "2");
        passwords.accept("db", &own);
        assert_eq!(next("log", &[]).reveal(), "1");
        // A further connection to the machine asks nobody.
        assert_eq!(next("db", &[]).reveal(), "2");
    }

    #[test]
    fn a_machine_with_a_password_of_its_own_may_be_the_first_to_ask() {
        let passwords = counting();
        passwords.give("given".to_owned().into());
        let given = next(&passwords, &[]);
        let own = next(&passwords, &[given]);
        assert_eq!(own.reveal(), "1");
        passwords.accept("web", &own);
        let tried = passwords.next("db", &[], "?").unwrap();
        assert_eq!(tried.reveal(), "1");
        let common = passwords.next("db", &[tried], "?").unwrap();
        assert_eq!(common.reveal(), "given");
    }

    #[test]
    fn what_is_given_is_tried_before_anybody_is_asked() {
        let passwords = Passwords::default();
        assert!(passwords.next("web", &[], "?").is_none());
        passwords.give("given".to_owned().into());
        let given = next(&passwords, &[]);
        assert_eq!(given.reveal(), "given");
        assert!(!format!("{passwords:?}{given:?}").contains("given"));
        assert!(passwords.next("web", &[given], "?").is_none());
    }

    #[test]
    fn a_file_gives_its_first_line_unless_others_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(directory.path())
            .unwrap()
            .join("password");
        let give = |text: &str, mode| {
            let passwords = Passwords::default();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let given = passwords.give_from(&path).map_err(|error| {
                let source = error.source().unwrap().to_string();
                assert!(error.hint().is_some());
                source
            });
            given.map(|()| next(&passwords, &[]).reveal().to_owned())
        };
        assert_eq!(give("pass word\r\nmore", 0o600).unwrap(), "pass word");
        assert_eq!(give("word", 0o400).unwrap(), "word");
        assert_eq!(give("word", 0o640).unwrap_err(), "others may read it");
        assert_eq!(
            give("\nword", 0o600).unwrap_err(),
            "its first line is empty"
        );
        fs::remove_file(&path).unwrap();
        assert!(Passwords::default().give_from(&path).is_err());
    }
}
