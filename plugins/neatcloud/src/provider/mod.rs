//! The provider of NixOps, over the cloud.

mod servers;
mod ssh_keys;
mod tokens;
mod volumes;

use std::{io::Write, process::ExitCode, sync::Arc};

use nixops_plugin::{Context, Diagnostic, Failed, Provider, ResourceRef};

use crate::{
    cloud::{Cloud, CloudError},
    faults::{Call, Effect, Faults, die},
};

/// What all types share.
#[derive(Clone)]
struct Api {
    cloud: Arc<Cloud>,
    faults: Arc<Faults>,
}

/// Serves NixOps, or writes schemas.
pub fn main() -> ExitCode {
    match Api::new() {
        Ok(api) => provider(&api).main(),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "nixops-neatcloud: {}", error.message());
            ExitCode::FAILURE
        }
    }
}

fn provider(api: &Api) -> Provider {
    Provider::new("nixops-neatcloud", env!("CARGO_PKG_VERSION"))
        .with(servers::Servers(api.clone()))
        .with(volumes::Volumes(api.clone()))
        .with(ssh_keys::SshKeys(api.clone()))
        .with(tokens::Tokens(api.clone()))
}

impl Api {
    fn new() -> Result<Self, Failed> {
        let cloud = Cloud::from_environment()?;
        let faults = Faults::of(&cloud)?;
        Ok(Self {
            cloud: Arc::new(cloud),
            faults: Arc::new(faults),
        })
    }

    /// Does a method with what goes wrong before and after it. `lose` takes the resource away again.
    fn call<T>(
        &self,
        context: &Context,
        call: &Call,
        method: impl FnOnce() -> Result<T, Failed>,
        lose: impl FnOnce(&T) -> Result<(), CloudError>,
    ) -> Result<T, Failed> {
        let after = self.faults.before(&self.cloud, context, call)?;
        let done = method()?;
        if after.contains(&Effect::Lose) {
            lose(&done)?;
        }
        if after.contains(&Effect::CrashAfter) {
            die();
        }
        Ok(done)
    }
}

/// The name that a resource has in the cloud if the network does not say one.
fn default_name(resource: &ResourceRef) -> String {
    format!("nixops-{}-{}", resource.deployment, resource.name)
}

/// Whether a name may stand as the name of a file.
fn name_diagnostic(path: &str, name: &str) -> Option<Diagnostic> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let fits = (1..=128).contains(&name.len()) && name.chars().all(good) && !name.starts_with('.');
    (!fits).then(|| {
        Diagnostic::error([path], format!("`{name}` cannot be a name in the cloud")).hint(
            "use 1 to 128 letters, digits, hyphens, underscores and dots, with no dot in front",
        )
    })
}
