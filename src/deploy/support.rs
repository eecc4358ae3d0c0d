//! What this version does not do, said before anything is done.

use crate::evaluator::Diagnostic;
use crate::network::MachineOptions;
use crate::plan::Extent;

use super::trouble::diagnostic;

/// Why a machine cannot be deployed with these options, if it cannot.
pub(super) fn unsupported(options: &MachineOptions, extent: Extent) -> Option<Diagnostic> {
    let refuse = |message: String, hint: &str| Some(diagnostic(message, Some(hint.to_owned())));
    if options.target_env != "none" {
        return refuse(
            format!("there is no backend '{}' for machines", options.target_env),
            "deployment.targetEnv = \"none\" deploys to a host that exists",
        );
    }
    if options.build_on_target && extent != Extent::DryRun {
        return refuse(
            "deployment.buildOnTarget is not supported yet".to_owned(),
            "set it to false to build here and copy the result",
        );
    }
    None
}
