//! Nix's base-32: the encoding of store path digests and of older hashes.
//!
//! The alphabet leaves out `e`, `o`, `u` and `t`, and the bytes are read from the last to the
//! first, so it is none of the encodings of RFC 4648.

pub use nix_derivation::nixbase32::Error;

/// Encodes bytes of any length.
pub fn encode(bytes: &[u8]) -> String {
    nix_derivation::nixbase32::encode(bytes)
}

/// Decodes text of any length that an encoder can have written; anything else is an error.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
    nix_derivation::nixbase32::decode(text.as_ref())
}

/// Tells how many characters `length` bytes become.
pub const fn encode_len(length: usize) -> usize {
    nix_derivation::nixbase32::encoded_len(length)
}
