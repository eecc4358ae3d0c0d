# `resources.neatcloudSshKeys.<name>`: a public key that servers let in.
{
  lib,
  name,
  uuid,
  ...
}:
let
  inherit (import ./schema.nix lib "neatcloudSshKeys") option;
in
{
  options = {
    name = option "name" {
      default = "nixops-${uuid}-${name}";
      defaultText = lib.literalExpression ''"nixops-''${uuid}-''${name}"'';
    };
    publicKey = option "publicKey" {
      example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI… me@laptop";
    };
  };

  config._type = "neatcloud-ssh-key";
}
