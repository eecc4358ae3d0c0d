//! With the cache of evaluations and without it, a network is the same.
//!
//! What happens is drawn from a seed, which a failure names: `NIXOPS_TEST_SEED=… NIXOPS_TEST_STEPS=…` does
//! the same again.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use proptest::{prelude::*, sample::select, strategy::ValueTree as _};
use serde_json::{Value, json};

use crate::{
    agreeing::{Story, runner, said},
    lab::{Lab, Run},
};

/// What becomes of an output.
#[derive(Clone, Debug)]
enum Told {
    Value(&'static str),
    Null,
    Unknown,
    Secret,
    Nothing,
}

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    /// A resource, or the backend of `made`, tells this of an output from now on.
    Output(&'static str, Told),
    /// A machine has this in it from now on, or is there no more.
    Machine(&'static str, Option<&'static str>),
    /// Everything that nothing keeps is collected.
    Collect,
    /// Nothing happens.
    Nothing,
}

const OUTPUTS: [&str; 4] = [
    "commandOutput one value",
    "commandOutput other value",
    "sshKeyPairs pair publicKey",
    "cloud made privateIPv4",
];

const MACHINES: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];

/// What machines may have in them. What is not there cannot be read, and some notice that without an error.
const PARTS: [&str; 8] = [
    "",
    "environment.etc.x.text = toString resources.commandOutput.one.value;",
    "environment.etc.x.text = noted resources.commandOutput.other.value;",
    "environment.etc.x.text = noted resources.commandOutput.reader.value;",
    "environment.etc.x.text = noted resources.sshKeyPairs.pair.publicKey;",
    "environment.etc.x.text = noted nodes.made.config.networking.privateIPv4;",
    "environment.etc.x.text = toString (map (node: noted node.config.deployment.tags) (builtins.attrValues nodes));",
    "deployment.tags = [ (noted resources.commandOutput.one.value) ]; \
     deployment.keys.k.text = noted resources.sshKeyPairs.pair.publicKey;",
];

fn step() -> impl Strategy<Value = Step> {
    let told = prop_oneof![
        3 => select(&["1", "2"][..]).prop_map(Told::Value),
        1 => Just(Told::Null),
        1 => Just(Told::Unknown),
        1 => Just(Told::Secret),
        2 => Just(Told::Nothing),
    ];
    let part = proptest::option::weighted(0.8, select(&PARTS[..]));
    prop_oneof![
        8 => (select(&OUTPUTS[..]), told).prop_map(|(output, told)| Step::Output(output, told)),
        2 => (select(&MACHINES[..]), part).prop_map(|(name, part)| Step::Machine(name, part)),
        1 => Just(Step::Collect),
        2 => Just(Step::Nothing),
    ]
}

/// The network, and what is known of outputs.
#[derive(Default)]
struct World {
    machines: BTreeMap<&'static str, &'static str>,
    outputs: BTreeMap<&'static str, Told>,
}

impl World {
    fn known(&self) -> Value {
        let mut known = json!({ "commandOutput": { "one": {}, "other": {} },
                                "sshKeyPairs": { "pair": {} }, "cloud": { "made": {} } });
        for (output, told) in &self.outputs {
            let mut names = output.split(' ');
            let mut next = || names.next().unwrap();
            let place = &mut known[next()][next()];
            let told = match told {
                Told::Value(value) => json!({ "value": value }),
                Told::Null => json!({ "value": null }),
                Told::Unknown => json!("unknown"),
                Told::Secret => json!("secret"),
                Told::Nothing => continue,
            };
            place[next()] = told;
        }
        known
    }
}

impl fmt::Display for World {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "resources.commandOutput.one.script = \"\";
             resources.commandOutput.other.script = \"\";
             resources.commandOutput.reader = { resources, ... }: {
               value = \"<${toString (resources.commandOutput.one.value or \"\")}>\";
             };
             resources.sshKeyPairs.pair = { };
             made.deployment.targetEnv = \"cloud\";\n",
        )?;
        for (name, part) in &self.machines {
            writeln!(
                formatter,
                "{name} = {{ nodes, resources, ... }}: let
                   noted = value: toString (builtins.tryEval (toString value)).value;
                 in {{ {part} }};"
            )?;
        }
        Ok(())
    }
}

/// What a run tells of a network: errors come in any order, and so do traces.
fn told(run: &Run) -> (Option<i32>, Value) {
    (run.code, run.json())
}

impl Lab {
    fn evaluate(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(["eval", "--json", "--outputs", "../outputs.json"]);
        Run::of(command.args(arguments))
    }
}

#[test]
fn a_network_is_the_same_with_the_cache_and_without() {
    play(said("NIXOPS_TEST_SEED", 1), said("NIXOPS_TEST_STEPS", 24));
}

#[test]
fn it_is_so_by_another_seed_too() {
    play(said("NIXOPS_TEST_SEED", 2), said("NIXOPS_TEST_STEPS", 24));
}

/// Does what a seed says.
fn play(seed: u64, steps: usize) {
    let mut story = Story::of(seed, steps);
    let mut runner = runner(seed);

    let lab = Lab::without_hosts();
    let mut world = World::default();
    world
        .machines
        .extend(MACHINES.into_iter().zip(PARTS.into_iter().skip(1)));
    for output in OUTPUTS {
        world.outputs.insert(output, Told::Value("1"));
    }
    let mut written = String::new();
    let mut write = |world: &World| {
        // Files that are written anew are new, even if the same is in them: their time may be seen.
        let text = world.to_string();
        if text != written {
            lab.network(&text);
            written = text;
        }
        lab.write("../outputs.json", &world.known().to_string());
    };
    write(&world);
    lab.evaluate(&[]);
    for number in 0..steps {
        let step = step().new_tree(&mut runner).unwrap().current();
        writeln!(story.0, "{step:?}").unwrap();
        match step {
            Step::Output(output, told) => drop(world.outputs.insert(output, told)),
            Step::Machine(name, Some(part)) => drop(world.machines.insert(name, part)),
            Step::Machine(name, None) => drop(world.machines.remove(name)),
            Step::Collect => drop(lab.run("nix-store", &["--gc"])),
            Step::Nothing => {}
        }
        write(&world);
        let depth = if number % 3 == 0 {
            &["--options-only"][..]
        } else {
            &[]
        };
        let with = told(&lab.evaluate(depth));
        let without = told(&lab.evaluate(&[depth, &["--no-eval-cache"]].concat()));
        assert_eq!(with, without, "{depth:?}\n{world}\n{:#}", world.known());
    }
}
