//! The question before something is lost.

use anyhow::{Result, bail};

use crate::ui::can_ask;

use super::Context;

/// Asks whether to do what `sentence` says, such as `this loses what web is now`. Who cannot be asked has to have
/// said so (`--yes`).
pub fn agree(context: &Context, sentence: &str, question: &str) -> Result<()> {
    if !can_ask() {
        bail!("{sentence}; nothing was done, since there is nobody to ask (--yes agrees)");
    }
    let interrupted = || context.processes.interrupted();
    if !context.ui.ask(question, interrupted) {
        bail!("not agreed; nothing was done");
    }
    Ok(())
}
