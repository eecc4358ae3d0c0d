use std::{fmt, sync::Arc};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The content of a key. It has no `Display`, its `Debug` hides it, and its memory is overwritten at the end.
#[derive(Clone)]
pub struct Content(Arc<Inner>);

struct Inner {
    bytes: Zeroizing<Vec<u8>>,
    digest: String,
}

impl Content {
    /// The bytes themselves.
    pub fn reveal(&self) -> &[u8] {
        &self.0.bytes
    }

    /// SHA-256, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.0.digest
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        let digest = Sha256::digest(&bytes);
        let digest = digest
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let bytes = Zeroizing::new(bytes);
        Self(Arc::new(Inner { bytes, digest }))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_known_by_its_digest_and_not_shown() {
        let content = Content::from(b"abc".to_vec());
        assert!(content.digest().starts_with("ba7816bf"));
        assert_eq!(format!("{content:?}"), "…");
    }
}
