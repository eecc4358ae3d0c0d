//! What a person or a program sees of a run; nothing else prints.
//!
//! Everything that happens is an [`Event`], sent through a [`Ui`] to one thread, which alone writes.
//! It renders in one of three ways: as JSON lines for programs, as lines with the machine's name
//! before them for logs, or as a calm display on a terminal that keeps to what is going on and what
//! went wrong. Data goes to standard output, talk to standard error. Text that comes from elsewhere
//! (Nix, hosts) is sanitised here, so that it cannot move a cursor or change a colour.

mod check;
mod check_resource;
mod color;
mod difference;
mod event;
mod excerpt;
mod handle;
mod json;
mod lines;
mod live;
mod message;
mod overview;
mod plan;
mod plan_attribute;
mod plan_machine;
mod progress;
mod quantity;
mod recorder;
mod run;
mod sanitise;
mod secret;
mod sink;
mod status;
mod table;
mod talk;

pub use check::check_text;
pub use color::Color;
pub use difference::differences_text;
pub use event::Event;
pub use handle::{Format, Options, Screen, Ui, can_ask};
pub use plan::plan_text;
pub use quantity::bytes;
pub use run::run_text;
pub use sanitise::sanitise;
pub use status::{generations_text, status_text};
pub use table::table;
