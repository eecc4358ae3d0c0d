# `deployment.neatcloud`: a server of NeatCloud as a machine.
{ config, lib, ... }:
let
  inherit (import ./schema.nix lib "neatcloud") option references;
in
{
  options.deployment.neatcloud = {
    size = option "size" { example = "large"; };
    region = option "region" { };
    image = option "image" { };
    sshKeys = references "sshKeys" "neatcloud-ssh-key" // {
      example = lib.literalExpression "[ resources.neatcloudSshKeys.admin ]";
    };
    volumes = references "volumes" "neatcloud-volume" // {
      example = lib.literalExpression "[ resources.neatcloudVolumes.data ]";
    };
  };

  # A server has the kernel of the laptop, and nothing to boot from.
  config = lib.mkIf (config.deployment.targetEnv == "neatcloud") {
    boot.isContainer = lib.mkDefault true;
  };
}
