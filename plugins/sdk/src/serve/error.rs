//! What ends the loop before its time.

use std::io;

/// Why a provider cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The standard streams cannot be set aside.
    #[error("while setting standard input and output aside for the protocol")]
    Streams(#[source] io::Error),
    /// The input cannot be read.
    #[error("while reading a request")]
    Read(#[source] io::Error),
}
