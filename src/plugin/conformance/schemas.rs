//! What a provider says of its types.

use std::{collections::BTreeMap, time::Duration};

use nixops_plugin::protocol::{ResourceState, TypeInfo, TypeSchema, TypeSchemas, Upgrade};
use serde_json::Value;

use super::{
    Tester,
    report::{Trouble, Verdict, ensure},
};
use crate::plugin::{Provider, provider::Error};

impl Tester<'_> {
    pub(super) fn schemas(&mut self) {
        self.check("its schemas are valid", |tester, provider| {
            let schemas = provider.schema(tester.options.limit)?;
            schemas.iter().try_for_each(valid)
        });
        self.check("its schemas agree with its greeting", |tester, provider| {
            let schemas = provider.schema(tester.options.limit)?;
            agree(&provider.welcome().types, &schemas)
        });
        self.check(
            "its schemas are those that the plugin ships",
            |tester, provider| {
                let schemas = provider.schema(tester.options.limit)?;
                shipped(&tester.options.schemas, &schemas)
            },
        );
        self.check(
            "it refuses what a newer version kept",
            |tester, provider| {
                let types = provider.welcome().types.iter();
                let mut types = types.map(|(of_type, info)| (of_type, info.version));
                types.try_for_each(|(of_type, version)| {
                    newer_is_refused(provider, of_type, version, tester.options.limit)
                })
            },
        );
    }
}

/// A provider that does not upgrade at all refuses too.
fn newer_is_refused(provider: &Provider, of_type: &str, version: u32, limit: Duration) -> Verdict {
    let Some(version) = version.checked_add(1) else {
        return Ok(());
    };
    let question = Upgrade {
        kind: of_type.to_owned(),
        version,
        state: ResourceState::default(),
    };
    match provider.upgrade(&question, limit) {
        Err(Error::Refused { .. }) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(Trouble::Failed(format!(
            "it upgrades `{of_type}` from version {version}, which is newer than its own"
        ))),
    }
}

fn valid((of_type, schema): (&String, &TypeSchema)) -> Verdict {
    for (what, schema) in [("options", &schema.options), ("outputs", &schema.outputs)] {
        if let Err(error) = jsonschema::draft202012::meta::validate(schema) {
            let place = error.instance_path();
            let reason = format!("the {what} of `{of_type}` are no JSON Schema: {place}: {error}");
            return Err(Trouble::Failed(reason));
        }
        jsonschema::draft202012::new(schema).map_err(|error| {
            Trouble::Failed(format!("the {what} of `{of_type}` cannot be used: {error}"))
        })?;
    }
    Ok(())
}

fn agree(greeting: &BTreeMap<String, TypeInfo>, schemas: &TypeSchemas) -> Verdict {
    let (told, described) = (names(greeting), names(schemas));
    ensure(told == described, || {
        format!("it greets with the types {told}, and has schemas of {described}")
    })?;
    for (of_type, schema) in schemas {
        let info = &greeting[of_type];
        ensure(
            info.kind == schema.kind && info.version == schema.version,
            || format!("kind or version of `{of_type}` differ between the greeting and the schema"),
        )?;
    }
    Ok(())
}

fn shipped(shipped: &BTreeMap<String, Value>, schemas: &TypeSchemas) -> Verdict {
    if shipped.is_empty() {
        return Err(Trouble::Skipped("no schemas were given".to_owned()));
    }
    let (files, described) = (names(shipped), names(schemas));
    ensure(files == described, || {
        format!("the plugin ships schemas of {files}, and the provider has {described}")
    })?;
    for (of_type, schema) in schemas {
        let current: Option<Value> = serde_json::from_str(&nixops_plugin::schema_file(schema)).ok();
        ensure(current.as_ref() == shipped.get(of_type), || {
            format!(
                "the file {of_type}.json is out of date: the provider's verb `schema` writes it"
            )
        })?;
    }
    Ok(())
}

fn names<T>(types: &BTreeMap<String, T>) -> String {
    let names: Vec<_> = types.keys().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
