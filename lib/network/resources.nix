/**
  Evaluates the resources of a network.

  Each resource is a little module system of its own: the module of its type, then the user's
  definitions. Types that nobody provides are errors, not ignored.

  # Output

  `names` by type, `values` for modules that read resources, and `functions`, which evaluate one
  resource anew at each call and leave nothing behind.
*/
{
  declarations,
  deploymentInfo,
  lib,
  nodes,
  pkgs,
  resources,
  uuid,
}:

let
  types = {
    commandOutput = ../resources/command-output.nix;
    sshKeyPairs = ../resources/ssh-key-pair.nix;
  };

  byType = lib.zipAttrs declarations;

  unknown = lib.attrNames (removeAttrs byType (lib.attrNames types));

  checked =
    if unknown == [ ] then
      byType
    else
      throw "unknown resource type `resources.${lib.head unknown}'; known types: ${lib.concatStringsSep ", " (lib.attrNames types)}";

  definitions = lib.mapAttrs (_: lib.zipAttrs) checked;

  evalResource =
    type: name: modules:
    removeAttrs
      (lib.evalModules {
        modules = [
          {
            _file = "nixops";
            _module.args = {
              inherit
                name
                nodes
                pkgs
                resources
                uuid
                ;
            };
          }
          types.${type}
          deploymentInfo
          ../options/identity.nix
        ]
        ++ modules;
      }).config
      [ "_module" ];
in
{
  names = lib.mapAttrs (_: lib.attrNames) definitions;
  values = lib.mapAttrs (type: lib.mapAttrs (evalResource type)) (
    lib.mapAttrs (_: _: { }) types // definitions
  );
  functions = lib.mapAttrs (
    type: lib.mapAttrs (name: modules: { }: evalResource type name modules)
  ) definitions;
}
