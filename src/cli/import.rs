//! `nixops import`

use std::{fs, io, io::Read as _};

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    plugin::PluginSet,
    state::{
        Deployment, Whole,
        exchange::{self, Imported},
        nixops2::UNTOUCHED,
    },
};

use super::{
    Context, plugins,
    source::SourceArguments,
    state::{Here, PlaceArguments, WaitArguments},
};

/// Bring deployments from an export, or from a state of NixOps 2
///
/// Either all of the file is brought or nothing. If the network here has no deployment yet and there is
/// one in the file, that is its own from then on. The file itself is left as it is.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nixops import ~/.nixops/deployments.nixops     the state file of NixOps 2
  nixops import old.json                         what its `export` wrote, or ours
  ssh hub nixops export | nixops import -        from standard input
  nixops import all.json --only shop             one of several")]
pub struct Import {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    file_name: Utf8PathBuf,

    /// Only this deployment of the file: its name or UUID
    #[arg(long, value_name = "NAME|UUID")]
    only: Option<String>,

    #[command(flatten)]
    place: PlaceArguments,

    #[command(flatten)]
    wait: WaitArguments,

    #[command(flatten)]
    source: SourceArguments,
}

impl Import {
    /// Runs the verb and gives the exit code.
    pub fn run(self, context: &Context) -> Result<u8> {
        let mut here = self.source.here()?;
        let bytes = read(&self.file_name)?;
        let mut imported = exchange::read(&bytes, &self.file_name)?;
        self.select(&mut imported)?;
        let storage = self.place.ask(context, &here, &self.source);
        let storage = storage.or_else(|| here.storage().cloned());
        if imported.has_untouched() && here.exists() {
            self.claim(context, &mut imported);
        }
        let kept = self.place.kept(context, storage.as_ref())?;
        let sealer = &kept.sealer;
        let whole = imported.whole(&**sealer)?;
        let first = &whole[0].deployment.uuid;
        let held = self.wait.hold(context, &*kept.backend, first, "import")?;
        for one in &whole {
            if held.database().get(&one.deployment.uuid)?.is_some() {
                let Deployment { uuid, .. } = &one.deployment;
                bail!(
                    "the deployment {uuid} is in {} already; nothing was changed",
                    held.database().path()
                );
            }
        }
        held.database().add(&whole, &**sealer)?;
        held.finish()?;
        bind(context, &mut here, &whole, storage.as_ref())?;
        tell(context, &whole);
        Ok(0)
    }

    /// Lets the plugins of the network here claim what is theirs. What they do not claim now is kept.
    fn claim(&self, context: &Context, imported: &mut Imported) {
        let asked = self.source.nix(context).and_then(|nix| {
            let overview = self.source.evaluator(context, &nix)?.overview()?;
            let plugins = PluginSet::from_json(overview.plugins)?;
            let schemas = plugins::schemas(&plugins)?;
            Ok((plugins, schemas))
        });
        match asked {
            Ok((plugins, schemas)) => imported.claim(&schemas, |kind| {
                let plugin = plugins.of_type(kind).or_else(|| plugins.of_backend(kind))?;
                Some(plugin.manifest.name.clone())
            }),
            Err(error) => {
                let message = "the plugins of the network here are not known";
                context
                    .ui
                    .warning(None, message, Some(format!("{error:#}")));
            }
        }
    }

    /// Leaves what is wanted of a file, and refuses it if that is nothing.
    fn select(&self, imported: &mut Imported) -> Result<()> {
        let known = imported.names();
        if let Some(only) = &self.only {
            imported.only(only);
        }
        match &self.only {
            _ if !imported.names().is_empty() => Ok(()),
            Some(only) if !known.is_empty() => bail!(
                "there is no deployment `{only}` in {}, only {}",
                self.file_name,
                known.join(", ")
            ),
            _ => bail!("there is no deployment in {}", self.file_name),
        }
    }
}

fn read(path: &Utf8Path) -> Result<Vec<u8>> {
    if path != "-" {
        return fs::read(path).with_context(|| format!("cannot read {path}"));
    }
    let mut bytes = Vec::new();
    io::stdin()
        .read_to_end(&mut bytes)
        .context("cannot read standard input")?;
    Ok(bytes)
}

/// Makes the only deployment that was brought the network's own, if that has none.
fn bind(
    context: &Context,
    here: &mut Here,
    whole: &[Whole],
    storage: Option<&Value>,
) -> Result<()> {
    if !here.exists() || here.identity().is_some() {
        return Ok(());
    }
    if let [one] = whole {
        return here.bind(&one.deployment, storage);
    }
    let message =
        "several deployments were brought, and which one is that of the network here is not known";
    let hint = "`nixops modify -d NAME --rebind` says it";
    context.ui.warning(None, message, Some(hint.to_owned()));
    Ok(())
}

fn tell(context: &Context, whole: &[Whole]) {
    for one in whole {
        let kept = one
            .records
            .current
            .iter()
            .filter(|(_, record)| record.plugin == UNTOUCHED);
        let kept: Vec<_> = kept.map(|(key, _)| key.to_string()).collect();
        if !kept.is_empty() {
            let message = format!(
                "{}: kept as they are until a plugin knows them: {}",
                one.deployment.called(),
                kept.join(", "),
            );
            context.ui.warning(None, message, None);
        }
    }
    let told = whole.iter().map(|one| {
        let Whole {
            deployment,
            records,
            machines,
        } = one;
        (deployment, machines.len(), records.current.len())
    });
    context.ui.data(if context.global.json {
        let all = told.map(|(deployment, machines, resources)| {
            json!({
                "uuid": deployment.uuid,
                "name": deployment.name,
                "machines": machines,
                "resources": resources,
            })
        });
        Value::Array(all.collect()).to_string()
    } else {
        let lines = told.map(|(deployment, machines, resources)| {
            let name = deployment.called();
            format!("brought {name} (machines: {machines}, resources: {resources})\n")
        });
        lines.collect()
    });
}
