//! Keys: what is to be on a machine beside its system, and what has to be sent for that.
//!
//! The content of a key comes from the deployer, as [`load()`] finds it, and goes to the machine on the standard input
//! of a command: it is never an argument, never a record, and nothing shows it ([`Content`]).
//!
//! A machine tells what it has ([`Found`]); a [`Difference`] says what that lacks, and becomes a [`Parcel`] or two:
//!
//! * before an activation, keys that are not there yet are put in their places, since the new system may wait for them;
//!   those that are others now are staged beside theirs, since the old system may be needed again;
//! * once the activation is confirmed, the staged ones take their places, and what was sent once and is wanted no more
//!   is removed.
//!
//! What was sent is listed on the machine itself, by paths alone: a digest of a weak secret would give it away.

mod archive;
mod content;
mod difference;
mod error;
mod file;
mod found;
mod load;
mod parcel;

pub use content::Content;
pub use difference::Difference;
pub use error::{Error, Result};
pub use file::{KEPT, KeyFile};
pub use found::{Found, FoundFile};
pub use load::{Sources, load};
pub use parcel::{Moment, Parcel};
