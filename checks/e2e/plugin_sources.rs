//! Where plugins come from, and that old ones load without a change, in pure evaluation.

use serde_json::json;

use crate::lab::{Lab, eval};

/// Small plugins in the manner of NixOps 2.
const PLUGINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/checks/nix/lib/plugins");

/// A lab whose network has these inputs beside nixpkgs, and these attributes.
fn with_inputs(inputs: &str, attributes: &str) -> Lab {
    let lab = Lab::without_hosts();
    lab.network(attributes);
    let flake = std::fs::read_to_string(lab.path("flake.nix")).unwrap();
    let place = "  outputs = ";
    lab.write(
        "flake.nix",
        &flake.replacen(place, &format!("{inputs}\n{place}"), 1),
    );
    lab
}

/// A flake in a directory of its own, and its reference.
fn flake(lab: &Lab, name: &str, outputs: &str) -> String {
    let text = format!("{{ outputs = {{ self }}: {{ {outputs} }}; }}\n");
    lab.write(format!("../{name}/flake.nix"), &text);
    format!("path:{}", lab.rig.home().join(name).display())
}

#[test]
fn a_plugin_of_nixops_2_is_one_line_and_evaluates_purely() {
    let lab = with_inputs(
        &format!("  inputs.plugins = {{ url = \"path:{PLUGINS}\"; flake = false; }};"),
        r#"
        network.plugins = [
          { name = "kitchen"; nixexprs = [ "${inputs.plugins}/kitchen/nix" ]; }
          { name = "beside"; nixexprs = [ "${inputs.plugins}/beside/package/nix" ]; }
          { name = "bare"; nixexprs = [ "${inputs.plugins}/bare/nix" ]; }
        ];
        resources.kitchenKeys.mine = { };
        web = { resources, ... }: {
          deployment.targetEnv = "kitchen";
          deployment.kitchen = { key = resources.kitchenKeys.mine; image = "given"; };
          deployment.autoLuks.volume = "as the plugin has it";
        };"#,
    );
    let network = eval(&lab, []);
    let kitchen = &network["machines"]["web"]["kitchen"];
    assert_eq!(kitchen["key"], "res-mine.kitchen-key");
    assert_eq!(kitchen["packages"], true);
    assert_eq!(kitchen["secret"], "");
    let key = &network["resources"]["kitchenKeys"]["mine"];
    assert_eq!(key["_type"], "kitchen-key");
}

#[test]
fn plugins_are_found_among_the_inputs_and_those_that_they_follow() {
    let lab = with_inputs("", "");
    let cloud = flake(
        &lab,
        "cloud",
        &format!("nixopsPlugin = {{ name = \"tiny\"; schemas = {PLUGINS}/tiny/schemas; }};"),
    );
    lab.write(
        "../cloud/schemas/tinycloud.json",
        &std::fs::read_to_string(format!("{PLUGINS}/tiny/schemas/tinycloud.json")).unwrap(),
    );
    let cloud_text =
        "{ outputs = { self }: { nixopsPlugin = { name = \"tiny\"; schemas = ./schemas; }; }; }";
    lab.write("../cloud/flake.nix", cloud_text);
    let broken = flake(&lab, "broken", "nixopsPlugin = throw \"not today\";");
    lab.write(
        "../wrapper/flake.nix",
        &format!("{{ inputs.inner.url = \"{cloud}\"; outputs = _: {{ }}; }}"),
    );
    let wrapper = lab.rig.home().join("wrapper");
    let inputs = format!(
        "  inputs.wrapper.url = \"path:{}\"; inputs.cloud.follows = \"wrapper/inner\"; inputs.broken.url = \"{broken}\";",
        wrapper.display(),
    );
    lab.network("web.deployment = { targetEnv = \"tinycloud\"; tinycloud.size = \"small\"; };");
    let text = std::fs::read_to_string(lab.path("flake.nix")).unwrap();
    let place = "  outputs = ";
    lab.write(
        "flake.nix",
        &text.replacen(place, &format!("{inputs}\n{place}"), 1),
    );
    let run = lab.nixops(["eval", "--json", "--options-only"]);
    run.exits(0).says(
        "warning: the input `broken' is left out: it throws when it is asked for `nixopsPlugin'",
    );
    let expected = json!({ "size": "small", "region": "near" });
    assert_eq!(run.json()["machines"]["web"]["tinycloud"], expected);
}
