//! Which texts can be names of flakes, branches, revisions and parameters.

use super::FlakeRefError;

/// Parameters of a Git URL that are truth values, `1` being true.
pub(super) const GIT_SWITCHES: [&str; 6] = [
    "shallow",
    "submodules",
    "allRefs",
    "exportIgnore",
    "lfs",
    "verifyCommit",
];

/// Tells whether the registry may know something by this name.
pub(super) fn is_flake_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Tells whether it is a revision of Git or Mercurial, in full.
pub(super) fn is_rev(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Lets a revision pass, and nothing else.
pub(super) fn checked_rev(rev: String) -> Result<String, FlakeRefError> {
    if is_rev(&rev) {
        return Ok(rev);
    }
    Err(FlakeRefError::Value {
        attribute: "rev".to_owned(),
        value: rev,
        expected: "a full revision of 40 or 64 hexadecimal digits",
    })
}

/// Lets the name of a branch or tag pass, by the rules of `git check-ref-format`.
pub(super) fn checked_ref(name: String) -> Result<String, FlakeRefError> {
    let bad_character =
        |character: char| character.is_ascii_control() || " :?^~[\\*".contains(character);
    let bad_part = |part: &str| {
        part.is_empty() || part.starts_with('.') || part.strip_suffix(".lock").is_some()
    };
    let bad = name == "@"
        || name.contains("..")
        || name.contains("@{")
        || name.ends_with('.')
        || name.contains(bad_character)
        || name.split('/').any(bad_part);
    if !bad {
        return Ok(name);
    }
    Err(FlakeRefError::Value {
        attribute: "ref".to_owned(),
        value: name,
        expected: "the name of a branch or tag",
    })
}
