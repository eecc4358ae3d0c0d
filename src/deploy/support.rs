//! What this version does not do, said before anything is done.

use crate::network::MachineOptions;
use crate::plan::{Outcome, Step};

use super::trouble::diagnostic;

/// Fails a machine that cannot be deployed with these options.
pub(super) fn refuse_unsupported(options: &MachineOptions) -> Result<(), Outcome> {
    if options.build_on_target {
        return refuse(
            "deployment.buildOnTarget is not supported yet".to_owned(),
            "set it to false to build here and copy the result",
        );
    }
    Ok(())
}

fn refuse(message: String, hint: &str) -> Result<(), Outcome> {
    Err(Outcome::Failed {
        step: Step::Evaluate,
        diagnostic: diagnostic(message, Some(hint.to_owned())),
    })
}
