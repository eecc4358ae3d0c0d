//! Of a flake that somebody edits, the machines are evaluated that can see the edit, and they alone.
//!
//! What happens is drawn from a seed, which a failure names: `NIXOPS_TEST_SEED=… NIXOPS_TEST_STEPS=…` does
//! the same again.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use proptest::{prelude::*, sample::select, strategy::ValueTree as _};

use crate::{
    agreeing::{Story, runner, said},
    caching_lab::{Counted, records, set},
    lab::Lab,
};

/// How many machines have a file of their own and nothing else.
const OWN: usize = 8;

/// Machines that look at the tree in all ways that there are, by name.
const MACHINES: [(&str, &str); 15] = [
    ("imports", "imports = [ ../shared/a.nix ];"),
    (
        "imports-both",
        "imports = [ ../shared/a.nix ../shared/b.nix ];",
    ),
    ("imports-default", "imports = [ ../shared ];"),
    (
        "lists",
        "environment.etc.x.text = builtins.toJSON (builtins.readDir ../listed);",
    ),
    (
        "reads-all",
        "environment.etc.x.text = toString (map (name: builtins.readFile (../listed + \"/${name}\")) \
         (builtins.attrNames (builtins.readDir ../listed)));",
    ),
    (
        "looks",
        "environment.etc.x.text = if builtins.pathExists ../maybe then \"yes\" else \"no\";",
    ),
    (
        "looks-below",
        "environment.etc.x.text = if builtins.pathExists ../maybe/x then \"yes\" else \"no\";",
    ),
    (
        "reads",
        "environment.etc.x.text = builtins.readFile ../text/t;",
    ),
    (
        "hashes",
        "environment.etc.x.text = builtins.hashFile \"sha256\" ../text/t;",
    ),
    (
        "copies",
        "environment.etc.x.text = \"${../text/t} ${../bin/run}\";",
    ),
    (
        "copies-directory",
        "environment.etc.x.text = \"${../listed}\";",
    ),
    (
        "filters",
        "environment.etc.x.text = \"${builtins.path { path = ../listed; name = \"some\"; \
         filter = path: _: baseNameOf path != \"b\"; }}\";",
    ),
    (
        "follows",
        "environment.etc.x.text = builtins.readFile ../link;",
    ),
    (
        "follows-directory",
        "environment.etc.x.text = builtins.readFile ../there/t;",
    ),
    (
        "reads-nodes",
        "environment.etc.x.text = nodes.own0.config.environment.etc.x.text;",
    ),
];

/// Machines that depend on which tree it is, by name.
const KNOWING: [(&str, &str); 9] = [
    (
        "modified",
        "environment.etc.x.text = toString self.lastModified;",
    ),
    (
        "nar-hash",
        "environment.etc.x.text = self.sourceInfo.narHash;",
    ),
    ("path", "environment.etc.x.text = toString ../.;"),
    ("self", "environment.etc.x.text = \"${self}\";"),
    ("whole", "environment.etc.x.text = \"${../.}\";"),
    (
        "piece",
        "environment.etc.x.text = builtins.substring 14 7 self.outPath;",
    ),
    (
        "hashed",
        "environment.etc.x.text = builtins.hashString \"md5\" (toString ../.);",
    ),
    (
        "hidden",
        "environment.etc.x.text = builtins.unsafeDiscardStringContext \
         (builtins.toFile \"x\" (toString ../.));",
    ),
    ("warns", "warnings = [ \"this is ${toString ../.}\" ];"),
];

/// What somebody does.
#[derive(Clone, Debug)]
enum Edit {
    /// Writes a file.
    Write(String, &'static str),
    /// Removes one, if it is there.
    Remove(&'static str),
    /// Lets a link lead elsewhere.
    Turn(&'static str, &'static str),
    /// Makes a file executable, or not.
    Mode(&'static str, u32),
    /// Changes a machine in `flake.nix`.
    Inline(&'static str),
    /// Does nothing.
    Nothing,
}

fn edit() -> impl Strategy<Value = Edit> {
    let value = || select(&["1", "2", "3"][..]);
    let file = select(
        &[
            "shared/value",
            "listed/a",
            "listed/b",
            "listed/c",
            "text/t",
            "text/u",
            "bin/run",
            "maybe",
            "other/t",
            "notes",
        ][..],
    );
    prop_oneof![
        4 => (0..OWN, value()).prop_map(|(own, value)| Edit::Write(own_file(own), value)),
        6 => (file, value()).prop_map(|(file, value)| Edit::Write(file.to_owned(), value)),
        3 => select(&["listed/a", "listed/b", "listed/c", "maybe"][..]).prop_map(Edit::Remove),
        2 => select(&["text/t", "text/u"][..]).prop_map(|target| Edit::Turn("link", target)),
        1 => select(&["text", "other"][..]).prop_map(|target| Edit::Turn("there", target)),
        1 => select(&[0o644, 0o755][..]).prop_map(|mode| Edit::Mode("bin/run", mode)),
        1 => value().prop_map(Edit::Inline),
        1 => Just(Edit::Nothing),
    ]
}

fn own_file(own: usize) -> String {
    format!("machines/own{own}.value")
}

impl Lab {
    /// Writes the fleet as it is at first.
    fn plant(&self) {
        for own in 0..OWN {
            self.write(own_file(own), "0");
            let module =
                format!("{{ environment.etc.x.text = builtins.readFile ./own{own}.value; }}");
            self.write(format!("machines/own{own}.nix"), &module);
        }
        for (name, module) in MACHINES.iter().chain(&KNOWING) {
            let module = format!("{{ nodes, self, ... }}: {{ {module} }}");
            self.write(format!("machines/{name}.nix"), &module);
        }
        self.write(
            "shared/a.nix",
            "{ environment.etc.a.text = builtins.readFile ./value; }",
        );
        self.write("shared/b.nix", "{ environment.etc.b.text = \"b\"; }");
        self.write("shared/default.nix", "{ imports = [ ./b.nix ]; }");
        for file in [
            "shared/value",
            "listed/a",
            "listed/b",
            "text/t",
            "text/u",
            "bin/run",
            "other/t",
        ] {
            self.write(file, "0");
        }
        symlink("text/t", self.path("link")).unwrap();
        symlink("text", self.path("there")).unwrap();
        self.inline("0");
    }

    fn inline(&self, value: &str) {
        let own = (0..OWN).map(|own| format!("own{own}"));
        let names = MACHINES
            .iter()
            .chain(&KNOWING)
            .map(|(name, _)| (*name).to_owned());
        let machines = own
            .chain(names)
            .map(|name| format!("{name} = ./machines/{name}.nix;\n"));
        self.network(&format!(
            "network.specialArgs = {{ inherit self; }};\n{}\
             inline = {{ environment.etc.x.text = \"{value}\"; }};",
            machines.collect::<String>()
        ));
    }

    fn edit(&self, edit: &Edit) {
        match edit {
            Edit::Write(path, value) => drop(self.write(path, value)),
            Edit::Remove(path) => drop(fs::remove_file(self.path(path))),
            Edit::Turn(link, target) => {
                fs::remove_file(self.path(link)).unwrap();
                symlink(target, self.path(link)).unwrap();
            }
            Edit::Mode(path, mode) => {
                fs::set_permissions(self.path(path), fs::Permissions::from_mode(*mode)).unwrap();
            }
            Edit::Inline(value) => self.inline(value),
            Edit::Nothing => {}
        }
    }
}

fn names(machines: &[(&'static str, &str)]) -> BTreeSet<String> {
    machines
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

/// The machines that were evaluated, but for those that know which tree it is.
fn evaluated(counted: &Counted) -> BTreeSet<String> {
    let machines: BTreeSet<String> = counted.machines().into_iter().collect();
    machines.difference(&names(&KNOWING)).cloned().collect()
}

/// A fleet of which every machine was recorded.
fn recorded() -> Lab {
    let lab = Lab::without_hosts();
    lab.plant();
    lab.record();
    lab
}

#[test]
fn who_can_see_an_edit_is_evaluated_and_nobody_else() {
    if !records() {
        return;
    }
    let lab = recorded();
    let after = |edit: Edit| {
        lab.edit(&edit);
        evaluated(&lab.counted_eval(&[]))
    };
    // All but those that know which tree it is, and the inline one.
    let info = lab.nixops(["cache", "info", "--json"]).exits(0).json();
    assert_eq!(info["recorded"], OWN + MACHINES.len() + 1, "{info}");
    let write = |path: &str| Edit::Write(path.to_owned(), "9");
    assert_eq!(after(write("notes")), set([]));
    assert_eq!(after(write("machines/own3.value")), set(["own3"]));
    assert_eq!(
        after(write("machines/own0.value")),
        set(["own0", "reads-nodes"])
    );
    assert_eq!(
        after(write("shared/value")),
        set(["imports", "imports-both"])
    );
    assert_eq!(after(write("maybe")), set(["looks", "looks-below"]));
    assert_eq!(
        after(write("listed/c")),
        set(["lists", "reads-all", "copies-directory", "filters"])
    );
    assert_eq!(
        after(write("listed/b")),
        set(["reads-all", "copies-directory"])
    );
    assert_eq!(after(Edit::Mode("bin/run", 0o755)), set(["copies"]));
    assert_eq!(after(Edit::Turn("link", "text/u")), set(["follows"]));
    // What was so before is known still.
    assert_eq!(after(Edit::Turn("link", "text/t")), set([]));
    assert_eq!(after(Edit::Inline("9")).len(), OWN + MACHINES.len() + 1);
}

#[test]
fn an_edited_fleet_is_the_same_with_the_cache_and_without() {
    play(said("NIXOPS_TEST_SEED", 1), said("NIXOPS_TEST_STEPS", 10));
}

/// Does what a seed says.
fn play(seed: u64, steps: usize) {
    let mut story = Story::of(seed, steps);
    let mut runner = runner(seed);
    let lab = recorded();
    for _ in 0..steps {
        let edit = edit().new_tree(&mut runner).unwrap().current();
        writeln!(story.0, "{edit:?}").unwrap();
        lab.edit(&edit);
        let counted = lab.counted_eval(&[]);
        let without = lab.uncached_eval(&[]);
        assert_eq!(counted.run.json(), without.json());
        if records()
            && let Edit::Write(path, _) = &edit
            && let Some(name) = path.strip_prefix("machines/")
        {
            let own = name.strip_suffix(".value").unwrap();
            let seers = set([own, "reads-nodes"]);
            assert!(
                evaluated(&counted).is_subset(&seers),
                "{:?}",
                counted.machines()
            );
        }
    }
}
