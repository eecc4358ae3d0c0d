//! The files that a key becomes on its machine.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::{Content, Error, Result};
use crate::{network::KeyOptions, schema::attribute_path};

/// Where a machine keeps keys that persist, each by its name, as `lib/options/keys.nix` looks for them.
pub const KEPT: &str = "/var/lib/nixops/keys/kept";

/// Longest name of a user or group that an archive has room for, which is the longest that Linux has.
const LONGEST_NAME: usize = 31;

/// A file that a machine is to have.
#[derive(Clone, Debug)]
pub struct KeyFile {
    /// Name of the key.
    pub key: String,
    /// Where it stands on the machine.
    pub path: Utf8PathBuf,
    /// Its owner, by name or number.
    pub user: String,
    /// Its group, by name or number.
    pub group: String,
    /// Its mode.
    pub mode: u32,
    /// What is in it.
    pub content: Content,
}

/// Where and how a key stands, as far as its options say it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    path: Utf8PathBuf,
    user: String,
    group: String,
    mode: u32,
    kept: Option<Utf8PathBuf>,
}

impl Place {
    /// Checks what the options of a key say.
    pub fn of(machine: &str, key: &str, options: &KeyOptions) -> Result<Self> {
        let refuse = |option, value: &str| {
            let option = option_of(key, option);
            let (machine, value) = (machine.to_owned(), format!("`{}`", value.escape_debug()));
            move |reason| Error::Value {
                machine,
                option,
                value,
                reason,
            }
        };
        let path = Utf8Path::new(&options.path);
        file_name(&options.name).map_err(refuse("name", &options.name))?;
        directory(&options.dest_dir).map_err(refuse("destDir", &options.dest_dir))?;
        if path != Utf8Path::new(&options.dest_dir).join(&options.name) {
            let reason = "it is `name` in `destDir`; set these";
            return Err(refuse("path", &options.path)(reason));
        }
        if path == "/run/keys/done" {
            return Err(refuse("name", &options.name)(
                "there stands what says that all keys are there",
            ));
        }
        owner(&options.user).map_err(refuse("user", &options.user))?;
        owner(&options.group).map_err(refuse("group", &options.group))?;
        let mode = mode(&options.permissions);
        let mode = mode.map_err(refuse("permissions", &options.permissions))?;
        // The name of a unit has no `/` either.
        file_name(key).map_err(|reason| refuse("name", key)(reason))?;
        Ok(Self {
            path: path.to_owned(),
            user: options.user.clone(),
            group: options.group.clone(),
            mode,
            kept: options.persist.then(|| Utf8Path::new(KEPT).join(key)),
        })
    }

    /// The files of a key with this content.
    pub fn files(self, key: &str, content: &Content) -> Vec<KeyFile> {
        let kept = self.kept.map(|path| KeyFile {
            key: key.to_owned(),
            path,
            user: "root".to_owned(),
            group: "root".to_owned(),
            mode: 0o600,
            content: content.clone(),
        });
        let own = KeyFile {
            key: key.to_owned(),
            path: self.path,
            user: self.user,
            group: self.group,
            mode: self.mode,
            content: content.clone(),
        };
        std::iter::once(own).chain(kept).collect()
    }
}

impl KeyFile {
    /// The directory in which it stands.
    pub fn directory(&self) -> &Utf8Path {
        self.path.parent().unwrap_or(Utf8Path::new("/"))
    }
}

/// The option of a key as a user would write it.
pub(super) fn option_of(key: &str, option: &str) -> String {
    attribute_path(["deployment", "keys", key, option])
}

type Reason = &'static str;

fn file_name(name: &str) -> Result<(), Reason> {
    plain(name)?;
    match name {
        "" => Err("it is empty"),
        "." | ".." => Err("that is a directory"),
        _ if name.contains('/') => Err("a name has no `/`; say `destDir` for another directory"),
        _ if name.starts_with(".nixops-") => Err("names that begin so are those of NixOps"),
        _ => Ok(()),
    }
}

fn directory(directory: &str) -> Result<(), Reason> {
    plain(directory)?;
    let path = Utf8Path::new(directory);
    let is_plain =
        |component| matches!(component, Utf8Component::RootDir | Utf8Component::Normal(_));
    if !path.is_absolute() || !path.components().all(is_plain) {
        return Err("it is a path from the root, without `..`");
    }
    if path.starts_with("/nix/store") {
        return Err("everybody can read the Nix store, and nobody can write to it");
    }
    Ok(())
}

/// Lists of paths have one a line, and so have the answers of a machine.
fn plain(text: &str) -> Result<(), Reason> {
    if text.contains(|letter: char| letter.is_control() || letter == '\\') {
        return Err("it has a control character or a backslash");
    }
    Ok(())
}

fn owner(name: &str) -> Result<(), Reason> {
    plain(name)?;
    if name.is_empty() || name.starts_with('-') || name.contains([':', '/', '|']) {
        return Err("nobody is called so");
    }
    if name.len() > LONGEST_NAME {
        return Err("it is longer than names on Linux are");
    }
    Ok(())
}

fn mode(text: &str) -> Result<u32, Reason> {
    let is_octal = (3..=4).contains(&text.len());
    let mode = u32::from_str_radix(text, 8).ok();
    mode.filter(|_| is_octal && !text.starts_with('+'))
        .ok_or("a mode is an octal number of three or four digits, such as 0640")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::KeySource;

    fn options() -> KeyOptions {
        KeyOptions {
            name: "tls.key".to_owned(),
            path: "/run/keys/tls.key".to_owned(),
            dest_dir: "/run/keys".to_owned(),
            user: "web".to_owned(),
            group: "40".to_owned(),
            permissions: "0640".to_owned(),
            persist: true,
            source: KeySource::Text { literal: true },
        }
    }

    #[test]
    fn a_key_that_persists_is_two_files() {
        let place = Place::of("web", "tls", &options()).unwrap();
        let files = place.files("tls", &Content::from(b"x".to_vec()));
        let shown: Vec<_> = files
            .iter()
            .map(|file| format!("{} {} {:o}", file.path, file.user, file.mode))
            .collect();
        assert_eq!(
            shown,
            [
                "/run/keys/tls.key web 640",
                "/var/lib/nixops/keys/kept/tls root 600"
            ]
        );
        assert_eq!(files[0].directory(), "/run/keys");
    }

    #[test]
    fn what_would_end_elsewhere_or_nowhere_is_refused() {
        let refused = |change: fn(&mut KeyOptions)| {
            let mut options = options();
            change(&mut options);
            options.path = format!("{}/{}", options.dest_dir, options.name);
            Place::of("web", "tls.key", &options)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(|options| options.permissions = "u=rw".to_owned()),
            "web: deployment.keys.\"tls.key\".permissions cannot be `u=rw`: a mode is an octal number of three or \
             four digits, such as 0640"
        );
        for change in [
            (|options| options.name = "../shadow".to_owned()) as fn(&mut KeyOptions),
            |options| options.name = "a\nb".to_owned(),
            |options| options.name = "done".to_owned(),
            |options| options.name = ".nixops-keys".to_owned(),
            |options| options.name.clear(),
            |options| options.dest_dir = "/run/../etc".to_owned(),
            |options| options.dest_dir = "keys".to_owned(),
            |options| options.dest_dir = "/nix/store/keys".to_owned(),
            |options| options.user = "a:b".to_owned(),
            |options| options.group = "x".repeat(32),
            |options| options.permissions = "99".to_owned(),
            |options| options.permissions = "+640".to_owned(),
        ] {
            assert!(refused(change).contains("cannot be"));
        }
    }
}
