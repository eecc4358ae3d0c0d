//! Resources that have a new name.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::{Key, Lifecycle};

/// Names that resources had before and that do not tell which is which.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AliasError {
    /// Several of a resource's former names are in the state.
    #[error(
        "{key} may have been {} before: its `deployment.lifecycle.aliases` name both, and the state has both",
        .found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
    )]
    Several {
        /// The resource.
        key: Key,
        /// What it may have been.
        found: BTreeSet<Key>,
    },
    /// Several resources say that they had the same name.
    #[error(
        "{} both say in `deployment.lifecycle.aliases` that they were {found} before",
        .keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
    )]
    Claimed {
        /// The resources.
        keys: BTreeSet<Key>,
        /// What they say that they were.
        found: Key,
    },
}

impl AliasError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Several { .. } => {
                "leave the one alias that is meant; the other resource then counts as obsolete"
            }
            Self::Claimed { .. } => "leave the alias to the one that goes on",
        }
    }
}

/// Finds resources of the network that the state has under a former name: new names with the old ones.
///
/// A former name counts only where the state does not have the new one, and the network not the old one.
pub fn renames<'a>(
    wanted: impl IntoIterator<Item = (&'a Key, &'a Lifecycle)>,
    names: &BTreeSet<Key>,
    kept: &BTreeSet<Key>,
) -> Result<BTreeMap<Key, Key>, AliasError> {
    let mut renames: BTreeMap<Key, Key> = BTreeMap::new();
    let mut claims: BTreeMap<Key, Key> = BTreeMap::new();
    let unknown = wanted.into_iter().filter(|(key, _)| !kept.contains(key));
    for (key, lifecycle) in unknown {
        let aliases = lifecycle.aliases.iter().flat_map(|alias| meant(key, alias));
        let mut found: BTreeSet<Key> = aliases
            .filter(|old| kept.contains(old) && !names.contains(old))
            .collect();
        if found.len() > 1 {
            let key = key.clone();
            return Err(AliasError::Several { key, found });
        }
        let Some(found) = found.pop_first() else {
            continue;
        };
        if let Some(other) = claims.insert(found.clone(), key.clone()) {
            let keys = BTreeSet::from([key.clone(), other]);
            return Err(AliasError::Claimed { keys, found });
        }
        renames.insert(key.clone(), found);
    }
    Ok(renames)
}

/// What an alias may mean: a name of the same type, or a type and a name. Names may have dots in them.
fn meant(key: &Key, alias: &str) -> impl Iterator<Item = Key> {
    let same = Key::new(&key.kind, alias);
    Key::parse(alias).into_iter().chain([same])
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn keys(names: &[&str]) -> BTreeSet<Key> {
        names.iter().filter_map(|name| Key::parse(name)).collect()
    }

    fn find(
        wanted: &[(&str, &[&str])],
        names: &[&str],
        kept: &[&str],
    ) -> Result<Vec<String>, AliasError> {
        let wanted: Vec<(Key, Lifecycle)> = wanted
            .iter()
            .map(|(name, aliases)| {
                let aliases = aliases.iter().map(|&alias| alias.to_owned()).collect();
                let lifecycle = Lifecycle {
                    aliases,
                    ..Lifecycle::default()
                };
                (Key::parse(name).unwrap(), lifecycle)
            })
            .collect();
        let mut names = keys(names);
        names.extend(wanted.iter().map(|(key, _)| key.clone()));
        let wanted = wanted.iter().map(|(key, lifecycle)| (key, lifecycle));
        let found = renames(wanted, &names, &keys(kept))?;
        Ok(found
            .iter()
            .map(|(new, old)| format!("{old} → {new}"))
            .collect())
    }

    #[test]
    fn a_former_name_is_found_with_or_without_its_type() {
        let found = find(&[("v.new", &["old"])], &[], &["v.old"]).unwrap();
        assert_eq!(found, ["v.old → v.new"]);
        let found = find(&[("v.new", &["disks.old"])], &[], &["disks.old"]).unwrap();
        assert_eq!(found, ["disks.old → v.new"]);
        let found = find(&[("v.new", &["old.eu"])], &[], &["v.old.eu"]).unwrap();
        assert_eq!(found, ["v.old.eu → v.new"]);
    }

    #[test]
    fn a_former_name_that_lives_on_is_no_rename() {
        assert!(
            find(&[("v.new", &["old"])], &["v.old"], &["v.old"])
                .unwrap()
                .is_empty()
        );
        assert!(
            find(&[("v.new", &["old"])], &[], &["v.old", "v.new"])
                .unwrap()
                .is_empty()
        );
        assert!(
            find(&[("v.new", &["old"])], &[], &["w.old"])
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn what_could_mean_two_is_an_error() {
        let error = find(&[("v.new", &["a", "b"])], &[], &["v.a", "v.b"]).unwrap_err();
        assert_snapshot!(error, @"v.new may have been v.a or v.b before: its `deployment.lifecycle.aliases` name both, and the state has both");
        let claims: &[(&str, &[&str])] = &[("v.x", &["a"]), ("v.y", &["a"])];
        let error = find(claims, &[], &["v.a"]).unwrap_err();
        assert_snapshot!(error, @"v.x and v.y both say in `deployment.lifecycle.aliases` that they were v.a before");
    }
}
