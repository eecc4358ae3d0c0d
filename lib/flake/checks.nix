/**
  Checks of the networks of a flake, for its output `checks`.

  Each machine is evaluated, and each resource of a plugin held to its schema; nothing is built but a small
  file for each, unless that is wanted. Outputs of resources are unknown, as in a first plan.

  # Example

  ```nix
  checks.x86_64-linux = nixops.lib.checks {
    inherit self;
    system = "x86_64-linux";
  };
  ```

  # Inputs

  `self`
  : The flake.

  `system`
  : The platform of the checks.

  `networks`
  : Its networks by name.

  `arguments`
  : Arguments of the networks that take some.

  `build`
  : Whether the checks build the systems of the machines too.

  # Output

  Derivations by name: `nixops-NETWORK-resources`, and `nixops-NETWORK-MACHINE` for each machine.
*/
{
  self,
  system,
  networks ? self.nixopsConfigurations or { },
  arguments ? { },
  build ? false,
}:

let
  inherit (builtins)
    concatLists
    isAttrs
    listToAttrs
    mapAttrs
    match
    toJSON
    unsafeDiscardStringContext
    ;

  scrub = import ../scrub.nix;

  # Outputs of the types that are our own.
  coreOutputs = {
    commandOutput = [ "value" ];
    sshKeyPairs = [
      "privateKey"
      "publicKey"
    ];
  };

  networkWith =
    outputs: name: value:
    import ../network {
      definitions = import ../source/definitions.nix {
        start = [
          {
            inherit value;
            file = "${self}/flake.nix";
          }
        ];
        inherit arguments;
      };
      inputs = mapAttrs (_: value: {
        isFlake = value ? outputs;
        locked = { };
        inherit value;
      }) (self.inputs or { });
      uuid = "00000000-0000-0000-0000-000000000000";
      deploymentName = name;
      inherit arguments outputs system;
    };

  # Every output of every resource and machine, of none of which anything is known.
  unknownIn =
    {
      lib,
      names,
      plugins,
      ...
    }:
    let
      outputsOf =
        type:
        plugins.schemas.${type}.schema.x-nixops-outputs.properties
          or (lib.genAttrs (coreOutputs.${type} or [ ]) (_: null));
      unknown = type: lib.mapAttrs (_: _: "unknown") (outputsOf type);
      backends = lib.filterAttrs (_: schema: schema.isMachine) plugins.schemas;
    in
    lib.mapAttrs (type: of: lib.genAttrs of (_: unknown type)) names.resources
    // lib.mapAttrs (type: _: lib.genAttrs names.machines (_: unknown type)) backends;

  checksOf =
    name: value:
    let
      plain = networkWith null name value;
      network = networkWith {
        known = unknownIn plain;
        final = false;
        silent = true;
      } name value;
      inherit (network) lib record;
      inherit (network.scope) pkgs;

      inherit (import ../schema/valid.nix { inherit lib; }) valid;

      withoutNulls =
        value: if isAttrs value then lib.filterAttrs (_: inner: inner != null) value else value;

      # Nobody can tell of a value yet that is known only later.
      isUnknown = value: match ".*<nixops:unknown:.*" (toJSON value) != null;

      checked =
        what: type: value:
        let
          schema = network.plugins.schemas.${type}.schema or true;
          fits = valid schema schema;
        in
        if isUnknown value || fits value || fits (withoutNulls value) then
          value
        else
          throw "${what} is not as the schema of its type wants it; `nixops plan' says where";

      resource =
        type: name: evaluate:
        checked "resources.${type}.${name}" type (
          scrub (
            removeAttrs (evaluate { }).value [
              "_name"
              "_type"
              "deployment"
            ]
          )
        );

      machine =
        name: evaluate:
        let
          node = evaluate { };
          options = scrub (record.options name node.config);
          backend = options.targetEnv;
          told = options // {
            ${backend} = checked "deployment.${backend} of ${name}" backend (options.${backend} or { });
          };
          system = node.config.system.build.toplevel;
        in
        report name (
          told
          // {
            derivation = unsafeDiscardStringContext system.drvPath;
            system = if build then "${system}" else unsafeDiscardStringContext system.outPath;
          }
        );

      report = part: value: {
        name = "nixops-${name}-${part}";
        value = pkgs.writeText "nixops-${name}-${part}.json" (toJSON value);
      };
    in
    [ (report "resources" (lib.mapAttrs (type: lib.mapAttrs (resource type)) network.resources)) ]
    ++ lib.mapAttrsToList machine network.machines;
in
listToAttrs (concatLists (builtins.attrValues (mapAttrs checksOf networks)))
