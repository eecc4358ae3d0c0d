use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::{Error, Nix, Program, Result, Version};
use crate::process::Processes;

/// Nix that warns unless it is told which form of JSON is wanted.
const JSON_FORMATS_SINCE: Version = Version {
    major: 2,
    minor: 34,
    patch: 0,
};

/// What the store knows of one path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PathInfo {
    /// Bytes of the path itself, as an archive.
    pub nar_size: u64,
    /// Bytes of the path and of all that it refers to.
    pub closure_size: Option<u64>,
    /// Paths that it refers to, itself too if it does.
    #[serde(default)]
    pub references: Vec<Utf8PathBuf>,
    /// The hash of its content that its name follows from, if it does.
    pub ca: Option<String>,
}

/// An entry of the list that Nix up to 2.18 writes.
#[derive(Deserialize)]
struct Listed {
    path: Utf8PathBuf,
    #[serde(flatten)]
    info: PathInfo,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    List(Vec<Listed>),
    Map(BTreeMap<Utf8PathBuf, Option<PathInfo>>),
}

impl Nix {
    /// Looks up all paths of the closures of `paths`, with the closure size of each.
    pub fn closures<'a>(
        &self,
        processes: &Processes,
        paths: impl IntoIterator<Item = &'a Utf8Path>,
    ) -> Result<BTreeMap<Utf8PathBuf, PathInfo>> {
        self.path_info(processes, paths, &["--recursive", "--closure-size"])
    }

    /// Looks up the paths alone, with their closure size.
    pub fn path_infos<'a>(
        &self,
        processes: &Processes,
        paths: impl IntoIterator<Item = &'a Utf8Path>,
    ) -> Result<BTreeMap<Utf8PathBuf, PathInfo>> {
        self.path_info(processes, paths, &["--closure-size"])
    }

    pub(super) fn path_info<'a>(
        &self,
        processes: &Processes,
        paths: impl IntoIterator<Item = &'a Utf8Path>,
        flags: &[&str],
    ) -> Result<BTreeMap<Utf8PathBuf, PathInfo>> {
        let mut paths = paths.into_iter().peekable();
        if paths.peek().is_none() {
            return Ok(BTreeMap::new());
        }
        let mut command = self.command(Program::Nix);
        command
            .args(["path-info", "--json"])
            .args(flags)
            .args(paths);
        if self.version() >= JSON_FORMATS_SINCE {
            command.args(["--json-format", "1"]);
        }
        let output = processes
            .output(&mut command, "query the store", None)?
            .checked()?;
        read(&output.stdout)
    }
}

/// Reads what `nix path-info --json` writes: a list with paths inside (up to 2.18), or a map from path to information.
fn read(json: &[u8]) -> Result<BTreeMap<Utf8PathBuf, PathInfo>> {
    let answer = serde_json::from_slice(json);
    let answer = answer.map_err(|source| Error::Answer {
        command: "nix path-info --json",
        source,
    })?;
    Ok(match answer {
        Answer::List(list) => list
            .into_iter()
            .map(|entry| (entry.path, entry.info))
            .collect(),
        // A map may hold null for a path that is not valid.
        Answer::Map(map) => map
            .into_iter()
            .filter_map(|(path, info)| Some((path, info?)))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"[{"path":"/nix/store/a-x","narHash":"sha256:0","narSize":7,"closureSize":9,"references":["/nix/store/b-y"]}]"#;
    const MAP: &str = r#"{"/nix/store/a-x":{"narHash":"sha256-0","narSize":7,"closureSize":9,"references":["/nix/store/b-y"],"ca":null},"/nix/store/c-z":null}"#;

    #[test]
    fn lists_and_maps_tell_the_same() {
        let list = read(LIST.as_bytes()).unwrap();
        assert_eq!(list, read(MAP.as_bytes()).unwrap());
        assert_eq!(list[Utf8Path::new("/nix/store/a-x")].closure_size, Some(9));
    }

    #[test]
    fn anything_else_is_an_error() {
        assert!(read(b"{\"a\":1}").is_err());
    }
}
