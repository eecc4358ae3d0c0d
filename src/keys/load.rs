//! Where the contents of keys come from: the network, files and programs of the deployer.

use std::{collections::BTreeMap, fs::File, io::Read as _, process::Command};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::{
    Content, Error, KeyFile, Result,
    file::{Place, option_of},
};
use crate::{
    evaluator::{OutputRef, Token},
    network::{KeyOptions, KeySource, KeyTexts},
    plan::suggestion::nearest,
    process::{Call, Processes},
};

/// The longest content. What is longer is a file such as `/dev/zero`, that nobody meant.
const LONGEST: u64 = 256 << 20;

/// What contents are made of, beside the options that name them.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The programs of this run.
    pub processes: &'a Processes,
    /// The texts that stand in the network.
    pub texts: &'a KeyTexts,
    /// The values of secret outputs, which stand in texts as tokens.
    pub secret: &'a dyn Fn(&OutputRef) -> Option<Value>,
}

/// Finds the contents of all keys of a machine, and says which files they become.
pub fn load(
    machine: &str,
    keys: &BTreeMap<String, KeyOptions>,
    sources: Sources<'_>,
) -> Result<Vec<KeyFile>> {
    // A value that is wrong is told before a program asks for a passphrase.
    let places: Vec<Place> = keys
        .iter()
        .map(|(key, options)| Place::of(machine, key, options))
        .collect::<Result<_>>()?;
    let mut files = Vec::with_capacity(keys.len());
    for ((key, options), place) in keys.iter().zip(places) {
        let content = Loader {
            machine,
            key,
            sources,
        }
        .content(&options.source)?;
        files.extend(place.files(key, &Content::from(content)));
    }
    Ok(files)
}

struct Loader<'a> {
    machine: &'a str,
    key: &'a str,
    sources: Sources<'a>,
}

impl Loader<'_> {
    fn content(&self, source: &KeySource) -> Result<Vec<u8>> {
        match source {
            KeySource::Text { .. } => self.text(),
            KeySource::File { key_file } => self.file(Utf8Path::new(key_file)),
            KeySource::Command { key_command } => self.command(key_command),
        }
    }

    fn text(&self) -> Result<Vec<u8>> {
        let text = self.sources.texts.get(self.key).unwrap_or_default();
        let mut missing = None;
        let filled = Token::Secret.replace(text, |output| {
            let value = (self.sources.secret)(output);
            if value.is_none() {
                missing.get_or_insert_with(|| output.clone());
            }
            Some(match value? {
                Value::String(text) => text,
                other => other.to_string(),
            })
        });
        if let Some(output) = missing {
            return Err(Error::Output {
                machine: self.machine.to_owned(),
                option: self.option("text"),
                output: Box::new(output),
            });
        }
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Error::Value {
                machine: self.machine.to_owned(),
                option: self.option("text"),
                value: "what it is".to_owned(),
                reason: "it has bytes that are no text (UTF-8); use `keyFile` or `keyCommand`",
            });
        }
        Ok(filled.into_bytes())
    }

    fn file(&self, file: &Utf8Path) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = File::open(file).and_then(|opened| {
            let room = opened.metadata().map_or(0, |metadata| metadata.len());
            // A content that grows is copied, and its copies are not overwritten.
            bytes.reserve(usize::try_from(room.min(LONGEST)).unwrap_or(0) + 1);
            opened.take(LONGEST + 1).read_to_end(&mut bytes)
        });
        match read {
            Ok(length) if length as u64 > LONGEST => Err(Error::TooLong {
                machine: self.machine.to_owned(),
                option: self.option("keyFile"),
                limit: LONGEST,
            }),
            Ok(_) => Ok(bytes),
            Err(source) => Err(Error::File {
                machine: self.machine.to_owned(),
                option: self.option("keyFile"),
                file: file.to_owned(),
                near: near(file),
                source,
            }),
        }
    }

    fn command(&self, words: &[String]) -> Result<Vec<u8>> {
        let option = self.option("keyCommand");
        let [program, arguments @ ..] = words else {
            return Err(Error::Value {
                machine: self.machine.to_owned(),
                option,
                value: "empty".to_owned(),
                reason: "it names no program",
            });
        };
        let label = format!("key {} of {}", self.key, self.machine);
        let mut command = Command::new(program);
        let output = Call::new(label)
            .run(self.sources.processes, command.args(arguments))
            .and_then(crate::process::Output::checked);
        output
            .map(|output| output.stdout)
            .map_err(|error| Error::Command {
                machine: self.machine.to_owned(),
                option,
                command: shell_words::join(words),
                error: Box::new(error),
            })
    }

    fn option(&self, option: &str) -> String {
        option_of(self.key, option)
    }
}

/// A file in the same directory whose name is nearly that of one that is not there.
fn near(file: &Utf8Path) -> Option<Utf8PathBuf> {
    if file.exists() {
        return None;
    }
    let names: Vec<String> = file
        .parent()?
        .read_dir_utf8()
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_owned()))
        .collect();
    let name = nearest(file.file_name()?, names.iter().map(String::as_str))?;
    Some(file.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    fn keys(source: &Value) -> BTreeMap<String, KeyOptions> {
        let mut options = json!({
            "name": "k", "path": "/run/keys/k", "destDir": "/run/keys", "user": "root", "group": "root",
            "permissions": "0600",
        });
        options
            .as_object_mut()
            .unwrap()
            .extend(source.as_object().unwrap().clone());
        serde_json::from_value(json!({ "k": options })).unwrap()
    }

    fn loaded(source: &Value, text: &str) -> Result<Vec<u8>> {
        let texts: KeyTexts = serde_json::from_value(json!({ "k": text })).unwrap();
        let secret = |output: &OutputRef| (output.attribute == "secret").then(|| json!("hush"));
        let sources = Sources {
            processes: &Processes::new(),
            texts: &texts,
            secret: &secret,
        };
        let files = load("web", &keys(source), sources)?;
        Ok(files[0].content.reveal().to_vec())
    }

    #[test]
    fn secrets_take_the_places_of_their_tokens() {
        let text = json!({ "source": "text" });
        let token = |attribute| format!("a=<nixops:secret:tokens:t:{attribute}>;");
        assert_eq!(loaded(&text, &token("secret")).unwrap(), b"a=hush;");
        let error = loaded(&text, &token("other")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "web: deployment.keys.k.text needs `resources.tokens.t.other`, which is not known"
        );
        assert!(loaded(&text, "\u{fffd}").is_err());
    }

    #[test]
    fn a_file_of_any_bytes_is_read_and_a_slip_in_its_name_is_understood() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token.key");
        fs::write(&file, [0, 255, 10, 13]).unwrap();
        let of = |path: &std::path::Path| json!({ "source": "file", "keyFile": path });
        assert_eq!(loaded(&of(&file), "").unwrap(), [0, 255, 10, 13]);
        let error = loaded(&of(&directory.path().join("tokn.key")), "").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("deployment.keys.k.keyFile: No such file")
        );
        assert_eq!(
            error.hint().unwrap(),
            format!("there is {}", file.display())
        );
    }

    #[test]
    fn what_a_command_prints_is_the_content_and_its_failure_is_told() {
        let of = |words: &[&str]| json!({ "source": "command", "keyCommand": words });
        assert_eq!(loaded(&of(&["printf", "a\\n"]), "").unwrap(), b"a\n");
        let message = |words: &[&str]| loaded(&of(words), "").unwrap_err().to_string();
        assert_eq!(
            message(&["sh", "-c", "echo no such entry >&2; exit 3"]),
            "web: `sh -c 'echo no such entry >&2; exit 3'`, which is deployment.keys.k.keyCommand, failed: no such entry"
        );
        assert!(message(&["false"]).ends_with("failed: exit status: 1"));
        assert!(message(&["/no/such/program"]).contains("cannot be started: No such file"));
        assert!(message(&[]).ends_with("cannot be empty: it names no program"));
    }
}
