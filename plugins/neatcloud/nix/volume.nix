# `resources.neatcloudVolumes.<name>`: a disk that outlives servers.
{
  lib,
  name,
  uuid,
  ...
}:
let
  inherit (import ./schema.nix lib "neatcloudVolumes") option;
in
{
  options = {
    name = option "name" {
      default = "nixops-${uuid}-${name}";
      defaultText = lib.literalExpression ''"nixops-''${uuid}-''${name}"'';
    };
    size = option "size" { example = 10; };
    region = option "region" { };
  };

  config._type = "neatcloud-volume";
}
