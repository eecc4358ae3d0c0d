use std::io::{self, Read, Write};

use super::wire::{read_number, read_text, read_texts, write_number, write_text, write_texts};

/// What a store knows of a valid path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathInfo {
    /// The derivation that made it, or nothing.
    pub deriver: String,
    /// The SHA-256 of its archive, in base 16.
    pub nar_hash: String,
    /// The store paths that it refers to, itself too if it does.
    pub references: Vec<String>,
    /// When it became valid, in seconds since 1970.
    pub registered: u64,
    /// The bytes of its archive.
    pub nar_size: u64,
    /// Whether it was built here.
    pub ultimate: bool,
    /// The signatures that it carries.
    pub signatures: Vec<String>,
    /// The hash of its content that its name follows from, or nothing.
    pub content: String,
}

impl PathInfo {
    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        Ok(Self {
            deriver: read_text(from)?,
            nar_hash: read_text(from)?,
            references: read_texts(from)?,
            registered: read_number(from)?,
            nar_size: read_number(from)?,
            ultimate: read_number(from)? != 0,
            signatures: read_texts(from)?,
            content: read_text(from)?,
        })
    }

    /// Writes what another store is told: whether a path was built there is its own affair.
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        write_text(to, &self.deriver)?;
        write_text(to, &self.nar_hash)?;
        write_texts(to, self.references.iter().map(String::as_str))?;
        write_number(to, self.registered)?;
        write_number(to, self.nar_size)?;
        write_number(to, 0)?;
        write_texts(to, self.signatures.iter().map(String::as_str))?;
        write_text(to, &self.content)
    }
}
