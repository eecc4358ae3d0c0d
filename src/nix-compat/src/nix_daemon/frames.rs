use std::{
    io::{self, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    PathInfo,
    wire::{write_number, write_text},
};

/// How much goes into one frame.
const FRAME: usize = 64 * 1024;

/// Where paths and their archives are written: a stream in pieces, each with its length before it.
///
/// Writing fails once the daemon has refused what came before.
#[derive(Debug)]
pub struct Frames<'a, W: Write> {
    to: &'a mut W,
    next: Vec<u8>,
    refused: &'a AtomicBool,
}

impl<'a, W: Write> Frames<'a, W> {
    pub(super) fn new(to: &'a mut W, refused: &'a AtomicBool) -> Self {
        Self {
            to,
            next: Vec::with_capacity(FRAME),
            refused,
        }
    }

    /// Announces a path; its archive must follow, as long as `info` says.
    pub fn path(&mut self, path: &str, info: &PathInfo) -> io::Result<()> {
        write_text(self, path)?;
        info.write(self)
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.frame()?;
        write_number(self.to, 0)?;
        self.to.flush()
    }

    fn frame(&mut self) -> io::Result<()> {
        if self.refused.load(Ordering::Relaxed) {
            return Err(io::Error::other("the other side has refused what was sent"));
        }
        if !self.next.is_empty() {
            write_number(self.to, self.next.len() as u64)?;
            self.to.write_all(&self.next)?;
            self.next.clear();
        }
        Ok(())
    }
}

impl<W: Write> Write for Frames<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(FRAME - self.next.len())];
        self.next.extend(bytes);
        if self.next.len() == FRAME {
            self.frame()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.frame()?;
        self.to.flush()
    }
}
