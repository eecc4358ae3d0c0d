//! Machines that read each other: what is told once and what is evaluated anew are the same.

use crate::lab::{Lab, Run};

/// Twelve machines of two kinds, each of which reads all others in every way that comes to mind.
const NETWORK: &str = r#"
  network.uuid = "11111111-2222-8333-8444-555555555555";
  defaults = { lib, name, nodes, pkgs, ... }: {
    config.environment.etc.all.text = lib.concatMapStrings (node: ''
      ${node.config.networking.hostName} ${toString node.config.deployment.targetPort}
      ${toString node.config.networking.publicIPv4} ${toString node.config.deployment.tags}
      ${toString node.config.networking.firewall.enable}
      ${if node.config ? extra then toString node.config.extra.value else "plain"}
      ${node.config.extra.word or "none"}
      ${toString (lib.attrNames node.config.networking.firewall)}
      ${toString (lib.attrNames node.config.environment.etc)}
      ${node.config.tool} ${node.pkgs.system} ${toString node.options.tool.isDefined}
    '') (lib.attrValues nodes);
    options.tool = lib.mkOption { type = lib.types.str; default = "${pkgs.hello}/bin/hello"; };
  };
"#;

fn machines() -> String {
    let plain = (0..9).map(|n| format!("m{n}.deployment.tags = [ \"t{n}\" \"all\" ];\n"));
    let extra = (9..12).map(|n| {
        format!(
            "m{n} = {{ lib, ... }}: {{ imports = [ {{ options.extra = {{ value = lib.mkOption {{ default = {n}; }}; \
             word = lib.mkOption {{ type = lib.types.str; }}; }}; }} ]; extra.word = \"w{n}\"; }};\n"
        )
    });
    plain.chain(extra).collect()
}

/// The derivations that `lib/` gives when nobody is told who reads whom.
fn without_facts(lab: &Lab) -> Vec<(String, String)> {
    let library = concat!(env!("CARGO_MANIFEST_DIR"), "/lib");
    let expression = format!(
        "let flake = builtins.getFlake \"path:{directory}\";
             network = import {library}/network {{
               definitions = [ (flake.nixopsConfigurations.default // {{ _file = \"flake.nix\"; }}) ];
               uuid = \"\"; deploymentName = \"default\"; system = \"x86_64-linux\";
             }};
         in map (name: [ name (network.machines.${{name}} {{ }}).config.system.build.toplevel.drvPath ])
              network.names.machines",
        directory = lab.directory.display(),
    );
    let mut command = lab.rig.command("nix-instantiate");
    command.args([
        "--eval",
        "--strict",
        "--json",
        "--read-write-mode",
        "-E",
        &expression,
    ]);
    let run: Run = command.output().expect("nix-instantiate runs").into();
    assert_eq!(run.code, Some(0), "{run:#?}");
    serde_json::from_str(&run.stdout).expect("pairs of names and derivations")
}

#[test]
fn machines_that_read_all_others_are_what_they_would_be_if_each_was_evaluated_anew() {
    let lab = Lab::without_hosts();
    lab.network(&format!("{NETWORK} {}", machines()));
    let run = lab.nixops(["eval", "--json", "--eval-workers", "2"]);
    run.exits(0);
    let evaluated = run.json();
    let expected = without_facts(&lab);
    assert_eq!(expected.len(), 12);
    for (name, derivation) in expected {
        assert_eq!(
            evaluated["machines"][&name]["derivation"], derivation,
            "{name}"
        );
    }
}

#[test]
fn a_broken_machine_breaks_those_that_read_it_and_no_other() {
    let lab = Lab::without_hosts();
    lab.network(
        "defaults = { lib, name, nodes, ... }: { environment.etc.all.text = lib.optionalString (name != \"m3\") \
         (lib.concatMapStrings (node: toString node.config.networking.domain) \
           (lib.attrValues (removeAttrs nodes (lib.optional (name == \"m4\") \"m0\")))); };
         m0.networking.domain = throw \"no domain today\";
         m1 = { }; m2 = { }; m3 = { }; m4 = { }; m5 = { }; m6 = { }; m7 = { }; m8 = { }; m9 = { }; m10 = { };",
    );
    let run = lab.nixops(["eval", "--json"]);
    run.exits(1);
    let evaluated = run.json();
    for name in ["m3", "m4"] {
        assert!(
            evaluated["machines"].get(name).is_some(),
            "{name}: {run:#?}"
        );
    }
    for name in ["m0", "m1", "m10"] {
        let message = evaluated["errors"][name]["message"]
            .as_str()
            .expect("an error");
        assert!(message.contains("no domain today"), "{name}: {message}");
    }
}
