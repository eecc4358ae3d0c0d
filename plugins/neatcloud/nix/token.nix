# `resources.neatcloudTokens.<name>`: a token that lets programs use the cloud's interface.
{ lib, name, ... }:
let
  inherit (import ./schema.nix lib "neatcloudTokens") option;
in
{
  options = {
    note = option "note" {
      default = name;
      defaultText = lib.literalExpression "name";
    };
    scope = option "scope" { example = "write"; };
    password = option "password" {
      type = lib.types.nullOr lib.types.str;
      default = null;
    };
  };

  config._type = "neatcloud-token";
}
