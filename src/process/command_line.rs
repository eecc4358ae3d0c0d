use std::process::Command;

/// Words of a command line that carry a secret in the word after them.
const SECRET_SETTINGS: [&str; 3] = ["access-tokens", "netrc-file", "extra-access-tokens"];

/// Longest word that is shown whole: programs given with `--expr` would drown the message.
const LONGEST_WORD: usize = 300;

/// Renders a command as one would type it, without its environment and with passwords hidden.
///
/// Hidden are the password of a URL (`https://user:password@host`) and the values of Nix settings that hold tokens.
/// Everything else that is secret goes by standard input or the environment, which are never shown.
pub fn command_line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    let mut hide_next = false;
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        words.push(if hide_next {
            "…".to_owned()
        } else {
            shorten(&hide_password(&argument))
        });
        hide_next = SECRET_SETTINGS.contains(&argument.trim_start_matches('-'));
    }
    shell_words::join(words)
}

/// Replaces the password of a URL in `word`.
fn hide_password(word: &str) -> String {
    let hidden = (|| {
        let (scheme, rest) = word.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (user, _) = authority.rsplit_once('@')?;
        let (name, _) = user.split_once(':')?;
        Some(format!("{scheme}://{name}:…{}", &rest[user.len()..]))
    })();
    hidden.unwrap_or_else(|| word.to_owned())
}

/// Cuts a word that is too long to read.
fn shorten(word: &str) -> String {
    match word.char_indices().nth(LONGEST_WORD) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_blanks_are_quoted() {
        let mut command = Command::new("ssh");
        command.args(["-F", "/a b", "host"]);
        assert_eq!(command_line(&command), "ssh -F '/a b' host");
    }

    #[test]
    fn passwords_and_tokens_are_hidden() {
        let mut command = Command::new("nix");
        command.args([
            "--option",
            "access-tokens",
            "github.com=abc",
            "https://me:pw@host/x?y",
        ]);
        assert_eq!(
            command_line(&command),
            "nix --option access-tokens … 'https://me:…@host/x?y'"
        );
    }

    #[test]
    fn the_environment_is_not_shown() {
        let mut command = Command::new("nix");
        command.env("TOKEN", "secret");
        assert_eq!(command_line(&command), "nix");
    }
}
