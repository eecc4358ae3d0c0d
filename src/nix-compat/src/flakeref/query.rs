//! Percent-encoding, and the parameters behind the `?` of a URL.

use super::FlakeRefError;

/// Which characters besides letters, digits and `-._~` may stand as they are in a path.
pub(super) const IN_PATH: &str = "/:@!$&'()*,;=+";
/// The same in the value of a parameter; these are the characters that Nix leaves.
pub(super) const IN_VALUE: &str = ":@/";

/// The parameters of a URL, in their order, each with the text from which it was read.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<Parameter>);

#[derive(Debug)]
struct Parameter {
    name: String,
    value: String,
    raw: String,
}

impl Query {
    pub(super) fn parse(text: &str) -> Result<Self, FlakeRefError> {
        text.split('&')
            .filter(|raw| !raw.is_empty())
            .map(Parameter::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Takes a parameter out; if it was given twice, the last one counts.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let mut value = None;
        self.0.retain_mut(|parameter| {
            let found = parameter.name == name;
            if found {
                value = Some(std::mem::take(&mut parameter.value));
            }
            !found
        });
        value
    }

    /// Takes the next parameter out, whatever it is.
    pub(super) fn take_any(&mut self) -> Option<(String, String)> {
        let parameter = self.0.pop()?;
        Some((parameter.name, parameter.value))
    }

    /// Puts the parameters that are left behind a URL again.
    pub(super) fn append_to(&self, url: &str) -> String {
        let raw: Vec<&str> = self.0.iter().map(|parameter| &*parameter.raw).collect();
        match raw.as_slice() {
            [] => url.to_owned(),
            raw => format!("{url}?{}", raw.join("&")),
        }
    }
}

impl Parameter {
    fn parse(raw: &str) -> Result<Self, FlakeRefError> {
        let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
        Ok(Self {
            name: percent_decode(name)?,
            value: percent_decode(value)?,
            raw: raw.to_owned(),
        })
    }
}

/// Replaces `%20` and the like by what they stand for. `+` is itself, as in Nix.
pub(super) fn percent_decode(text: &str) -> Result<String, FlakeRefError> {
    let malformed = || FlakeRefError::PercentEncoding(text.to_owned());
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or("").as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or_else(malformed)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(malformed());
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| malformed())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

/// Replaces each byte that may not stand as it is by `%` and its number.
pub(super) fn percent_encode(text: &str, also_allowed: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let character = char::from(byte);
        let plain = character.is_ascii_alphanumeric()
            || (byte.is_ascii()
                && ("-._~".contains(character) || also_allowed.contains(character)));
        if plain {
            encoded.push(character);
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(hexadecimal));
        }
    }
    encoded
}

fn hexadecimal(digit: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(digit)])
}
