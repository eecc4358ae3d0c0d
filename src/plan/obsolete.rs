//! What is to be done with resources that the network does not have.
//!
//! Whether a resource is obsolete is told by the names in the network alone: what fails to evaluate is
//! still named. Nothing is deleted because something could not be looked at.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    schema::Registry,
    state::{Key, Phase, Record, Records},
};

use super::{Action, Cycle, Graph, PlannedResource, Refusal, ResourcesPlan};

/// What bears upon resources that the network does not have.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Whether the user asks for their end: `--kill-obsolete`.
    pub kill: bool,
    /// Machines and resources that failed to evaluate, for whatever reason but that something is known
    /// only after apply.
    pub failed: Vec<String>,
    /// Whether the run is about a part of the network.
    pub selected: bool,
    /// Names of the plugins that are there, the core's among them.
    pub plugins: BTreeSet<String>,
}

/// Whether `--kill-obsolete` may delete these resources: all of them or none, since what speaks against
/// it speaks of the network as a whole.
pub fn may_kill(
    circumstances: &Circumstances,
    obsolete: &BTreeMap<&Key, &Record>,
) -> Result<(), Refusal> {
    if !circumstances.failed.is_empty() {
        return Err(Refusal::Unevaluated {
            failed: circumstances.failed.clone(),
        });
    }
    if circumstances.selected {
        return Err(Refusal::Selected);
    }
    let is_gone = |record: &Record| !circumstances.plugins.contains(&record.plugin);
    let Some(gone) = obsolete.values().find(|record| is_gone(record)) else {
        return Ok(());
    };
    let resources = obsolete.iter();
    let resources = resources.filter(|(_, record)| record.plugin == gone.plugin);
    Err(Refusal::PluginGone {
        plugin: gone.plugin.clone(),
        resources: resources.map(|(key, _)| key.to_string()).collect(),
    })
}

/// Decides what is to be done with resources of the state that the network does not have.
///
/// `names` are the keys of everything that the network names, evaluated or not; `renamed` are those that
/// others were called before.
pub fn obsolete(
    records: &BTreeMap<Key, Record>,
    names: &BTreeSet<Key>,
    renamed: &BTreeSet<Key>,
    circumstances: &Circumstances,
    schemas: &Registry,
) -> Vec<PlannedResource> {
    let left = records.iter();
    let left = left.filter(|(key, _)| !names.contains(key) && !renamed.contains(key));
    let left: BTreeMap<&Key, &Record> = left.collect();
    let allowed = may_kill(circumstances, &left);
    let decided = left.into_iter().map(|(key, record)| {
        let planned =
            PlannedResource::new(key, Action::Obsolete).because("the network has it no more");
        let planned = PlannedResource {
            reasons: planned
                .reasons
                .into_iter()
                .chain(unfinished(record))
                .collect(),
            needs: record.needs.clone(),
            ..planned
        };
        match &allowed {
            _ if !circumstances.kill => planned,
            Err(refusal) => PlannedResource {
                refusal: Some(refusal.clone()),
                ..planned
            },
            Ok(()) => end(planned, record, schemas),
        }
    });
    decided.collect()
}

/// Decides what is to be done with resources that others have replaced: they are still to be deleted.
pub fn deposed(records: &[(Key, Record)]) -> Vec<PlannedResource> {
    let decided = records.iter().map(|(key, record)| {
        let action = if record.lifecycle.retain {
            Action::Forget
        } else {
            Action::Delete
        };
        let planned = PlannedResource::new(key, action).because("another one has replaced it");
        PlannedResource {
            needs: record.needs.clone(),
            ..planned
        }
    });
    decided.collect()
}

/// Decides what is to be done so that nothing is left, by the state alone: what needs others goes before
/// them.
pub fn destroy(records: &Records, schemas: &Registry) -> Result<ResourcesPlan, Cycle> {
    let needs = records.current.iter();
    let needs = needs.map(|(key, record)| (key.clone(), record.needs.clone()));
    let mut order = Graph::of(&needs.collect()).order()?;
    order.reverse();
    let resources = order.iter().filter_map(|key| {
        let record = records.current.get(key)?;
        let mut planned = PlannedResource::new(key, Action::Delete);
        planned.needs.clone_from(&record.needs);
        planned.reasons.extend(unfinished(record));
        Some(end(planned, record, schemas))
    });
    Ok(ResourcesPlan {
        resources: resources.collect(),
        deposed: deposed(&records.deposed),
    })
}

/// The end of a resource, as its life cycle wants it.
fn end(mut planned: PlannedResource, record: &Record, schemas: &Registry) -> PlannedResource {
    let lifecycle = &record.lifecycle;
    if lifecycle.retain {
        planned.action = Action::Forget;
        return planned.because("`deployment.lifecycle.retain` is true");
    }
    if lifecycle.protect {
        let reasons = &planned.reasons;
        let refusal = Refusal::protected(&planned.key, Action::Delete, reasons, schemas);
        planned.refusal = Some(refusal);
    }
    planned.action = Action::Delete;
    planned
}

/// What a run that did not end was doing with it.
fn unfinished(record: &Record) -> Option<String> {
    let doing = match record.phase {
        Phase::Creating => "making",
        Phase::Updating => "changing",
        Phase::Deleting => "deleting",
        Phase::Ready => return None,
    };
    Some(format!("a run that did not end was {doing} it"))
}

#[cfg(test)]
#[path = "obsolete_tests.rs"]
mod tests;
