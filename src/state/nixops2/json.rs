//! The JSON of NixOps 2's `export`: deployments by UUID, each an object of texts beside `resources`, whose
//! entries are objects of texts with a `type`.

use std::{collections::BTreeMap, fmt};

use camino::Utf8Path;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

use crate::state::json_file;

use super::{Error, OldDeployment, OldResource};

/// Reads an export.
pub fn read(bytes: &[u8], path: &Utf8Path) -> Result<Vec<OldDeployment>, Error> {
    let exported: BTreeMap<String, Exported> = json_file::read(bytes, path)?;
    if let Some(found) = exported.keys().find(|name| !is_uuid(name)) {
        return Err(Error::NoExport {
            path: path.to_owned(),
            found: found.clone(),
        });
    }
    let deployments = exported.into_iter();
    Ok(deployments.map(|(uuid, it)| it.named(uuid)).collect())
}

/// Whether a text has the form of a UUID.
fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    let digits = text
        .bytes()
        .all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    digits && lengths.eq([8, 4, 4, 4, 12])
}

struct Exported {
    attributes: BTreeMap<String, String>,
    resources: Vec<OldResource>,
}

impl Exported {
    fn named(self, uuid: String) -> OldDeployment {
        OldDeployment {
            uuid,
            attributes: self.attributes,
            resources: self.resources,
        }
    }
}

// By hand, since what serde buffers for `flatten` loses its line.
impl<'de> Deserialize<'de> for Exported {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Deployment)
    }
}

struct Deployment;

impl<'de> Visitor<'de> for Deployment {
    type Value = Exported;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the attributes of a deployment")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Exported, A::Error> {
        let mut attributes = BTreeMap::new();
        let mut resources = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == "resources" {
                resources = Some(map.next_value::<BTreeMap<String, Resource>>()?);
            } else if let Text(Some(value)) = map.next_value()? {
                attributes.insert(name, value);
            }
        }
        let resources = resources.ok_or_else(|| de::Error::missing_field("resources"))?;
        let resources = resources.into_iter();
        Ok(Exported {
            attributes,
            resources: resources.map(|(name, it)| it.named(name)).collect(),
        })
    }
}

struct Resource {
    kind: String,
    attributes: BTreeMap<String, String>,
}

impl Resource {
    fn named(self, name: String) -> OldResource {
        OldResource {
            name,
            kind: self.kind,
            attributes: self.attributes,
        }
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = BTreeMap::<String, Text>::deserialize(deserializer)?.into_iter();
        let mut attributes: BTreeMap<_, _> = all
            .filter_map(|(name, text)| Some((name, text.0?)))
            .collect();
        let kind = attributes.remove("type");
        Ok(Self {
            kind: kind.ok_or_else(|| de::Error::missing_field("type"))?,
            attributes,
        })
    }
}

/// A text. Exports that people have edited have numbers and truth values too, as Python would store them.
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyText)
    }
}

struct AnyText;

impl Visitor<'_> for AnyText {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(Some(text.to_owned())))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Text, E> {
        Ok(Text(Some(u8::from(truth).to_string())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
        Ok(Text(Some(number.to_string())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
        Ok(Text(Some(number.to_string())))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
        Ok(Text(Some(number.to_string())))
    }

    fn visit_unit<E>(self) -> Result<Text, E> {
        Ok(Text(None))
    }
}
