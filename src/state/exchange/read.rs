//! What can be imported: our exports, and what NixOps 2 left.

use camino::Utf8Path;
use rusqlite::Connection;
use serde::Deserialize;

use crate::{
    schema::Registry,
    state::{
        Deployment, Records, Sealer, SecretParts, Secrets, Whole, json_file,
        nixops2::{self, Brought, UNTOUCHED},
    },
};

use super::{Error, Export, ExportedDeployment, VERSION, sealed};

/// What was read, its secrets as they were.
#[derive(Clone, Debug, PartialEq)]
pub enum Imported {
    /// An export of ours.
    Own(Vec<ExportedDeployment>),
    /// A state or export of NixOps 2.
    Old(Vec<Brought>),
}

/// Reads what can be imported, whichever it is. The name is for errors, and says where a database is.
pub fn read(bytes: &[u8], name: &Utf8Path) -> Result<Imported, Error> {
    if nixops2::is_database(bytes) && is_own(name) {
        return Err(Error::OwnState {
            path: name.to_owned(),
        });
    }
    if nixops2::is_database(bytes) || is_old(bytes, name)? {
        let old = nixops2::read(bytes, name)?.into_iter();
        let brought = old.map(nixops2::OldDeployment::bring);
        return Ok(Imported::Old(brought.collect::<Result<_, _>>()?));
    }
    let Export { deployments, .. } = json_file::read(bytes, name)?;
    Ok(Imported::Own(deployments))
}

impl Imported {
    /// Whether there are records in it that no plugin is known of.
    pub fn has_untouched(&self) -> bool {
        match self {
            Self::Own(_) => false,
            Self::Old(deployments) => {
                let mut records = deployments.iter().flat_map(|one| one.records.values());
                records.any(|record| record.plugin == UNTOUCHED)
            }
        }
    }

    /// Lets plugins claim records that NixOps 2 left; `owner` names the plugin of a type.
    pub fn claim(&mut self, registry: &Registry, owner: impl Fn(&str) -> Option<String>) {
        let Self::Old(deployments) = self else {
            return;
        };
        for Brought { records, .. } in deployments {
            let old = std::mem::take(records).into_iter();
            *records = old
                .map(|(key, record)| {
                    let state = match &record.secrets {
                        Secrets::Open(parts) => parts.as_ref().clone().complete(&record.state),
                        _ => record.state.clone(),
                    };
                    match nixops2::claim(&key, &record, &state, registry, &owner) {
                        Some(claim) => (claim.key, claim.record),
                        None => (key, record),
                    }
                })
                .collect();
        }
    }

    /// The names of the deployments, or else their UUIDs.
    pub fn names(&self) -> Vec<String> {
        let called = |one: &Deployment| one.called().to_owned();
        match self {
            Self::Own(all) => all.iter().map(|one| called(&one.deployment)).collect(),
            Self::Old(all) => all.iter().map(|one| called(&one.deployment)).collect(),
        }
    }

    /// Leaves one deployment, by its name or UUID. The secrets of others need not be read then.
    pub fn only(&mut self, name: &str) {
        let is_meant = |one: &Deployment| one.uuid == name || one.called() == name;
        match self {
            Self::Own(all) => all.retain(|one| is_meant(&one.deployment)),
            Self::Old(all) => all.retain(|one| is_meant(&one.deployment)),
        }
    }

    /// Gives it the form of the state.
    pub fn whole(self, sealer: &dyn Sealer) -> Result<Vec<Whole>, Error> {
        match self {
            Self::Own(deployments) => {
                let deployments = deployments.into_iter();
                deployments.map(|one| one.whole(sealer)).collect()
            }
            Self::Old(deployments) => {
                let deployments = deployments.into_iter();
                deployments.map(|one| bring(one, sealer)).collect()
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an export")]
struct Header {
    #[serde(rename = "nixopsExport")]
    version: Option<u32>,
}

/// Whether JSON is an export of NixOps 2, which says no version.
fn is_old(bytes: &[u8], name: &Utf8Path) -> Result<bool, Error> {
    let Header { version } = json_file::read(bytes, name)?;
    match version {
        Some(found) if found > VERSION => Err(Error::Newer {
            path: name.to_owned(),
            found,
            known: VERSION,
        }),
        version => Ok(version.is_none()),
    }
}

/// Whether a database is a state of ours.
fn is_own(path: &Utf8Path) -> bool {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    // Without the flag, SQLite would leave files beside it.
    let url = format!("file:{path}?immutable=1");
    let open = Connection::open_with_flags(url, flags | rusqlite::OpenFlags::SQLITE_OPEN_URI);
    open.is_ok_and(|it| it.table_exists(None, "journal").unwrap_or(false))
}

fn bring(brought: Brought, sealer: &dyn Sealer) -> Result<Whole, Error> {
    let Brought {
        deployment,
        records,
        machines,
        mut secrets,
    } = brought;
    let machines = machines.into_iter().map(|(name, record)| {
        let parts: SecretParts = secrets.remove(&name).unwrap_or_default();
        Ok((name, sealed(record, Secrets::of(parts), sealer)?))
    });
    Ok(Whole {
        deployment,
        machines: machines.collect::<Result<_, Error>>()?,
        records: Records {
            current: records,
            deposed: Vec::new(),
        },
    })
}
