//! Closures on machines: what is copied to one, and how what runs there differs from what is wanted.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    deploy::Trouble,
    evaluator::Diagnostic,
    host::Connections,
    network::{CopyProtocol, Machine},
    nix::{BuildQueue, Copy, CopyEvent, Nix},
    plan::ClosureDifference,
    process::Processes,
};

use super::{Error, Member, reach::options};

/// Links that are followed, as by the kernel.
const MOST_LINKS: usize = 40;

/// What closures are handled with.
#[derive(Clone, Copy)]
pub struct Closures<'a> {
    /// Nix on this machine.
    pub nix: &'a Nix,
    /// The programs of the run.
    pub processes: &'a Processes,
    /// The connections of the run.
    pub connections: &'a Connections,
}

/// How what a machine runs differs from what the network wants.
#[derive(Clone, Debug, Default, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineDifference {
    /// The system that the network wants.
    pub wanted: Option<String>,
    /// The system that runs.
    pub running: Option<String>,
    /// How their packages differ; null where they are the same, or the wanted one is not built.
    pub closure: Option<ClosureDifference>,
    /// Why it is not known.
    pub problem: Option<Diagnostic>,
}

/// Differences by machine.
pub type Differences = BTreeMap<String, MachineDifference>;

impl Closures<'_> {
    /// Copies store paths and all that they need to a machine.
    pub fn copy(
        &self,
        member: &Member,
        paths: &[Utf8PathBuf],
        tell: &mut dyn FnMut(CopyEvent),
    ) -> Result<(), Diagnostic> {
        let host = member.connect(self.connections)?;
        let options = options(&member.record);
        let protocol = options.as_ref().map(|options| options.copy_protocol);
        let to = host.destination(protocol.unwrap_or(CopyProtocol::Ssh));
        let copy = Copy {
            label: format!("copy to {}", member.name),
            to: to.map_err(|error| member.own(&error))?,
            paths,
            substitute_on_destination: options
                .is_some_and(|options| options.substitute_on_destination),
        };
        let copied = host.receive((self.nix, self.processes), &copy, tell);
        copied.map_err(|error| {
            let trouble = Trouble::from(error);
            let prefix = format!("{}: ", copy.label);
            trouble.without_prefix(&prefix).into_diagnostic()
        })
    }

    /// Compares what a machine runs with the system that the network wants. `build` builds it if need be.
    pub fn compare(
        &self,
        member: &Member,
        machine: &Machine,
        build: Option<&BuildQueue>,
    ) -> MachineDifference {
        let mut difference = MachineDifference {
            wanted: Some(machine.system.clone()),
            ..MachineDifference::default()
        };
        let compared = member.connect(self.connections).and_then(|host| {
            let running = host.look().system.clone();
            difference.running = running.as_ref().map(ToString::to_string);
            if difference.is_same() {
                return Ok(None);
            }
            let is_here = self.is_built(machine, build)?;
            let wanted = Utf8Path::new(&machine.system);
            let known = is_here.then(|| self.nix.closure(self.processes, wanted));
            let Some(wanted) = known
                .transpose()
                .map_err(Trouble::from)
                .map_err(diagnosed)?
            else {
                return Ok(None);
            };
            let before = match running {
                Some(running) => host.closure(&running),
                None => Ok(Vec::new()),
            };
            let before = before.map_err(|error| member.own(&error))?;
            Ok(Some(ClosureDifference::between(&before, &wanted)))
        });
        match compared {
            Ok(closure) => difference.closure = closure,
            Err(problem) => difference.problem = Some(problem),
        }
        difference
    }

    fn is_built(&self, machine: &Machine, build: Option<&BuildQueue>) -> Result<bool, Diagnostic> {
        if let Some(queue) = build {
            let done = queue.build(machine.derivation.as_str(), machine.system.as_str());
            done.map_err(Trouble::from).map_err(diagnosed)?;
            return Ok(true);
        }
        let system = [machine.system.as_str().into()];
        let invalid = self.nix.invalid_paths(self.processes, system);
        Ok(invalid
            .map_err(Trouble::from)
            .map_err(diagnosed)?
            .is_empty())
    }
}

fn diagnosed(trouble: Trouble) -> Diagnostic {
    trouble.into_diagnostic()
}

impl MachineDifference {
    /// What there is to say of a machine of which nothing could be found out.
    pub fn of_problem(problem: Diagnostic) -> Self {
        Self {
            problem: Some(problem),
            ..Self::default()
        }
    }

    /// Whether the machine runs what the network wants.
    pub fn is_same(&self) -> bool {
        self.wanted.is_some() && self.wanted == self.running
    }
}

/// The store path at a path, or behind links outside of the store. Links inside of it are what is copied.
pub fn store_path(path: &str) -> Result<Utf8PathBuf, Error> {
    const STORE: &str = "/nix/store";
    let unknown = || Error::NotInStore {
        path: path.to_owned(),
    };
    let mut whole = absolute(Utf8Path::new(path)).ok_or_else(unknown)?;
    for _ in 0..MOST_LINKS {
        if let Ok(inside) = whole.strip_prefix(STORE) {
            let name = inside.iter().next().ok_or_else(unknown)?;
            let found = Utf8Path::new(STORE).join(name);
            return found
                .symlink_metadata()
                .map(|_| found)
                .map_err(|_| unknown());
        }
        let target = whole.read_link_utf8().map_err(|_| unknown())?;
        let beside = whole.parent().ok_or_else(unknown)?;
        whole = absolute(&beside.join(target)).ok_or_else(unknown)?;
    }
    Err(unknown())
}

/// A path whose directories are no links; what it leads to may be one.
fn absolute(path: &Utf8Path) -> Option<Utf8PathBuf> {
    if path.starts_with("/nix/store") {
        return Some(path.to_owned());
    }
    let Some(name) = path.file_name() else {
        return path.canonicalize_utf8().ok();
    };
    let directory = path.parent()?;
    let directory = if directory.as_str().is_empty() {
        Utf8Path::new(".")
    } else {
        directory
    };
    Some(directory.canonicalize_utf8().ok()?.join(name))
}
