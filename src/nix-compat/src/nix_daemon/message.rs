//! What a daemon says before it answers.

use std::io::{self, Read};

use super::{
    Error,
    wire::{invalid, read_number, read_text},
};

const NEXT: u64 = 0x6f6c_6d67;
const LAST: u64 = 0x616c_7473;
const ERROR: u64 = 0x6378_7470;
const START_ACTIVITY: u64 = 0x5354_5254;
const STOP_ACTIVITY: u64 = 0x5354_4f50;
const RESULT: u64 = 0x5253_4c54;

/// Reads up to where the answer begins, which may be a refusal; `log` gets each line.
pub(super) fn read_log(from: &mut impl Read, log: &mut dyn FnMut(&str)) -> Result<(), Error> {
    loop {
        match read_number(from)? {
            NEXT => log(read_text(from)?.trim_end()),
            LAST => return Ok(()),
            ERROR => return Err(Error::Refused(read_error(from)?)),
            START_ACTIVITY => {
                for _ in 0..3 {
                    read_number(from)?;
                }
                read_text(from)?;
                read_fields(from)?;
                read_number(from)?;
            }
            STOP_ACTIVITY => {
                read_number(from)?;
            }
            RESULT => {
                read_number(from)?;
                read_number(from)?;
                read_fields(from)?;
            }
            other => return Err(invalid(format!("a message of kind {other:#x}")).into()),
        }
    }
}

/// An error as protocols from 1.26 on carry it; of its traces the texts.
fn read_error(from: &mut impl Read) -> io::Result<String> {
    read_text(from)?; // "Error"
    read_number(from)?; // how grave it is
    read_text(from)?; // its name, "Error" too
    let mut message = read_text(from)?;
    read_number(from)?; // that it has no place
    for _ in 0..read_number(from)? {
        read_number(from)?;
        message.push('\n');
        message.push_str(&read_text(from)?);
    }
    Ok(message)
}

fn read_fields(from: &mut impl Read) -> io::Result<()> {
    for _ in 0..read_number(from)? {
        match read_number(from)? {
            0 => {
                read_number(from)?;
            }
            1 => {
                read_text(from)?;
            }
            other => return Err(invalid(format!("a field of kind {other}"))),
        }
    }
    Ok(())
}
