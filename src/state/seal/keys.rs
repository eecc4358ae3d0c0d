//! Private and public keys as `age` has them.

use age::x25519;
use zeroize::Zeroizing;

/// A public key.
pub(super) type Recipient = x25519::Recipient;

/// The private keys of a user: the first is his own now, others were his own once.
pub(super) struct Identities {
    own: x25519::Identity,
    former: Vec<x25519::Identity>,
}

impl Identities {
    /// Reads keys, one a line, between lines that are empty or begin with `#`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut identities = Vec::new();
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            // The line itself may be a mistyped key: it is never shown.
            let identity = line
                .parse()
                .map_err(|reason| format!("line {}: {reason}", number + 1))?;
            identities.push(identity);
        }
        if identities.is_empty() {
            return Err("there is no key in it".to_owned());
        }
        Ok(Self {
            own: identities.remove(0),
            former: identities,
        })
    }

    /// Makes a key, and the text of a file that holds it.
    pub fn generate() -> (Self, Zeroizing<String>) {
        use age::secrecy::ExposeSecret as _;
        let identity = x25519::Identity::generate();
        let text = format!(
            "# Made by nixops. It opens the secrets of your states: keep a copy, and show it to nobody.\n\
             # public key: {}\n{}\n",
            identity.to_public(),
            identity.to_string().expose_secret()
        );
        let identities = Self {
            own: identity,
            former: Vec::new(),
        };
        (identities, Zeroizing::new(text))
    }

    /// The public half of the user's own key.
    pub fn own(&self) -> Recipient {
        self.own.to_public()
    }

    /// All of them, for what is to be opened.
    pub fn iter(&self) -> impl Iterator<Item = &dyn age::Identity> {
        let all = std::iter::once(&self.own).chain(&self.former);
        all.map(|identity| identity as _)
    }
}
