//! What differs between two closures, package by package.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::nix::StorePathSize;

/// What differs between the closure that a machine has and the one that it is to have.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClosureDifference {
    /// Packages that differ, by name.
    pub packages: BTreeMap<String, PackageChange>,
    /// Bytes of the whole before.
    pub size_before: u64,
    /// Bytes of the whole after.
    pub size_after: u64,
    /// How many store paths are new: what a copy brings at most.
    pub new_paths: usize,
    /// Their bytes.
    pub new_size: u64,
}

/// How a package differs.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageChange {
    /// Whether it is added, and so on.
    pub kind: PackageChangeKind,
    /// Its versions before; a package without one has an empty text here.
    pub before: Vec<String>,
    /// Its versions after.
    pub after: Vec<String>,
    /// How many bytes more it has.
    pub size: i64,
}

/// How a package differs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageChangeKind {
    /// It was not there.
    Added,
    /// It is there no more.
    Removed,
    /// It has another version.
    Version,
    /// It has the same version and another content: its own, or something that it depends on.
    #[default]
    Rebuilt,
}

/// What a closure has of one package.
#[derive(Default)]
struct Package<'a> {
    versions: BTreeSet<&'a str>,
    paths: BTreeSet<&'a str>,
    size: u64,
}

impl ClosureDifference {
    /// Compares two closures.
    pub fn between(before: &[StorePathSize], after: &[StorePathSize]) -> Self {
        let (old, new) = (packages(before), packages(after));
        let nothing = Package::default();
        let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
        let changes = names.into_iter().filter_map(|name| {
            let was = old.get(name).unwrap_or(&nothing);
            let is = new.get(name).unwrap_or(&nothing);
            Some((name.to_owned(), change(was, is)?))
        });
        let known: BTreeSet<&StorePathSize> = before.iter().collect();
        let fresh = after.iter().filter(|path| !known.contains(path));
        Self {
            packages: changes.collect(),
            size_before: total(before),
            size_after: total(after),
            new_paths: fresh.clone().count(),
            new_size: fresh.map(|path| path.size).sum(),
        }
    }

    /// Whether both are the same.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// How many bytes more the whole has.
    pub fn size_change(&self) -> i64 {
        more(self.size_before, self.size_after)
    }
}

fn total(closure: &[StorePathSize]) -> u64 {
    closure.iter().map(|path| path.size).sum()
}

fn more(before: u64, after: u64) -> i64 {
    // No closure comes near to half of what a u64 holds.
    after.cast_signed().wrapping_sub(before.cast_signed())
}

fn packages(closure: &[StorePathSize]) -> BTreeMap<&str, Package<'_>> {
    let mut packages: BTreeMap<&str, Package<'_>> = BTreeMap::new();
    for path in closure {
        let (name, version) = name_and_version(path.path.as_str());
        let package = packages.entry(name).or_default();
        package.versions.insert(version);
        package.paths.insert(path.path.as_str());
        package.size += path.size;
    }
    packages
}

fn change(was: &Package<'_>, is: &Package<'_>) -> Option<PackageChange> {
    if was.paths == is.paths {
        return None;
    }
    let kind = if was.paths.is_empty() {
        PackageChangeKind::Added
    } else if is.paths.is_empty() {
        PackageChangeKind::Removed
    } else if was.versions == is.versions {
        PackageChangeKind::Rebuilt
    } else {
        PackageChangeKind::Version
    };
    let versions =
        |package: &Package<'_>| package.versions.iter().map(ToString::to_string).collect();
    Some(PackageChange {
        kind,
        before: versions(was),
        after: versions(is),
        size: more(was.size, is.size),
    })
}

/// Outputs that a name may end in behind its version. Another word there is a part of the version, such
/// as `unstable`.
const OUTPUTS: [&str; 15] = [
    "bin", "data", "debug", "dev", "devdoc", "dist", "doc", "info", "lib", "lib32", "lib64", "man",
    "out", "static", "terminfo",
];

/// Splits the name of a store path as Nix does: the version begins behind the first dash that no letter
/// follows. The output is a part of neither.
fn name_and_version(path: &str) -> (&str, &str) {
    let file = path.rsplit('/').next().unwrap_or(path);
    let whole = file.split_once('-').map_or(file, |(_, name)| name);
    let dashes = whole.match_indices('-');
    let is_version = |rest: &str| {
        rest.chars()
            .next()
            .is_some_and(|first| !first.is_alphabetic())
    };
    let mut starts = dashes.map(|(dash, _)| dash);
    match starts.find(|dash| is_version(&whole[dash + 1..])) {
        Some(dash) => (&whole[..dash], without_output(&whole[dash + 1..])),
        None => (whole, ""),
    }
}

fn without_output(version: &str) -> &str {
    match version.rsplit_once('-') {
        Some((version, output)) if OUTPUTS.contains(&output) => version,
        _ => version,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_json_snapshot;
    use proptest::prelude::*;

    use super::*;

    const HASH: &str = "00000000000000000000000000000000";

    fn closure(paths: &[(&str, u64)]) -> Vec<StorePathSize> {
        let path = |(name, size): &(&str, u64)| StorePathSize {
            path: format!("/nix/store/{name}").into(),
            size: *size,
        };
        paths.iter().map(path).collect()
    }

    #[test]
    fn names_are_split_as_nix_does() {
        let split = |name: &str| {
            let path = format!("/nix/store/{HASH}-{name}");
            let (name, version) = name_and_version(&path);
            format!("{name} | {version}")
        };
        assert_eq!(split("nginx-1.26.1"), "nginx | 1.26.1");
        assert_eq!(split("openssl-3.0.1-bin"), "openssl | 3.0.1");
        assert_eq!(split("glibc-2.39-52"), "glibc | 2.39-52");
        assert_eq!(split("foo-2024-unstable"), "foo | 2024-unstable");
        assert_eq!(split("unit-nginx.service"), "unit-nginx.service | ");
        assert_eq!(split("nixos-system-web-26.05"), "nixos-system-web | 26.05");
        assert_eq!(split("system-path"), "system-path | ");
        assert_eq!(split("end-"), "end- | ");
    }

    #[test]
    fn packages_are_added_removed_changed_and_rebuilt() {
        let before = closure(&[
            ("1-nginx-1.24", 10),
            ("2-etc", 1),
            ("3-gone-1", 5),
            ("4-same-1", 7),
        ]);
        let after = closure(&[
            ("5-nginx-1.26", 14),
            ("6-etc", 1),
            ("7-new-2-lib", 3),
            ("4-same-1", 7),
        ]);
        let difference = ClosureDifference::between(&before, &after);
        assert_eq!(difference.size_change(), 2);
        assert_json_snapshot!(difference, @r#"
        {
          "packages": {
            "etc": {
              "kind": "rebuilt",
              "before": [
                ""
              ],
              "after": [
                ""
              ],
              "size": 0
            },
            "gone": {
              "kind": "removed",
              "before": [
                "1"
              ],
              "after": [],
              "size": -5
            },
            "new": {
              "kind": "added",
              "before": [],
              "after": [
                "2"
              ],
              "size": 3
            },
            "nginx": {
              "kind": "version",
              "before": [
                "1.24"
              ],
              "after": [
                "1.26"
              ],
              "size": 4
            }
          },
          "sizeBefore": 23,
          "sizeAfter": 25,
          "newPaths": 3,
          "newSize": 18
        }
        "#);
    }

    proptest! {
        #[test]
        fn only_the_same_differs_in_nothing(
            one in proptest::collection::btree_map("[0-3]-[ab](-[0-2])?", 0_u64..9, 0..8),
            other in proptest::collection::btree_map("[0-3]-[ab](-[0-2])?", 0_u64..9, 0..8),
        ) {
            let of = |paths: &BTreeMap<String, u64>| {
                let paths: Vec<_> = paths.iter().map(|(name, size)| (name.as_str(), *size)).collect();
                closure(&paths)
            };
            let same_paths = one.keys().eq(other.keys());
            let difference = ClosureDifference::between(&of(&one), &of(&other));
            prop_assert_eq!(difference.is_empty(), same_paths);
            let back = ClosureDifference::between(&of(&other), &of(&one));
            prop_assert_eq!(back.packages.len(), difference.packages.len());
            prop_assert_eq!(back.size_change(), -difference.size_change());
        }
    }
}
