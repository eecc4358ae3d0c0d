//! Whatever changes in the tree of a flake, a machine that is remembered is what it would be if it were evaluated.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use crate::{
    caching_lab::{records, set, version},
    lab::Lab,
};

/// What a machine is: the expression of a text in it.
type Machine = (&'static str, &'static str);

/// A module with a text in it.
fn text(expression: &str) -> String {
    format!("{{ self, inputs, ... }}: {{ environment.etc.x.text = {expression}; }}")
}

/// The attributes of a network of machines, each in a file of its own below `machines`.
fn plant(lab: &Lab, machines: &[Machine]) -> String {
    let mut network = String::from("network.specialArgs = { inherit self inputs; };\n");
    for (name, expression) in machines {
        lab.write(format!("machines/{name}.nix"), &text(expression));
        network = format!("{network}{name} = ./machines/{name}.nix;\n");
    }
    network
}

fn remove(lab: &Lab, path: &str) {
    fs::remove_file(lab.path(path)).unwrap();
}

fn link(lab: &Lab, path: &str, target: &str) {
    symlink(target, lab.path(path)).unwrap();
}

fn git(lab: &Lab, arguments: &[&str]) {
    let me = ["-c", "user.name=me", "-c", "user.email=me@example.org"];
    lab.run("git", &[&me[..], arguments].concat());
}

fn commit(lab: &Lab) {
    git(lab, &["add", "--all"]);
    git(lab, &["commit", "--quiet", "--message", "x"]);
}

#[test]
fn a_file_may_become_a_link_or_a_directory() {
    if !records() {
        return;
    }
    let lab = Lab::without_hosts();
    let network = plant(
        &lab,
        &[
            ("kinds", "builtins.toJSON (builtins.readDir ../d)"),
            (
                "reads",
                "builtins.readFile (if (builtins.readDir ../d).x == \"directory\" then ../d/x/y else ../d/x)",
            ),
            (
                "asks",
                "if builtins.pathExists ../d/x/y then \"yes\" else \"no\"",
            ),
            ("apart", "builtins.readFile ../apart"),
            ("imports", "import ../value"),
        ],
    );
    for file in ["d/x", "apart", "same"] {
        lab.write(file, "x");
    }
    lab.write("value/default.nix", "\"directory\"");
    lab.network(&network).record();

    remove(&lab, "d/x");
    link(&lab, "d/x", "../same");
    let seers = set(["kinds", "reads", "asks"]);
    assert_eq!(lab.evaluated_after_edit(), seers);
    // What is behind the link, for who has read it.
    lab.write("same", "y");
    assert_eq!(lab.evaluated_after_edit(), set(["reads"]));
    remove(&lab, "d/x");
    lab.write("d/x/y", "z");
    assert_eq!(lab.evaluated_after_edit(), seers);
    lab.write("d/x/y", "zz");
    assert_eq!(lab.evaluated_after_edit(), set(["reads"]));
    fs::remove_dir_all(lab.path("value")).unwrap();
    lab.write("value", "\"file\"");
    assert_eq!(lab.evaluated_after_edit(), set(["imports"]));
}

#[test]
fn links_count_wherever_on_the_way_they_are() {
    if !records() {
        return;
    }
    let lab = Lab::without_hosts();
    let network = plant(
        &lab,
        &[
            ("follows", "builtins.readFile ../first/t"),
            (
                "asks",
                "if builtins.pathExists ../first/u then \"yes\" else \"no\"",
            ),
            ("lists", "builtins.toJSON (builtins.readDir ../links)"),
            ("copies", "\"${../links}\""),
            ("apart", "builtins.readFile ../one/t"),
        ],
    );
    lab.write("one/t", "1").write("two/t", "2");
    lab.write("links/file", "");
    link(&lab, "first", "./links/second");
    link(&lab, "links/second", "../one");
    // Nobody can read what is not in the tree, but one can see that it is a link.
    link(&lab, "links/away", "/etc/hostname");
    lab.network(&network).record();

    lab.write("one/u", "");
    assert_eq!(lab.evaluated_after_edit(), set(["asks"]));
    remove(&lab, "links/second");
    link(&lab, "links/second", "../two");
    let seers = set(["follows", "asks", "copies"]);
    assert_eq!(lab.evaluated_after_edit(), seers);
    remove(&lab, "links/away");
    link(&lab, "links/away", "/etc/passwd");
    assert_eq!(lab.evaluated_after_edit(), set(["copies"]));
    remove(&lab, "links/away");
    lab.write("links/away", "");
    assert_eq!(lab.evaluated_after_edit(), set(["lists", "copies"]));
}

#[test]
fn a_directory_that_is_copied_counts_as_far_as_it_is() {
    if !records() {
        return;
    }
    let lab = Lab::without_hosts();
    let network = plant(
        &lab,
        &[
            (
                "sources",
                "\"${builtins.filterSource (path: type: baseNameOf path != \"left\" && type != \"symlink\") ../d}\"",
            ),
            ("all", "\"${builtins.path { path = ../d; name = \"d\"; }}\""),
            (
                "siblings",
                "\"${builtins.filterSource (path: _: !builtins.pathExists (path + \".off\")) ../d}\"",
            ),
            (
                "reads-copy",
                "builtins.readFile \"${builtins.filterSource (path: _: baseNameOf path == \"a\") ../d}/a\"",
            ),
        ],
    );
    lab.write("d/a", "0")
        .write("d/left", "0")
        .write("d/e/b", "0");
    lab.network(&network).record();

    lab.write("d/left", "1");
    assert_eq!(lab.evaluated_after_edit(), set(["all", "siblings"]));
    lab.write("d/e/c", "");
    let all = set(["sources", "all", "siblings"]);
    assert_eq!(lab.evaluated_after_edit(), all);
    lab.write("d/a.off", "");
    let everybody = set(["sources", "all", "siblings", "reads-copy"]);
    assert_eq!(lab.evaluated_after_edit(), everybody);
    // Who has asked of what kind it is does not copy it, and may still see this.
    fs::set_permissions(lab.path("d/a"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(lab.evaluated_after_edit(), everybody);
    lab.write("d/a", "1");
    let copiers = set(["sources", "all", "reads-copy"]);
    assert_eq!(lab.evaluated_after_edit(), copiers);
}

#[test]
fn what_is_copied_counts_though_another_machine_has_copied_it() {
    if !records() {
        return;
    }
    let lab = Lab::without_hosts();
    let file = "\"${../text}\"";
    let directory = "\"${../d}\"";
    let whole = "\"${builtins.path { path = ../.; name = \"whole\"; }}\"";
    let machines = [
        ("file", file),
        ("file-too", file),
        ("directory", directory),
        ("directory-too", directory),
        ("whole", whole),
        ("whole-too", whole),
        ("apart", "\"apart\""),
    ];
    let network = plant(&lab, &machines);
    lab.write("text", "0").write("d/a", "0");
    lab.network(&network).record();
    let with_whole = |one, too| set([one, too, "whole", "whole-too"]);
    for value in ["1", "2"] {
        lab.write("text", value);
        assert_eq!(lab.evaluated_after_edit(), with_whole("file", "file-too"));
        lab.write("d/a", value);
        let copiers = with_whole("directory", "directory-too");
        assert_eq!(lab.evaluated_after_edit(), copiers);
    }
    lab.write("notes", "4");
    assert_eq!(lab.evaluated_after_edit(), set(["whole", "whole-too"]));
}

#[test]
fn an_option_that_names_the_tree_is_that_of_each_tree() {
    if !records() {
        return;
    }
    let lab = Lab::without_hosts();
    lab.write("secret", "");
    lab.network(
        "network.specialArgs = { inherit self; };
         outPath = { self, ... }: { deployment.tags = [ self.outPath ]; };
         self-text = { self, ... }: { deployment.targetUser = \"u${builtins.substring 11 9 \"${self}\"}\"; };
         key-file = { deployment.keys.k.keyFile = ./secret; };
         json = { self, ... }: { deployment.tags = [ (builtins.toJSON { inherit (self) lastModified; }) ]; };
         imported = import ./imported;
         plain.deployment.tags = [ \"a\" ];",
    );
    // A file of Nix by another name, too.
    lab.write(
        "imported",
        "{ deployment.tags = [ (builtins.hashString \"md5\" (toString ./.)) ]; }",
    );
    lab.record();
    for notes in ["4", "5"] {
        lab.write("notes", notes);
        let all = set(["outPath", "self-text", "key-file", "json", "imported"]);
        assert_eq!(lab.evaluated_after_edit(), all);
    }
}

#[test]
fn a_commit_costs_the_machines_that_can_see_it() {
    if !records() {
        return;
    }
    let lab = Lab::without_hosts();
    let network = plant(
        &lab,
        &[
            ("rev", "self.rev or \"dirty\""),
            ("asks", "if self ? rev then \"clean\" else \"dirty\""),
            (
                "names",
                "toString (builtins.attrNames (removeAttrs self [ \"x\" ]))",
            ),
            ("short", "self.sourceInfo.shortRev or \"dirty\""),
            ("date", "self.lastModifiedDate"),
            ("output", "self.greeting"),
            ("reads", "builtins.readFile ../text"),
            ("apart", "\"apart\""),
        ],
    );
    lab.write("text", "0").write("notes", "");
    lab.outputs(&format!(
        "greeting = \"hello\"; nixopsConfigurations.default = {{ inherit nixpkgs; {network} }};"
    ));
    git(&lab, &["init", "--quiet"]);
    git(&lab, &["add", "--all"]);
    lab.record();
    let sees_self = set(["rev", "asks", "names", "short", "date", "output"]);
    // The same, committed.
    commit(&lab);
    assert_eq!(lab.evaluated_after_edit(), sees_self);
    lab.write("text", "1");
    // Whether there is a revision is as it was. An old Nix says nothing else of a dirty tree but its time, a newer
    // one what it was made of, as soon as there is a commit.
    let mut sees_edit = set(["date", "reads"]);
    if version() >= (2, 17) {
        sees_edit.extend(sees_self);
    }
    assert_eq!(lab.evaluated_after_edit(), sees_edit);
    commit(&lab);
    // It is another revision, and there is one as there was.
    assert_eq!(lab.evaluated_after_edit(), set(["rev", "short", "date"]));
}

#[test]
fn an_input_in_the_flakes_own_tree_is_what_the_lock_says() {
    if !records() {
        return;
    }
    let lab = Lab::without_hosts();
    let network = plant(
        &lab,
        &[
            ("uses", "inputs.part.word"),
            ("reads", "builtins.readFile ../part/text"),
            ("apart", "\"apart\""),
        ],
    );
    lab.write(
        "part/flake.nix",
        "{ outputs = _: { word = builtins.readFile ./text; }; }",
    );
    lab.write("part/text", "0");
    lab.write(
        "flake.nix",
        &format!(
            "{{ inputs.nixpkgs.url = \"path:{}\"; inputs.part.url = \"path:{}\";
               outputs = inputs@{{ self, nixpkgs, ... }}: {{
                 nixopsConfigurations.default = {{ inherit nixpkgs; {network} }}; }}; }}",
            crate::lab::POCKET,
            lab.path("part")
        ),
    );
    lab.record();
    // The lock names the tree as it was.
    lab.write("part/text", "1");
    if version() >= (2, 19) {
        // A newer Nix wants that one to be there.
        lab.nixops(["eval"]).exits(1).says("NAR hash mismatch");
        return;
    }
    assert_eq!(lab.evaluated_after_edit(), set(["reads"]));
    lab.run(
        "nix",
        &[
            "--extra-experimental-features",
            "nix-command flakes",
            "flake",
            "lock",
            "--update-input",
            "part",
        ],
    );
    // Another lock is another flake.
    let everybody = set(["uses", "reads", "apart"]);
    assert_eq!(lab.evaluated_after_edit(), everybody);
}

#[test]
fn an_input_that_is_the_tree_itself_hides_nothing_of_it() {
    if !records() {
        return;
    }
    let lab = Lab::without_hosts();
    let copies = "builtins.seq inputs.other.outPath \"${../text}\"";
    let network = plant(&lab, &[("copies", copies)]);
    lab.write("text", "0").write("notes", "0");
    let pocket = crate::lab::POCKET;
    lab.write(
        "flake.nix",
        &format!(
            "{{ inputs.nixpkgs.url = \"path:{pocket}\"; inputs.other = {{ url = \"path:{pocket}\"; flake = false; }};
               outputs = inputs@{{ self, nixpkgs, ... }}: {{
                 nixopsConfigurations.default = {{ inherit nixpkgs; {network} }}; }}; }}"
        ),
    );
    lab.uncached_eval(&[]);
    let copy = lab.place("copy");
    lab.run("cp", &["--recursive", &lab.path(""), &copy]);
    let reference = format!("path:{copy}");
    let arguments = ["--override-input", "other", &reference];
    let evaluated = || {
        let counted = lab.counted_eval(&arguments);
        assert_eq!(counted.run.json(), lab.uncached_eval(&arguments).json());
        counted.machines()
    };
    // Nix remembers of the input what was copied of it.
    lab.uncached_eval(&arguments);
    for notes in ["1", "0"] {
        lab.write("notes", notes);
        evaluated();
    }
    lab.write("text", "1");
    assert_eq!(evaluated(), ["copies"]);
}

#[test]
fn a_flake_below_others_files_sees_those_that_it_reads() {
    if !records() {
        return;
    }
    let lab = Lab::without_hosts();
    git(&lab, &["init", "--quiet"]);
    let flake = crate::lab::flake(
        "nixopsConfigurations.default = { inherit nixpkgs;
           above.environment.etc.x.text = builtins.readFile ../above;
           own.environment.etc.x.text = builtins.readFile ./own; };",
    );
    lab.write("net/flake.nix", &flake).write("net/own", "0");
    lab.write("above", "0").write("notes", "");
    git(&lab, &["add", "--all"]);
    let reference = format!("git+file://{}?dir=net", lab.path(""));
    let reference = reference.replace("/?", "?");
    let arguments = ["--flake", &reference];
    let evaluated = || {
        let counted = lab.counted_eval(&arguments);
        assert_eq!(counted.run.json(), lab.uncached_eval(&arguments).json());
        counted.machines()
    };
    for notes in ["1", "2", "3"] {
        lab.write("notes", notes);
        evaluated();
    }
    lab.write("above", "1");
    assert_eq!(evaluated(), ["above"]);
    lab.write("net/own", "1");
    assert_eq!(evaluated(), ["own"]);
    lab.write("notes", "4");
    assert_eq!(evaluated(), [""; 0]);
}
