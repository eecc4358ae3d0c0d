//! Turns words as on the command line of ssh into lines of an ssh configuration.
//!
//! `nix copy` splits `NIX_SSHOPTS` at blanks, so that only a file can carry every value. Source: `ssh(1)`, `ssh_config(5)`.

/// Options of the command line that take a value, and the keyword that says the same.
const WITH_VALUE: [(char, &str); 11] = [
    ('i', "IdentityFile"),
    ('p', "Port"),
    ('l', "User"),
    ('J', "ProxyJump"),
    ('c', "Ciphers"),
    ('m', "MACs"),
    ('b', "BindAddress"),
    ('B', "BindInterface"),
    ('D', "DynamicForward"),
    ('I', "PKCS11Provider"),
    ('F', "Include"),
];

/// Options without a value, and the line that says the same; an empty one needs no line.
const PLAIN: [(char, &str); 14] = [
    ('4', "AddressFamily inet"),
    ('6', "AddressFamily inet6"),
    ('A', "ForwardAgent yes"),
    ('a', "ForwardAgent no"),
    ('C', "Compression yes"),
    ('K', "GSSAPIDelegateCredentials yes"),
    ('k', "GSSAPIDelegateCredentials no"),
    ('X', "ForwardX11 yes"),
    ('x', "ForwardX11 no"),
    ('Y', "ForwardX11Trusted yes"),
    ('v', "LogLevel VERBOSE"),
    // ssh must say why it fails, has no terminal, and gets its input from us.
    ('q', ""),
    ('T', ""),
    ('n', ""),
];

/// Keywords with one value that may hold blanks although nobody would think of quoting them.
const SINGLE_VALUE: [&str; 8] = [
    "bindaddress",
    "certificatefile",
    "hostkeyalias",
    "identityagent",
    "identityfile",
    "pkcs11provider",
    "revokedhostkeys",
    "securitykeyprovider",
];

/// What cannot be translated: the word, and why.
pub(super) type Untranslatable = (String, &'static str);

/// Translates all words, in their order: the first of two that contradict each other counts, as it does for ssh.
pub(super) fn translate(words: &[String]) -> Result<Vec<String>, Untranslatable> {
    let mut lines = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word
            .trim()
            .strip_prefix('-')
            .filter(|letters| !letters.is_empty())
        else {
            return Err((word.clone(), "it does not begin with `-`"));
        };
        let mut rest = letters;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            if let Some((_, line)) = PLAIN.iter().find(|(plain, _)| *plain == letter) {
                lines.extend((!line.is_empty()).then(|| (*line).to_owned()));
                continue;
            }
            let keyword = WITH_VALUE
                .iter()
                .find(|(with_value, _)| *with_value == letter);
            if keyword.is_none() && letter != 'o' {
                return Err((
                    word.clone(),
                    "nothing in an ssh configuration says the same",
                ));
            }
            let value = if rest.is_empty() {
                words.next().map(String::as_str)
            } else {
                Some(rest)
            };
            let value = value.ok_or_else(|| (word.clone(), "its value is missing"))?;
            let line = match keyword {
                Some((_, keyword)) => Ok(format!("{keyword} {}", quote(value.trim()))),
                None => assignment(value),
            };
            lines.push(single_line(
                line.map_err(|reason| (value.to_owned(), reason))?,
                value,
            )?);
            break;
        }
    }
    Ok(lines)
}

/// Translates what follows `-o`: `Keyword=value` or `Keyword value`.
fn assignment(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    let end = text.find(|character: char| character == '=' || character.is_whitespace());
    let (keyword, value) = text.split_at(end.ok_or("it has no value")?);
    let value = value.trim_start();
    let value = value.strip_prefix('=').unwrap_or(value).trim();
    let lower = keyword.to_ascii_lowercase();
    if !keyword
        .chars()
        .all(|character| character.is_ascii_alphanumeric())
        || keyword.is_empty()
    {
        return Err("its keyword is not one of ssh");
    }
    if lower == "host" || lower == "match" {
        return Err("it would begin a section of the ssh configuration");
    }
    let blank = value.contains(char::is_whitespace) && !value.contains('"');
    if blank && SINGLE_VALUE.contains(&lower.as_str()) {
        return Ok(format!("{keyword} {}", quote(value)));
    }
    Ok(format!("{keyword} {value}"))
}

fn single_line(line: String, word: &str) -> Result<String, Untranslatable> {
    if line.contains(['\n', '\r', '\0']) {
        return Err((word.to_owned(), "it has several lines"));
    }
    Ok(line)
}

/// Quotes a value if ssh would read it as several words.
pub(super) fn quote(value: &str) -> String {
    if value.is_empty() || value.contains([' ', '\t', '"', '\'', '\\', '#']) {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(words: &[&str]) -> Result<Vec<String>, Untranslatable> {
        translate(
            &words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn options_become_lines() {
        let cases: [(&[&str], &[&str]); 10] = [
            (&["-o", "ConnectTimeout=5"], &["ConnectTimeout 5"]),
            (
                &["-oStrictHostKeyChecking=no"],
                &["StrictHostKeyChecking no"],
            ),
            (
                &["-o StrictHostKeyChecking=no"],
                &["StrictHostKeyChecking no"],
            ),
            (&["-o", "SendEnv LANG LC_ALL"], &["SendEnv LANG LC_ALL"]),
            (
                &["-i", "/a b/key", "-p2222"],
                &["IdentityFile \"/a b/key\"", "Port 2222"],
            ),
            (
                &["-l", "ada", "-J", "me@jump:22"],
                &["User ada", "ProxyJump me@jump:22"],
            ),
            (&["-4C"], &["AddressFamily inet", "Compression yes"]),
            (
                &["-c", "aes128-ctr", "-m", "hmac-sha2-256"],
                &["Ciphers aes128-ctr", "MACs hmac-sha2-256"],
            ),
            (
                &["-F", "/my/config", "-A", "-T"],
                &["Include /my/config", "ForwardAgent yes"],
            ),
            (&["-Cp", "22"], &["Compression yes", "Port 22"]),
        ];
        for (words, expected) in cases {
            assert_eq!(lines(words).unwrap(), expected, "{words:?}");
        }
    }

    #[test]
    fn blanks_and_quotes_survive() {
        assert_eq!(
            lines(&["-o", "IdentityFile=/a b"]).unwrap(),
            ["IdentityFile \"/a b\""]
        );
        assert_eq!(
            lines(&["-o", "IdentityFile=\"/a b\""]).unwrap(),
            ["IdentityFile \"/a b\""]
        );
        assert_eq!(
            lines(&["-i", "/a\"b\\c"]).unwrap(),
            ["IdentityFile \"/a\\\"b\\\\c\""]
        );
        let proxy = "ProxyCommand=sh -c 'nc \"$0\" 22' %h";
        assert_eq!(
            lines(&["-o", proxy]).unwrap(),
            ["ProxyCommand sh -c 'nc \"$0\" 22' %h"]
        );
    }

    #[test]
    fn what_has_no_counterpart_is_named() {
        for (words, named) in [
            (vec!["-L", "80:a:80"], "-L"),
            (vec!["-N"], "-N"),
            (vec!["host"], "host"),
            (vec!["-i"], "-i"),
            (vec!["-o", "Host=*"], "Host=*"),
            (vec!["-o", "User=a\nHost *"], "User=a\nHost *"),
            (vec!["-o", "Compression"], "Compression"),
        ] {
            assert_eq!(lines(&words).unwrap_err().0, named);
        }
    }
}
