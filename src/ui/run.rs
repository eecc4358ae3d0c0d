//! A run that was kept, told again.

use super::Event;
use super::handle::{Options, ended};
use super::lines::Told;

/// Writes what happened in a run as a log has it.
pub fn run_text(events: &[Event], verbosity: u8) -> String {
    let options = Options {
        verbosity,
        ..Options::default()
    };
    // Its excerpts of sources are without colours, which would be those of another terminal.
    let mut told = Told::new(options, false);
    let texts = events.iter().filter_map(|event| told.text(event));
    texts.map(|text| ended(&text)).collect()
}
