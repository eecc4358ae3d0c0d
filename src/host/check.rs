//! What ssh may be told: values that would be read as an option, as several lines or as a pattern are refused.
//!
//! What the user writes may be any name that ssh knows. What a provider says comes from elsewhere, so it must be
//! nothing but a name or an address.

/// Why a value is refused.
pub(super) type Reason = &'static str;

/// Checks a `targetHost` and gives the host as ssh matches it: without the user that may stand before it.
pub(super) fn host(value: &str) -> Result<&str, Reason> {
    let name = value.rsplit_once('@').map_or(value, |(_, name)| name);
    match name {
        "" => Err("it is empty"),
        _ if value.starts_with('-') || name.starts_with('-') => {
            Err("it begins with `-`, as an option does")
        }
        _ if value.contains(blank) => Err("it has blanks"),
        _ if name.starts_with('[') => Err("an address stands without brackets here"),
        _ if name.contains(['*', '?', '!', ',', '"', '\'', '\\', '#']) => {
            Err("it has characters that no host name has")
        }
        _ => Ok(name),
    }
}

/// Checks a host that a provider names.
pub(super) fn provided_host(value: &str) -> Result<(), Reason> {
    // A `%` separates the zone of an IPv6 address.
    if host(value)?.len() < value.len() || !value.chars().all(|c| plain(c, "-._:%")) {
        return Err("it has characters that no host name has");
    }
    Ok(())
}

/// Checks a user, who may be nobody.
pub(super) fn user(value: &str) -> Result<(), Reason> {
    if value.contains(char::is_control) || value.starts_with('-') {
        return Err("no user is called so");
    }
    Ok(())
}

/// Checks a user whom a provider names.
pub(super) fn provided_user(value: &str) -> Result<(), Reason> {
    if value.is_empty() || value.starts_with('-') || !value.chars().all(|c| plain(c, "-._@+")) {
        return Err("no user is called so");
    }
    Ok(())
}

/// Checks a public key and gives its algorithm and its base64 text; a comment may follow them.
pub(super) fn host_key(value: &str) -> Result<(&str, &str), Reason> {
    if value.contains(|c: char| c.is_control() && c != '\t') {
        return Err("a key is a single line");
    }
    let mut words = value.split_whitespace();
    let (Some(algorithm), Some(key)) = (words.next(), words.next()) else {
        return Err("a key is an algorithm and a text in base64");
    };
    let is_algorithm = algorithm.starts_with(|c: char| c.is_ascii_lowercase())
        && algorithm.chars().all(|c| plain(c, "-._@"));
    if !is_algorithm || !key.chars().all(|c| plain(c, "+/=")) {
        return Err("a key is an algorithm and a text in base64");
    }
    Ok((algorithm, key))
}

/// Checks that a private key looks like one.
pub(super) fn private_key(value: &str) -> Result<(), Reason> {
    let text = value.trim();
    if !text.starts_with("-----BEGIN ") || !text.ends_with("-----") || text.contains('\0') {
        return Err(
            "a private key begins with a line `-----BEGIN …` and ends with its counterpart",
        );
    }
    Ok(())
}

/// Checks the words before a command.
pub(super) fn prefix(words: &[String]) -> Result<(), Reason> {
    if words.first().is_none_or(String::is_empty) {
        return Err("it names no program");
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err("no word of a command has a zero byte");
    }
    Ok(())
}

fn blank(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

fn plain(character: char, others: &str) -> bool {
    character.is_ascii_alphanumeric() || others.contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_pass() {
        for value in [
            "web",
            "web-1.example.org",
            "127.0.0.1",
            "::1",
            "fe80::1%eth0",
        ] {
            assert_eq!(host(value), Ok(value));
            assert_eq!(provided_host(value), Ok(()));
        }
        assert_eq!(host("ada@web"), Ok("web"));
        assert_eq!(provided_user("ada.l"), Ok(()));
    }

    #[test]
    fn what_ssh_or_a_shell_would_misread_is_refused() {
        for value in [
            "",
            "-oProxyCommand=x",
            "a b",
            "a\nHost *",
            "a*",
            "!a",
            "[::1]",
            "ada@web",
            "$(x)",
            "`x`",
            "a;x",
        ] {
            assert!(provided_host(value).is_err(), "{value}");
        }
        for value in ["", "-l", "a b", "a\nProxyCommand x", "a\r", "$(x)", "a\"b"] {
            assert!(provided_user(value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_host_key_is_one_line_without_a_host() {
        assert_eq!(
            host_key("ssh-ed25519 AAAA+/= root@web"),
            Ok(("ssh-ed25519", "AAAA+/="))
        );
        for value in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 AAAA\n* ssh-ed25519 BBBB",
            "* ssh-ed25519 AAAA",
            "@cert-authority * ssh-ed25519 AAAA",
            "# AAAA",
            "ssh-ed25519 AA*A",
        ] {
            assert!(host_key(value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_private_key_is_not_its_path() {
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
        assert_eq!(private_key(key), Ok(()));
        assert!(private_key("/root/.ssh/id_ed25519").is_err());
    }

    #[test]
    fn a_prefix_has_a_program() {
        assert_eq!(prefix(&["docker".into(), String::new()]), Ok(()));
        for words in [vec![], vec![String::new()], vec!["a\0".into()]] {
            assert!(prefix(&words).is_err(), "{words:?}");
        }
    }
}
