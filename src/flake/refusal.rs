//! Why Nix refused to lock a flake, in our words.

use camino::{Utf8Path, Utf8PathBuf};
use nix_compat::log::{self, Line, LogMessage, Message, VerbosityLevel, strip_ansi};

use crate::process::Output;

use super::{Error, Place};

/// Says what is wrong with a flake, from what Nix wrote in its `internal-json` format.
pub fn error(reference: &str, output: &Output) -> Error {
    let stderr = output.stderr_text();
    let errors = errors(&stderr);
    let message = errors.iter().map(text).collect::<Vec<_>>().join("\n");
    let message = if errors.is_empty() {
        strip_ansi(stderr.trim()).into_owned()
    } else {
        message
    };
    let reference = reference.to_owned();
    if is_untracked(&reference, &message) {
        Error::Untracked { reference }
    } else if is_missing(&message) {
        Error::NoFlake { reference }
    } else {
        Error::Unreadable {
            place: errors.iter().find_map(|error| place(&reference, error)),
            reference,
            message,
        }
    }
}

fn errors(stderr: &str) -> Vec<Message> {
    let messages = stderr
        .lines()
        .filter_map(|line| match log::parse_line(line) {
            Line::Message(LogMessage::Msg(message)) => Some(message),
            _ => None,
        });
    messages
        .filter(|message| message.level == VerbosityLevel::Error)
        .collect()
}

/// What Nix calls the error, without the place and the lines around it.
fn text(error: &Message) -> String {
    let text = strip_ansi(error.raw_msg.as_ref().unwrap_or(&error.msg));
    let text = text.trim().trim_start_matches("error:").trim();
    // Nix 2.8 advises a flag that means something else here.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("(use '--show-trace'"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The place of an error, if it is in the tree that the user named.
fn place(reference: &str, error: &Message) -> Option<Place> {
    let stored = Utf8Path::from_path(error.position.path()?)?;
    let inside = stored.strip_prefix("/nix/store").ok()?;
    let inside: Utf8PathBuf = inside.components().skip(1).collect();
    Some(Place {
        file: above(reference, &inside)?,
        line: u32::try_from(error.position.line?).ok()?,
        column: u32::try_from(error.position.column.unwrap_or(1)).ok()?,
    })
}

fn is_missing(message: &str) -> bool {
    message.contains("could not find a flake.nix")
        || message.contains("does not contain a '/flake.nix'")
        || message.contains("does not contain a 'flake.nix'")
        || message.contains("/flake.nix': No such file or directory")
        || message.contains("/flake.nix' does not exist")
        || message.contains("source tree referenced by") && message.contains("flake.nix' file")
}

/// Nix 2.8 says only that its copy of a git tree lacks the file.
fn is_untracked(reference: &str, message: &str) -> bool {
    let said = message.contains("is not tracked by Git") || message.contains("not tracked by git");
    let absent = is_missing(message) && message.contains("/nix/store/");
    said || absent && above(reference, "flake.nix".into()).is_some_and(|file| is_in_git(&file))
}

fn is_in_git(file: &Utf8Path) -> bool {
    file.ancestors()
        .any(|directory| directory.join(".git").exists())
}

/// Finds a file in the directory that a reference names, or in one above it.
fn above(reference: &str, file: &Utf8Path) -> Option<Utf8PathBuf> {
    let path = reference.split(['?', '#']).next()?;
    let path = path.strip_prefix("path:").unwrap_or(path);
    let directory = Utf8Path::new(path).canonicalize_utf8().ok()?;
    let mut files = directory.ancestors().map(|directory| directory.join(file));
    files.find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_what_nix_calls_the_error() {
        let stderr = "@nix {\"action\":\"msg\",\"level\":1,\"msg\":\"warning: Git tree is dirty\"}\n\
                      @nix {\"action\":\"msg\",\"level\":0,\"msg\":\"error: no\",\"raw_msg\":\"\\u001b[31mno\\u001b[0m\"}\n";
        let errors = errors(stderr);
        assert_eq!(errors.iter().map(text).collect::<Vec<_>>(), ["no"]);
    }

    #[test]
    fn the_advice_of_nix_is_left_out() {
        let stderr = r#"@nix {"action":"msg","level":0,"msg":"error: no host\n(use '--show-trace' to show detailed location information)"}"#;
        assert_eq!(
            errors(stderr).iter().map(text).collect::<Vec<_>>(),
            ["no host"]
        );
    }

    #[test]
    fn a_directory_without_a_flake_is_told_from_other_errors() {
        assert!(is_missing("could not find a flake.nix file"));
        assert!(is_missing(
            "source tree referenced by 'path:/x' does not contain a '/flake.nix' file"
        ));
        assert!(is_missing(
            "path '/nix/store/x-source/flake.nix' does not exist"
        ));
        assert!(!is_missing("unable to download 'https://x'"));
    }

    #[test]
    fn a_place_is_one_of_the_users_own_files() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path())
            .unwrap()
            .canonicalize_utf8()
            .unwrap();
        std::fs::create_dir(root.join("sub")).unwrap();
        std::fs::write(root.join("sub/flake.nix"), "").unwrap();
        let found = |reference: &str, file: &str| above(reference, file.into());
        let flake = Some(root.join("sub/flake.nix"));
        assert_eq!(found(&format!("{root}/sub"), "sub/flake.nix"), flake);
        assert_eq!(found(&format!("path:{root}/sub?x=y"), "flake.nix"), flake);
        assert_eq!(found("github:a/b", "flake.nix"), None);
    }
}
