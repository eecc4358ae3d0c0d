//! Commands beside the store of another machine.

use std::{
    fmt,
    process::{Command, Stdio},
};

use zeroize::Zeroizing;

/// How programs of Nix, and others, are run beside the store of another machine.
#[derive(Clone)]
pub struct Commands {
    /// A program of this machine and its arguments, which run what follows there; none where that is here.
    before: Vec<String>,
    /// A shell there reads what follows, as one word.
    by_shell: bool,
    /// Words there before those of each command.
    there: Vec<String>,
    /// What they read before the input of the command.
    input: Zeroizing<Vec<u8>>,
}

impl Commands {
    /// Commands that are run by words before theirs, which no shell reads.
    pub fn new(before: Vec<String>) -> Self {
        Self {
            before,
            by_shell: false,
            there: Vec::new(),
            input: Zeroizing::default(),
        }
    }

    /// Commands that are run by words before one more, which a shell of the machine reads.
    pub fn by_shell(before: Vec<String>) -> Self {
        Self {
            by_shell: true,
            ..Self::new(before)
        }
    }

    /// The same with words there before those of each command, which read `input` before the command does.
    #[must_use]
    pub fn behind(self, there: Vec<String>, input: Zeroizing<Vec<u8>>) -> Self {
        Self {
            there,
            input,
            ..self
        }
    }

    /// A command; [`Commands::input`] must come before its own input.
    pub fn command<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let words = words.into_iter().map(|word| -> &str { word });
        let there = self.there.iter().map(String::as_str).chain(words);
        let mut all = self.before.clone();
        if self.by_shell {
            all.push(shell_words::join(there));
        } else {
            all.extend(there.map(str::to_owned));
        }
        let mut all = all.into_iter();
        let mut command = Command::new(all.next().unwrap_or_default());
        command.args(all).stdin(Stdio::null());
        command
    }

    /// What is written to each command first; it may be secret.
    pub fn input(&self) -> &[u8] {
        &self.input
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Commands")
            .field("before", &self.before)
            .field("there", &self.there)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::command_line;

    #[test]
    fn a_shell_gets_one_word_and_input_stands_nowhere() {
        let root = |commands: Commands| {
            let words = ["sudo", "-p", ""].map(str::to_owned).to_vec();
            commands.behind(words, Zeroizing::new(b"secret".to_vec()))
        };
        let by_shell = root(Commands::by_shell(vec!["ssh".into(), "web".into()]));
        assert_eq!(
            command_line(&by_shell.command(["cat", "a b"])),
            r"ssh web 'sudo -p '\'''\'' cat '\''a b'\'''"
        );
        assert_eq!(by_shell.input(), b"secret");
        assert!(!format!("{by_shell:?}").contains("secret"));
        let plain = root(Commands::new(vec!["enter".into()]));
        assert_eq!(
            command_line(&plain.command(["cat", "a b"])),
            "enter sudo -p '' cat 'a b'"
        );
        let here = Commands::new(Vec::new());
        assert_eq!(command_line(&here.command(["cat", "a b"])), "cat 'a b'");
        let here = root(here);
        assert_eq!(command_line(&here.command(["id"])), "sudo -p '' id");
    }
}
