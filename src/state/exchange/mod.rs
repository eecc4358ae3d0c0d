//! A state as JSON, to be taken elsewhere: what `nixops export` writes and `nixops import` reads.
//!
//! Secrets stay sealed, as the state has them, so that the file is no more secret than the state and
//! whoever has the key gets everything back; or they are in the clear, for who has no such key.

mod error;
mod form;
mod read;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use form::{Export, ExportedDeployment, ExportedMachine, ExportedResource, ExportedSecrets};
pub use read::{Imported, read};

use super::{MachineRecord, Sealer, SecretParts, Secrets, Whole};

/// Version of the form of an export.
pub const VERSION: u32 = 1;

/// Name in [`MachineRecord::legacy`] of what is sealed of it, as hexadecimal digits.
const SEALED: &str = "sealed";

impl Export {
    /// An export of deployments. With a sealer that opens, its secrets are in the clear.
    pub fn of(
        deployments: impl IntoIterator<Item = Whole>,
        opener: Option<&dyn Sealer>,
    ) -> Result<Self, Error> {
        let deployments = deployments.into_iter();
        let deployments = deployments.map(|whole| deployment(whole, opener));
        Ok(Self {
            version: VERSION,
            deployments: deployments.collect::<Result<_, _>>()?,
        })
    }
}

fn deployment(whole: Whole, opener: Option<&dyn Sealer>) -> Result<ExportedDeployment, Error> {
    let Whole {
        deployment,
        records,
        machines,
    } = whole;
    let current = records.current.into_iter().map(|it| (it, false));
    let deposed = records.deposed.into_iter().map(|it| (it, true));
    let resources = current.chain(deposed).map(|((key, record), deposed)| {
        let secrets = ExportedSecrets::of(record.secrets.clone(), opener)?;
        Ok(ExportedResource::of(key, record, deposed, secrets))
    });
    let machines = machines.into_iter().map(|(name, record)| {
        let (record, secrets) = unsealed(record);
        let secrets = ExportedSecrets::of(secrets, opener)?;
        Ok((name, ExportedMachine { record, secrets }))
    });
    Ok(ExportedDeployment {
        deployment,
        resources: resources.collect::<Result<_, Error>>()?,
        machines: machines.collect::<Result<_, Error>>()?,
    })
}

impl ExportedDeployment {
    /// Gives the deployment the form of the state. What is sealed must be opened by the sealer: what nobody
    /// here can open would be noticed too late.
    pub fn whole(self, sealer: &dyn Sealer) -> Result<Whole, Error> {
        let mut whole = Whole {
            deployment: self.deployment,
            ..Whole::default()
        };
        for resource in self.resources {
            let deposed = resource.deposed;
            let (key, secrets, mut record) = resource.record();
            record.secrets = kept(secrets, sealer)?;
            if deposed {
                whole.records.deposed.push((key, record));
            } else if whole.records.current.insert(key.clone(), record).is_some() {
                return Err(Error::Twice { key });
            }
        }
        for (name, machine) in self.machines {
            let record = sealed(machine.record, kept(machine.secrets, sealer)?, sealer)?;
            whole.machines.insert(name, record);
        }
        Ok(whole)
    }
}

impl ExportedSecrets {
    fn of(secrets: Secrets, opener: Option<&dyn Sealer>) -> Result<Option<Self>, Error> {
        Ok(match (secrets, opener) {
            (Secrets::Nothing, _) => None,
            (Secrets::Open(parts), _) => Some(Self::Open(*parts)),
            (Secrets::Sealed(bytes), None) => Some(Self::Sealed(digits(&bytes))),
            (Secrets::Sealed(bytes), Some(opener)) => Some(Self::Open(open(&bytes, opener)?)),
        })
    }
}

fn kept(secrets: Option<ExportedSecrets>, sealer: &dyn Sealer) -> Result<Secrets, Error> {
    Ok(match secrets {
        None => Secrets::Nothing,
        Some(ExportedSecrets::Open(parts)) => Secrets::of(parts),
        Some(ExportedSecrets::Sealed(text)) => {
            let bytes = bytes(&text).ok_or(Error::Digits)?;
            open(&bytes, sealer)?;
            Secrets::Sealed(bytes)
        }
    })
}

fn open(bytes: &[u8], sealer: &dyn Sealer) -> Result<SecretParts, Error> {
    let plain = sealer.open(bytes)?;
    // What serde says of it might quote it.
    serde_json::from_slice(&plain).map_err(|_| Error::Senseless)
}

/// A machine's record with what is secret of it, sealed.
pub fn sealed(
    mut record: MachineRecord,
    secrets: Secrets,
    sealer: &dyn Sealer,
) -> Result<MachineRecord, Error> {
    let bytes = match secrets {
        Secrets::Nothing => return Ok(record),
        Secrets::Sealed(bytes) => bytes,
        Secrets::Open(parts) => {
            let plain = serde_json::to_vec(&parts).map_err(|_| Error::Senseless)?;
            sealer.seal(&zeroize::Zeroizing::new(plain))?
        }
    };
    record.legacy.insert(SEALED.to_owned(), digits(&bytes));
    Ok(record)
}

/// A machine's record, and apart from it what is sealed of it.
fn unsealed(mut record: MachineRecord) -> (MachineRecord, Secrets) {
    let sealed = record.legacy.remove(SEALED);
    let sealed = sealed.and_then(|text| bytes(&text));
    (record, sealed.map_or(Secrets::Nothing, Secrets::Sealed))
}

fn digits(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2);
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    pairs.map(byte).collect()
}
