//! Secrets must not come into the store, where everybody can read them.
//!
//! In evaluation a token stands for a secret. A derivation with one would build something without the
//! secret, and with the secret it would be one that the whole world can read.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    sync::Mutex,
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Diagnostic, Error, Evaluator, OutputRef, fleet::lock};

/// What tokens are known by, also where their brackets were escaped.
const MARK: &str = "nixops:secret:";

/// Files that are larger than this are no derivation and no text of a module.
const LARGEST_FILE: u64 = 4 << 20;

/// Files of the store in which there is no secret, whatever needs them.
#[derive(Debug, Default)]
pub struct Clean(Mutex<HashSet<Utf8PathBuf>>);

/// Looks for secrets in a derivation and all that its build needs; tells where the first one stands.
pub fn find(
    evaluator: &Evaluator,
    derivation: &Utf8Path,
    secrets: &BTreeSet<OutputRef>,
) -> Result<Option<Diagnostic>, Error> {
    let closure = evaluator.nix.requisites(&evaluator.processes, derivation)?;
    let mut unseen: Vec<_> = {
        let clean = lock(&evaluator.clean.0);
        let is_new = |path: &Utf8PathBuf| !clean.contains(path);
        closure.into_iter().filter(is_new).collect()
    };
    unseen.sort_by(|one, other| name(one).cmp(name(other)));
    for path in unseen {
        if let Some(secret) = secret_in(&path, secrets) {
            return Ok(Some(diagnostic(secret, &path)));
        }
        lock(&evaluator.clean.0).insert(path);
    }
    Ok(None)
}

/// The secret that stands in a file of the store. A directory has been there before evaluation.
fn secret_in<'a>(path: &Utf8Path, secrets: &'a BTreeSet<OutputRef>) -> Option<&'a OutputRef> {
    let is_text = |file: &fs::Metadata| file.is_file() && file.len() <= LARGEST_FILE;
    if !fs::symlink_metadata(path).is_ok_and(|file| is_text(&file)) {
        return None;
    }
    let content = fs::read(path).ok()?;
    secret_of(&String::from_utf8_lossy(&content), secrets)
}

fn secret_of<'a>(text: &str, secrets: &'a BTreeSet<OutputRef>) -> Option<&'a OutputRef> {
    if !text.contains(MARK) {
        return None;
    }
    secrets.iter().find(|secret| {
        let OutputRef { key, attribute } = secret;
        text.contains(&format!("{MARK}{}:{}:{attribute}", key.kind, key.name))
    })
}

fn diagnostic(secret: &OutputRef, path: &Utf8Path) -> Diagnostic {
    let name = name(path);
    let place = match name.strip_suffix(".drv") {
        Some(derivation) => format!("the derivation `{derivation}`"),
        None => format!("the file `{name}`"),
    };
    Diagnostic {
        message: format!("the secret `{secret}` would stand in the Nix store, in {place}"),
        position: None,
        hint: Some(
            "everybody on the machine can read the store; make a key of it, which is sent beside the \
             system: `deployment.keys.NAME.text`, and use its `path`"
                .to_owned(),
        ),
        trace: Vec::new(),
    }
}

/// The name of a store path, without its hash.
fn name(path: &Utf8Path) -> &str {
    let name = path.file_name().unwrap_or_default();
    name.split_once('-').map_or(name, |(_hash, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Key;

    fn secret(name: &str) -> OutputRef {
        OutputRef {
            key: Key::new("sshKeyPairs", name),
            attribute: "privateKey".to_owned(),
        }
    }

    #[test]
    fn a_token_is_found_also_where_its_brackets_are_escaped() {
        let secrets = BTreeSet::from([secret("a"), secret("b")]);
        let found = |text| secret_of(text, &secrets).map(|secret| secret.key.name.as_str());
        assert_eq!(
            found("x=<nixops:secret:sshKeyPairs:b:privateKey>"),
            Some("b")
        );
        assert_eq!(
            found("&lt;nixops:secret:sshKeyPairs:a:privateKey&gt;"),
            Some("a")
        );
        assert_eq!(found("<nixops:secret:sshKeyPairs:c:privateKey>"), None);
    }

    #[test]
    fn a_place_is_named_as_a_user_knows_it() {
        let said = |path: &str| diagnostic(&secret("k"), path.into()).message;
        assert_eq!(
            said("/nix/store/abc-etc-secret.drv"),
            "the secret `resources.sshKeyPairs.k.privateKey` would stand in the Nix store, in the \
             derivation `etc-secret`"
        );
        assert!(said("/nix/store/abc-motd").ends_with("in the file `motd`"));
    }
}
