//! Keys of a machine: one command asks which are there, one brings what is to be changed.
//!
//! Contents go by the standard input alone, as an archive that one `tar` unpacks with all owners and modes; what
//! takes its place does so by `mv` within its directory, many files in one process. So a key more costs no process.

use std::{fmt::Write as _, time::Duration};

use camino::Utf8Path;

use super::{Error, Host, Remote, Result};
use crate::{
    keys::{Found, FoundFile, Parcel},
    process::Output,
};

/// How long a machine may take to say which keys it has.
const ANSWER_WITHIN: Duration = Duration::from_mins(2);

/// Says which keys are there. It reads their paths, one a line.
///
/// One line without single quotes, as [`SCRIPT`](super::look::SCRIPT), and so is [`BRING`].
const ASK: &str = r#"set -f; nl=$(echo; echo x); IFS=${nl%x}; LC_ALL=C; export LC_ALL; set -- $(cat); echo; echo nixops-keys-begin; cat /var/lib/nixops/keys/manifest 2>/dev/null; echo nixops-keys-files; if [ $# -gt 0 ]; then stat -c "%a|%u|%U|%g|%G|%F|%n" -- "$@" 2>/dev/null; echo nixops-keys-digests; sha256sum -- "$@" 2>/dev/null; fi; [ ! -e /run/keys/done ] || echo nixops-keys-done; echo nixops-keys-end"#;

/// Takes a [`Parcel`] in: `$1` is its moment, then come its directories; the archive is read.
///
/// Nothing is in its place before everything is unpacked; what cannot be unpacked leaves no trace. What was sent is
/// listed before it is in its place, so that a run which breaks off does not forget it.
const BRING: &str = r#"umask 077; LC_ALL=C; export LC_ALL; moment=$1; shift; home=/var/lib/nixops/keys; drop() { for d in "$@"; do rm -rf "$d/.nixops-keys"; done; rm -f "$home/manifest.put" "$home/manifest.settle" "$home/obsolete"; }; place() { from=$1; shift; for d in "$@"; do [ ! -d "$d/.nixops-keys/$from" ] || find "$d/.nixops-keys/$from" -type f -exec mv -f -t "$d" -- {} + || return 1; done; }; list() { if [ -s "$home/$1" ]; then mv -f "$home/$1" "$home/manifest"; else rm -f "$home/$1" "$home/manifest"; fi; }; if [ $moment = drop ]; then drop "$@"; exit 0; fi; { (umask 022; mkdir -p /var/lib/nixops) && mkdir -p "$home"; } || exit 1; if [ $moment = settle ]; then for d in "$@"; do [ -d "$d/.nixops-keys/next" ] || { echo "the keys that were staged in $d are gone: somebody else has sent keys meanwhile" >&2; exit 1; }; done; else drop "$@"; for d in "$@"; do [ -d "$d" ] || { (umask 022; mkdir -p "$d") && chmod 0750 "$d" && { chown root:keys "$d" 2>/dev/null || chown root:root "$d"; }; } || exit 1; mkdir "$d/.nixops-keys" "$d/.nixops-keys/new" "$d/.nixops-keys/next" || exit 1; done; fi; said=$(tar -xpPmf - --same-owner --no-overwrite-dir 2>&1) || { [ $moment = settle ] || drop "$@"; echo "$said" | head -n 1 >&2; exit 1; }; if [ $moment != settle ]; then list manifest.put && place new "$@" || { drop "$@"; exit 1; }; fi; if [ $moment != put ]; then place next "$@" && { [ ! -f "$home/obsolete" ] || xargs -0 -r rm -f -- <"$home/obsolete"; } && list manifest.settle || exit 1; drop "$@"; else for d in "$@"; do rmdir "$d/.nixops-keys/new"; rmdir "$d/.nixops-keys/next" "$d/.nixops-keys" 2>/dev/null; done; fi; rmdir "$home/kept" 2>/dev/null; if [ -s "$home/manifest" ]; then [ ! -d /run/keys ] || : >/run/keys/done; else rm -f /run/keys/done; rmdir "$home" 2>/dev/null; fi; exit 0"#;

const BEGIN: &str = "nixops-keys-begin";
const FILES: &str = "nixops-keys-files";
const DIGESTS: &str = "nixops-keys-digests";
const DONE: &str = "nixops-keys-done";
const END: &str = "nixops-keys-end";

/// Words of `tar` for a file that does not fit.
const NO_ROOM: [&str; 3] = ["No space left", "Wrote only", "quota exceeded"];

impl Host {
    /// Asks what stands at paths where keys are to stand, and which keys were sent before.
    pub fn find_keys<'p>(&self, paths: impl Iterator<Item = &'p Utf8Path>) -> Result<Found> {
        const ACTION: &str = "asking which keys are there";
        let paths = paths.fold(String::new(), |mut all, path| {
            // Writing to a text does not fail.
            let _ = writeln!(all, "{path}");
            all
        });
        let remote = Remote::script(ACTION, ASK)
            .stdin(paths.as_bytes())
            .timeout(ANSWER_WITHIN);
        let output = self.run(remote.elevated())?;
        match read(&output.stdout_text()) {
            Some(found) => Ok(found),
            None => Err(self.failed(ACTION, output)),
        }
    }

    /// Brings keys to the machine, and does what the parcel says.
    pub fn bring_keys(&self, parcel: &Parcel) -> Result<()> {
        const ACTION: &str = "sending keys";
        let words = ["sh", "-c", BRING, "nixops", parcel.moment.word()];
        let directories = parcel.directories.iter().map(|path| path.as_str());
        let remote = Remote::argv(ACTION, words.into_iter().chain(directories));
        let output = self.run(remote.stdin(&parcel.archive).elevated())?;
        if output.status.success() {
            return Ok(());
        }
        Err(self.failed(ACTION, output))
    }

    fn failed(&self, action: &str, output: Output) -> Error {
        let error = output.into_error();
        if NO_ROOM.iter().any(|words| error.stderr().contains(words)) {
            let machine = self.machine().to_owned();
            let said = error.last_words();
            return Error::NoRoom { machine, said };
        }
        self.command_error(action, error)
    }
}

/// Reads the answer to [`ASK`]; none if it is not complete.
fn read(text: &str) -> Option<Found> {
    let (answers, _) = text.rsplit_once(END)?;
    let (_, answers) = answers.split_once(BEGIN)?;
    let (sent, answers) = answers.split_once(FILES)?;
    let mut found = Found {
        sent: lines(sent).map(Into::into).collect(),
        ..Found::default()
    };
    let (files, digests) = answers.split_once(DIGESTS).unwrap_or((answers, ""));
    for line in lines(files).filter(|line| *line != DONE) {
        let (path, file) = read_file(line)?;
        found.files.insert(path.into(), file);
    }
    for line in lines(digests).filter(|line| *line != DONE) {
        let (digest, path) = line.split_once("  ")?;
        let file = found.files.get_mut(Utf8Path::new(path))?;
        // What a link leads to is not what stands there.
        if let Some(mark) = &mut file.digest {
            digest.clone_into(mark);
        }
    }
    found.done = lines(answers).any(|line| line == DONE);
    Some(found)
}

/// Reads what stands at a path. A regular file gets a place for its digest.
fn read_file(line: &str) -> Option<(&str, FoundFile)> {
    let mut fields = line.splitn(7, '|');
    let mut next = || fields.next();
    let mode = u32::from_str_radix(next()?, 8).ok()?;
    let user = [next()?.to_owned(), next()?.to_owned()];
    let group = [next()?.to_owned(), next()?.to_owned()];
    let kind = next()?;
    let file = FoundFile {
        mode,
        user,
        group,
        digest: kind.starts_with("regular").then(String::new),
        is_directory: kind == "directory",
    };
    Some((next()?, file))
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_survive_every_login_shell() {
        for script in [ASK, BRING] {
            assert!(!script.contains(['\'', '\n', '\\']), "{script}");
        }
        for word in [BEGIN, FILES, DIGESTS, DONE, END] {
            assert!(ASK.contains(word));
        }
    }

    #[test]
    fn an_answer_is_read_and_half_of_one_is_none() {
        let text = "welcome\n\nnixops-keys-begin\n/run/keys/gone\nnixops-keys-files\n\
                    600|0|root|0|root|regular file|/run/keys/a b\n\
                    777|0|root|0|root|symbolic link|/run/keys/link\n\
                    750|0|root|96|keys|directory|/run/keys/d\n\
                    nixops-keys-digests\nabc  /run/keys/a b\ndef  /run/keys/link\nnixops-keys-done\nnixops-keys-end\n";
        let found = read(text).unwrap();
        assert!(found.done && found.sent.contains(Utf8Path::new("/run/keys/gone")));
        let file = &found.files[Utf8Path::new("/run/keys/a b")];
        assert_eq!((file.mode, file.digest.as_deref()), (0o600, Some("abc")));
        assert_eq!(found.files[Utf8Path::new("/run/keys/link")].digest, None);
        assert!(found.files[Utf8Path::new("/run/keys/d")].is_directory);
        assert_eq!(read(text.trim_end().trim_end_matches("end")), None);
        assert_eq!(read(""), None);
    }
}
