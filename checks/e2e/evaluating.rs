//! Errors in the Nix of one machine, and what becomes of the others.

use serde_json::{Value, json};

use crate::lab::{Lab, Run};

/// Evaluates a network with the machine `bad` beside two good ones and expects the error of `bad`.
///
/// The first line of `bad` is line 5 of `flake.nix`.
fn error_of(lab: &Lab, bad: &str) -> Value {
    lab.network(&format!("good = {{ }};\n{bad}\nother = {{ }};"));
    let run = lab.nixops(["eval", "--json"]);
    run.exits(1).says("cannot evaluate bad: ");
    without_traces(&run);
    let network = run.json();
    for name in ["good", "other"] {
        assert!(
            network["machines"][name]["derivation"].is_string(),
            "{run:?}"
        );
    }
    assert_eq!(network["machines"]["bad"], Value::Null);
    let errors = network["errors"].as_object().map(serde_json::Map::len);
    assert_eq!(errors, Some(1), "{run:?}");
    network["errors"]["bad"].clone()
}

/// Expects the position of an error, in the user's own path.
///
/// Nix 2.8 knows where a definition begins, newer versions the expression in it: each has a column.
#[track_caller]
fn at<const N: usize>(lab: &Lab, error: &Value, file: &str, line: u32, columns: [u32; N]) {
    let expected = |column: u32| json!({ "file": lab.path(file), "line": line, "column": column });
    assert!(
        columns.map(expected).contains(&error["position"]),
        "{error:#}"
    );
}

#[track_caller]
fn without_traces(run: &Run) {
    run.does_not_say("… ")
        .does_not_say("trace of Nix")
        .does_not_say("backtrace")
        .does_not_say("panicked")
        .does_not_say("/nix/store/");
    assert!(!run.stdout.contains("\"trace\""), "{}", run.stdout);
}

#[track_caller]
fn says(error: &Value, words: &str) {
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.contains(words), "{error:#}");
}

#[test]
fn a_machine_that_throws_is_reported_at_its_place() {
    let lab = Lab::without_hosts();
    let error = error_of(
        &lab,
        "bad = {\n  networking.hostName = throw \"no name\";\n};",
    );
    assert_eq!(error["message"], "no name");
    at(&lab, &error, "flake.nix", 6, [3, 25]);

    let error = error_of(&lab, "bad = throw \"no machine\";");
    assert_eq!(error["message"], "no machine");
    at(&lab, &error, "flake.nix", 5, [1, 7]);
}

#[test]
fn a_machine_that_aborts_is_reported_at_its_place() {
    let lab = Lab::without_hosts();
    let error = error_of(
        &lab,
        "bad = {\n  networking.hostName = abort \"no way\";\n};",
    );
    says(&error, "no way");
    at(&lab, &error, "flake.nix", 6, [3, 25]);
}

#[test]
fn a_syntax_error_in_an_imported_file_is_reported_there() {
    let lab = Lab::without_hosts();
    lab.write("web/module.nix", "{\n  services = [ ;\n}\n");
    let error = error_of(&lab, "bad.imports = [ ./web/module.nix ];");
    says(&error, "syntax error, unexpected ';'");
    at(&lab, &error, "web/module.nix", 2, [16]);
}

#[test]
fn a_syntax_error_in_the_flake_or_a_required_file_is_one_of_the_network() {
    let lab = Lab::without_hosts();
    lab.network("require = [ ./more.nix ];")
        .write("more.nix", "{\n  db = { ;\n}\n");
    let run = lab.nixops(["eval"]);
    run.exits(1)
        .says("syntax error, unexpected ';'")
        .says(&format!("{}:2:10", lab.path("more.nix")));
    without_traces(&run);

    lab.network("web = {");
    let run = lab.nixops(["eval"]);
    run.exits(1)
        .says("syntax error")
        .says(&format!("{}:", lab.path("flake.nix")));
    without_traces(&run);
}

#[test]
fn a_value_of_the_wrong_type_is_reported_where_the_machine_defines_it() {
    let lab = Lab::without_hosts();
    let error = error_of(
        &lab,
        "bad = { ... }: {\n  environment.etc.ok.text = \"\";\n  environment.etc.motto.text = 3;\n};\n\
         unlike.environment.etc.motto.text = \"the same option of another machine\";",
    );
    says(&error, "option `environment.etc.motto.text' is not of type");
    says(&error, &lab.path("flake.nix"));
    at(&lab, &error, "flake.nix", 7, [3]);

    let error = error_of(&lab, "bad = {\n  networking.hostName = 1 + \"a\";\n};");
    says(&error, "cannot add a string to an integer");
    // Which side of the sum is meant depends on the version of Nix.
    assert_eq!(error["position"]["line"], 6);
}

#[test]
fn an_option_that_is_used_but_not_defined_is_named() {
    let lab = Lab::without_hosts();
    let error = error_of(
        &lab,
        "bad = { config, ... }: {\n  environment.etc.a.text = config.networking.privateIPv4;\n};",
    );
    says(&error, "networking.privateIPv4");
    assert_eq!(
        error["hint"],
        "define the option in the machine or in `defaults`"
    );
    at(&lab, &error, "flake.nix", 6, [3, 28]);
}

#[test]
fn an_option_that_does_not_exist_is_reported_where_it_is_defined() {
    let lab = Lab::without_hosts();
    let error = error_of(&lab, "bad = {\n  services.ngnix.enable = true;\n};");
    says(&error, "The option `services.ngnix' does not exist");
    says(&error, "Did you mean");
    at(&lab, &error, "flake.nix", 6, [3]);

    lab.write(
        "module.nix",
        "{ lib, ... }:\n{\n  deployment.targetHots = \"x\";\n}\n",
    );
    let error = error_of(&lab, "bad.imports = [ ./module.nix ];");
    says(&error, "The option `deployment.targetHots' does not exist");
    at(&lab, &error, "module.nix", 3, [3]);
}

#[test]
fn an_option_defined_by_itself_is_reported_with_a_hint() {
    let lab = Lab::without_hosts();
    let error = error_of(
        &lab,
        "bad = { config, ... }: {\n  environment.etc.a.text = config.environment.etc.a.text + \"x\";\n};",
    );
    says(&error, "infinite recursion encountered");
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("in terms of itself")
    );
    at(&lab, &error, "flake.nix", 6, [3, 28]);
}

#[test]
fn an_overflow_of_the_stack_is_the_error_of_its_machine() {
    let lab = Lab::without_hosts();
    let error = error_of(
        &lab,
        "bad = {\n  environment.etc.a.text = let f = n: 1 + f (n + 1); in toString (f 0);\n};",
    );
    says(&error, "overflow");
    assert_eq!(
        error["hint"],
        "look for an option that is defined in terms of itself"
    );
    // Nix 2.8 dies and cannot say where; newer versions count their calls.
    let line = &error["position"]["line"];
    assert!(*line == 5 || *line == 6, "{error:#}");
}

#[test]
fn a_failed_assertion_says_its_message() {
    let lab = Lab::without_hosts();
    let error = error_of(
        &lab,
        "bad.assertions = [ { assertion = false; message = \"a disk is needed\"; } ];",
    );
    says(&error, "a disk is needed");
    at(&lab, &error, "flake.nix", 5, [1]);

    let error = error_of(&lab, "bad =\n  assert false;\n  { };");
    says(&error, "assert");
    at(&lab, &error, "flake.nix", 6, [3]);
}

#[test]
fn a_file_that_is_not_there_is_named_as_the_user_knows_it() {
    let lab = Lab::without_hosts();
    let error = error_of(&lab, "bad.imports = [ ./nowhere.nix ];");
    says(&error, &lab.path("nowhere.nix"));
    at(&lab, &error, "flake.nix", 5, [1]);
    assert_eq!(error["hint"], Value::Null);
}

#[test]
fn an_error_in_another_machine_that_is_read_is_that_of_the_reader_too() {
    let lab = Lab::without_hosts();
    lab.network(
        "web = { nodes, ... }: { environment.etc.db.text = nodes.db.config.networking.hostName; };\n\
         db.networking.hostName = throw \"no name\"; good = { };",
    );
    let run = lab.nixops(["eval", "--json"]);
    run.exits(1)
        .says("cannot evaluate web: no name")
        .says("cannot evaluate db: no name");
    let network = run.json();
    assert!(network["machines"]["good"].is_object());
    at(&lab, &network["errors"]["web"], "flake.nix", 5, [1, 26]);
}

#[test]
fn all_errors_of_a_network_are_shown_in_one_run() {
    let lab = Lab::without_hosts();
    let names = ["a", "b", "c", "d", "e"];
    let machines: Vec<_> = names
        .iter()
        .map(|name| format!("{name}.networking.hostName = throw \"{name} is bad\";"))
        .collect();
    lab.network(&format!("\n{} good = {{ }};", machines.join("\n")));
    let run = lab.nixops(["eval", "--json"]);
    run.exits(1);
    for (name, line) in names.iter().zip(5..) {
        run.says(&format!("cannot evaluate {name}: {name} is bad"));
        at(
            &lab,
            &run.json()["errors"][name],
            "flake.nix",
            line,
            [1, 25],
        );
    }
    assert!(run.json()["machines"]["good"].is_object());
}

#[test]
fn the_line_of_source_is_shown_with_the_error() {
    let lab = Lab::without_hosts();
    lab.network("\nbad = {\n  networking.hostName = throw \"no name\";\n};");
    lab.nixops(["eval"])
        .exits(1)
        .says("error: cannot evaluate bad: no name\n")
        .says(&format!("--> {}:6:", lab.path("flake.nix")))
        .says("6 |   networking.hostName = throw \"no name\";\n");
}

#[test]
fn a_trace_is_shown_when_it_is_asked_for() {
    let lab = Lab::without_hosts();
    lab.network("bad.networking.hostName = throw \"no name\";");
    let run = lab.nixops(["eval", "--json", "--show-trace"]);
    run.exits(1)
        .says("trace of Nix:")
        .says("… while evaluating");
    let trace = &run.json()["errors"]["bad"]["trace"];
    assert!(trace.as_array().unwrap().len() > 3, "{trace}");
    without_traces(&lab.nixops(["eval", "--json"]));
}

#[test]
fn warnings_and_traces_of_modules_are_told_with_their_machine() {
    let lab = Lab::without_hosts();
    lab.network(
        "web.networking.hostName = builtins.trace \"looking at the name\" \"www\"; db = { };",
    );
    let run = lab.nixops(["eval", "--json"]);
    run.exits(0).says("web: looking at the name");
    assert_eq!(run.json()["machines"]["web"]["targetHost"], "web");
}
