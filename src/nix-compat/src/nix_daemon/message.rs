//! What a daemon says before it answers.

use std::io::{self, Read};

use super::{
    Error,
    wire::{invalid, read_number, read_text},
};
use crate::log::{Field, LogMessage, Message};

const NEXT: u64 = 0x6f6c_6d67;
const LAST: u64 = 0x616c_7473;
const ERROR: u64 = 0x6378_7470;
const START_ACTIVITY: u64 = 0x5354_5254;
const STOP_ACTIVITY: u64 = 0x5354_4f50;
const RESULT: u64 = 0x5253_4c54;

/// Reads up to where the answer begins, which may be a refusal; `log` gets each message.
pub(super) fn read_log(from: &mut impl Read, log: &mut dyn FnMut(LogMessage)) -> Result<(), Error> {
    loop {
        log(match read_number(from)? {
            LAST => return Ok(()),
            ERROR => return Err(Error::Refused(read_error(from)?)),
            NEXT => LogMessage::Msg(Message {
                msg: read_text(from)?.trim_end().to_owned(),
                ..Message::default()
            }),
            START_ACTIVITY => LogMessage::Start {
                id: read_number(from)?,
                level: read_number(from)?.into(),
                typ: read_number(from)?.into(),
                text: read_text(from)?,
                fields: read_fields(from)?,
                parent: read_number(from)?,
            },
            STOP_ACTIVITY => LogMessage::Stop {
                id: read_number(from)?,
            },
            RESULT => LogMessage::Result {
                id: read_number(from)?,
                typ: read_number(from)?.into(),
                fields: read_fields(from)?,
            },
            other => return Err(invalid(format!("a message of kind {other:#x}")).into()),
        });
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

fn read_fields(from: &mut impl Read) -> io::Result<Vec<Field>> {
    let fields = 0..read_number(from)?;
    let read = |_| match read_number(from)? {
        0 => Ok(Field::Int(read_number(from)?)),
        1 => Ok(Field::String(read_text(from)?)),
        other => Err(invalid(format!("a field of kind {other}"))),
    };
    fields.map(read).collect()
}
