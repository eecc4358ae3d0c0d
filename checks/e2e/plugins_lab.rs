//! What tests of plugins need: plugins in directories beside the network, and a cloud.

use std::{
    env::consts::ARCH,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use camino::Utf8Path;
use nixops::state::{Database, NoKey, Records, Store as _};
use serde_json::{Value, json};

use crate::lab::{Lab, Run, flake};

/// The repository.
pub const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A module for machines that the cloud makes.
pub const IN_THE_CLOUD: &str = "defaults = { resources, ... }: {
      services.openssh.enable = true;
      deployment.targetEnv = \"neatcloud\";
      deployment.neatcloud.sshKeys = [ resources.neatcloudSshKeys.me ];
    };
    resources.neatcloudSshKeys.me.publicKey = builtins.readFile ./id.pub;";

/// The provider of NeatCloud, which another package of the workspace builds.
pub fn neatcloud() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_nixops")).with_file_name("nixops-neatcloud");
    assert!(
        program.is_file(),
        "{} is not there: build the whole workspace (cargo build --workspace), or run these tests \
         with `cargo nextest run --workspace`",
        program.display()
    );
    program
}

impl Lab {
    /// Writes a file beside the network.
    pub fn beside(&self, path: &str, text: &str) -> &Self {
        self.write(Path::new("..").join(path), text)
    }

    /// Writes a plugin's flake with this manifest into a directory beside the network, and gives the
    /// input that names it.
    pub fn plugin(&self, name: &str, manifest: &str) -> String {
        let manifest = format!("nixopsPlugin = {{ name = \"{name}\"; {manifest} }};");
        self.flake(name, &manifest)
    }

    /// Writes a flake with these outputs into a directory beside the network, and gives the input
    /// that names it.
    pub fn flake(&self, name: &str, outputs: &str) -> String {
        let text = format!("{{ outputs = {{ self }}: {{ {outputs} }}; }}\n");
        self.beside(&format!("{name}/flake.nix"), &text);
        format!("inputs.{name}.url = \"path:{}\";", self.place(name))
    }

    /// Path of what lies beside the network.
    pub fn place(&self, name: &str) -> String {
        self.rig.home().join(name).to_string_lossy().into_owned()
    }

    /// Writes a network with these inputs beside nixpkgs. What was locked before is forgotten.
    pub fn network_of(&self, inputs: &str, attributes: &str) -> &Self {
        let outputs = format!(
            "nixopsConfigurations.default = {{ inherit nixpkgs;\n    {attributes}\n    }};"
        );
        let place = "  outputs = ";
        let text = flake(&outputs).replacen(place, &format!("  {inputs}\n{place}"), 1);
        // The first run has no lock.
        let _ = fs::remove_file(self.directory.join("flake.lock"));
        self.write("flake.nix", &text)
    }

    /// Writes an executable script beside the network, and gives its path.
    pub fn script(&self, name: &str, text: &str) -> String {
        use std::os::unix::fs::PermissionsExt as _;
        self.beside(name, text);
        let path = self.place(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
        path
    }

    /// Writes NeatCloud's plugin, whose provider is built already, and gives its input.
    pub fn neatcloud(&self) -> String {
        self.neatcloud_with(&neatcloud().to_string_lossy())
    }

    /// Writes NeatCloud's plugin with another program as its provider.
    pub fn neatcloud_with(&self, program: &str) -> String {
        for directory in ["nix", "schemas"] {
            let from = Path::new(REPOSITORY)
                .join("plugins/neatcloud")
                .join(directory);
            for entry in fs::read_dir(from).expect("the plugin's directory") {
                let path = entry.expect("a file of the plugin").path();
                let text = fs::read_to_string(&path).expect("a text");
                let name = path.file_name().expect("a name").to_string_lossy();
                self.beside(&format!("neatcloud/{directory}/{name}"), &text);
            }
        }
        self.plugin(
            "neatcloud",
            &format!(
                "version = \"1.0\"; nixexprs = [ ./nix ]; schemas = ./schemas; {}",
                provider(program)
            ),
        )
    }

    /// Writes a network of machines that NeatCloud makes, with a key that lets the deployer in.
    pub fn network_in_the_cloud(&self, attributes: &str) -> &Self {
        let key = self.rig.identity().with_added_extension("pub");
        let key = fs::read_to_string(key).expect("the deployer's public key");
        let input = self.neatcloud();
        self.write("id.pub", &key)
            .network_of(&input, &format!("{IN_THE_CLOUD}\n    {attributes}"))
    }

    /// The cloud's own command line.
    pub fn cloud(&self, words: &[&str]) -> String {
        let program = neatcloud();
        let words: Vec<_> = ["cloud"].iter().chain(words).copied().collect();
        self.run(&program.to_string_lossy(), &words)
    }

    /// What the cloud has of a kind: `servers`, `volumes` or `sshKeys`.
    pub fn cloud_has(&self, kind: &str) -> Vec<Value> {
        let all: Value = serde_json::from_str(&self.cloud(&["list", "--json"])).expect("JSON");
        let all = all[kind].as_object().cloned().unwrap_or_default();
        let with_id = |(id, mut value): (String, Value)| {
            value["id"] = json!(id);
            value
        };
        all.into_iter().map(with_id).collect()
    }

    /// Expects that the cloud has nothing and that nothing is recorded.
    #[track_caller]
    pub fn nothing_was_made(&self) {
        assert_eq!(self.cloud(&["list"]), "");
        assert_eq!(self.records(), None);
    }

    /// Orders faults of the cloud.
    pub fn order_faults(&self, faults: &Value) {
        self.beside("state/neatcloud/faults.json", &faults.to_string());
    }

    /// The file in which resources are recorded, if there is one.
    pub fn record_file(&self) -> Option<PathBuf> {
        let file = self.rig.home().join("state/nixops/state.db");
        file.exists().then_some(file)
    }

    /// What is recorded of resources, as text; nothing if nothing is.
    pub fn records(&self) -> Option<String> {
        let file = self.record_file()?;
        let file = Utf8Path::from_path(&file).expect("a path in UTF-8");
        let database = Database::look(file).expect("the state");
        let mut lines = Vec::new();
        for deployment in database.deployments().expect("deployments") {
            let store = database.store(&deployment.uuid, Arc::new(NoKey));
            let Records { current, deposed } = store.records().expect("records");
            let line = |(key, record)| format!("{}\n", json!({ "key": key, "record": record }));
            lines.extend(current.into_iter().chain(deposed).map(line));
        }
        (!lines.is_empty()).then(|| lines.concat())
    }

    /// Everything that is in the files of the state, as far as it is text.
    pub fn state_text(&self) -> String {
        let directory = self.rig.home().join("state/nixops");
        let files = fs::read_dir(directory).expect("the directory of the state");
        let files = files.map(|file| file.expect("a file").path());
        let texts = files.filter(|path| path.is_file()).map(|path| {
            let bytes = fs::read(path).expect("a file of the state");
            String::from_utf8_lossy(&bytes).into_owned()
        });
        texts.collect()
    }

    /// `nixops deploy`, which need not ask.
    pub fn deploy(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.deploying(arguments))
    }

    /// `nixops deploy`, about to run.
    pub fn deploying(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(["deploy", "--accept-plugins"]);
        command.args(arguments);
        command
    }
}

/// The attribute of a manifest that names a provider.
pub fn provider(program: &str) -> String {
    format!("providers.{ARCH}-linux = \"{program}\";")
}

/// A machine's options of the cloud, which Nix does not look at.
const LOOSE_MACHINE: &str = "{ lib, ... }: {
  options.deployment.neatcloud = lib.mkOption { type = lib.types.attrs; default = { }; };
}";

/// A resource that may have any attribute; of one Nix knows where it is defined.
const LOOSE_RESOURCE: &str = "{ lib, ... }: {
  freeformType = lib.types.attrsOf lib.types.anything;
  options.publicKey = lib.mkOption { type = lib.types.anything; default = null; };
  config._type = \"loose\";
}";

const LOOSE: &str = "{
  options = [ ./machine.nix ];
  resources = { evalResources, resourcesByType, zipAttrs, ... }: {
    neatcloudSshKeys = evalResources ./resource.nix (zipAttrs resourcesByType.neatcloudSshKeys or [ ]);
    neatcloudVolumes = evalResources ./resource.nix (zipAttrs resourcesByType.neatcloudVolumes or [ ]);
  };
  config_exporters = { optionalAttrs, ... }: [
    (config: {
      neatcloud = optionalAttrs (config.deployment.targetEnv == \"neatcloud\") config.deployment.neatcloud;
    })
  ];
}";

/// NeatCloud, whose options in Nix leave everything to the schemas; and a network of it, whose first
/// attribute is on line 6 of `flake.nix`.
pub fn loose(attributes: &str) -> Lab {
    let lab = Lab::without_hosts();
    let input = lab.neatcloud();
    lab.beside("neatcloud/nix/default.nix", LOOSE)
        .beside("neatcloud/nix/machine.nix", LOOSE_MACHINE)
        .beside("neatcloud/nix/resource.nix", LOOSE_RESOURCE)
        .network_of(&input, attributes);
    lab
}
