//! Questions about many resources of a type.

use nixops_plugin::protocol::{Read, ResourceState, Updated, Upgrade};

use super::{Error, Providers, QUESTION};

/// How many resources one request asks about: few enough that a provider can answer several at once.
const IN_A_REQUEST: usize = 200;

/// How many bytes of what is kept one request holds; a message has room for some times more.
const BYTES_IN_A_REQUEST: usize = 2 << 20;

impl Providers {
    /// Asks what resources of a type are now; the answer has one element for each that was asked for,
    /// none for one that is gone.
    ///
    /// They are asked about in groups, of which many are on the way at a time.
    pub fn read_many(
        &self,
        kind: &str,
        resources: Vec<ResourceState>,
    ) -> Result<Vec<Option<Updated>>, Error> {
        if resources.is_empty() {
            return Ok(Vec::new());
        }
        let question = |resources| Read {
            kind: kind.to_owned(),
            resources,
        };
        let questions: Vec<Read> = groups(resources).into_iter().map(question).collect();
        let provider = self.of(kind)?;
        let answers = provider.read_all(&questions, QUESTION).into_iter();
        let answers: Vec<_> = answers.collect::<Result<_, _>>()?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Version of what the provider of a type keeps of a resource; 0 for a type that it does not have.
    pub fn version(&self, kind: &str) -> Result<u32, Error> {
        let provider = self.of(kind)?;
        let known = provider.welcome().types.get(kind);
        Ok(known.map_or(0, |known| known.version))
    }

    /// Brings what was kept of resources under some version of their type to the version of its
    /// provider. What is of that version already stays as it is; what is of a newer one is an error.
    pub fn upgrade(
        &self,
        kind: &str,
        version: u32,
        states: Vec<ResourceState>,
    ) -> Result<Vec<ResourceState>, Error> {
        let known = self.version(kind)?;
        if version == known {
            return Ok(states);
        }
        let provider = self.of(kind)?;
        if version > known {
            return Err(Error::Newer {
                origin: provider.subject().origin.clone(),
                kind: kind.to_owned(),
                kept: version,
                known,
            });
        }
        let question = |state| Upgrade {
            kind: kind.to_owned(),
            version,
            state,
        };
        let questions: Vec<Upgrade> = states.into_iter().map(question).collect();
        let answers = provider.upgrade_many(&questions, QUESTION).into_iter();
        let states = answers.map(|answer| answer.map(|answer| answer.state));
        Ok(states.collect::<Result<_, _>>()?)
    }
}

/// Groups of resources, each for one request.
fn groups(resources: Vec<ResourceState>) -> Vec<Vec<ResourceState>> {
    let mut groups: Vec<Vec<ResourceState>> = Vec::new();
    let mut bytes = 0;
    for resource in resources {
        let size = size(&resource);
        bytes += size;
        match groups.last_mut() {
            Some(group) if group.len() < IN_A_REQUEST && bytes <= BYTES_IN_A_REQUEST => {
                group.push(resource);
            }
            _ => {
                bytes = size;
                groups.push(vec![resource]);
            }
        }
    }
    groups
}

/// How many bytes what is kept of a resource takes in a message.
fn size(resource: &ResourceState) -> usize {
    // What cannot be written is told when it is sent.
    serde_json::to_string(resource).map_or(0, |text| text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(id: String) -> ResourceState {
        ResourceState {
            id,
            ..ResourceState::default()
        }
    }

    fn sizes(resources: Vec<ResourceState>) -> Vec<usize> {
        groups(resources).iter().map(Vec::len).collect()
    }

    #[test]
    fn many_are_asked_about_in_groups() {
        let small = |number| (0..number).map(|id: usize| named(id.to_string())).collect();
        assert_eq!(sizes(small(0)), [0; 0]);
        assert_eq!(sizes(small(200)), [200]);
        assert_eq!(sizes(small(401)), [200, 200, 1]);
        let kept = groups(small(401)).concat();
        assert_eq!(kept, small(401));
    }

    #[test]
    fn big_ones_are_asked_about_in_smaller_groups() {
        let big = |megabytes: usize| named("x".repeat(megabytes << 20));
        assert_eq!(
            sizes(vec![big(1), big(5), big(0), big(1), big(1)]),
            [1, 1, 2, 1]
        );
    }
}
