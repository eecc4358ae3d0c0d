//! The options in Nix of a plugin against its schemas.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    evaluator::{Evaluator, PluginFacts, Samples},
    plugin::{
        Plugin,
        check::{Findings, compare, words},
    },
    schema::{Registry, trials},
};

use super::check::wrong;

/// Values of each type that fit, and that nearly do, which options and schema are held against.
const SAMPLES: usize = 40;

/// Holds generated values against options and schema of each type.
pub fn agreement(
    evaluator: &Evaluator,
    plugin: &Plugin,
    registry: &Registry,
    facts: &PluginFacts,
    findings: &mut Findings<'_>,
) {
    let types = plugin.manifest.types.iter();
    let types = types.chain(&plugin.manifest.backends);
    let own = types.filter_map(|name| Some((name, &registry.get(name)?.options)));
    for (name, schema) in own {
        let samples = trials(schema, 1, SAMPLES);
        let values = samples.iter().map(|sample| sample.value.clone());
        let asked = Samples::from([(name.clone(), values.collect())]);
        let Some(mut made) = made(evaluator, name, &asked, findings) else {
            continue;
        };
        let made = made.remove(name).unwrap_or_default();
        let mut agreement = compare(schema, &samples, &made);
        let words = words(
            schema,
            &samples,
            facts.words.get(name).into_iter().flatten(),
        );
        agreement.refuse(&words);
        findings.agreement(name, agreement);
    }
}

/// What Nix makes of values, without exporters where those cannot be tried.
fn made(
    evaluator: &Evaluator,
    name: &str,
    asked: &Samples,
    findings: &mut Findings<'_>,
) -> Option<BTreeMap<String, Vec<Option<Value>>>> {
    let title = format!("values can be tried on the options of {name}");
    let exported = evaluator.plugin_agreement(asked);
    let Err(error) = exported else {
        return findings.note(&title, exported.map_err(wrong));
    };
    let made = evaluator.plugin_options_agreement(asked).map_err(wrong);
    let made = findings.note(&title, made)?;
    let reason = format!("an exporter looks at more of a machine: {}", wrong(error));
    findings.skip(
        &format!("values can be tried on the exporters of {name}"),
        reason,
    );
    Some(made)
}
