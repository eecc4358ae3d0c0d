# `resources.sshKeyPairs.<name>`: a key pair that NixOps generates.
{ lib, ... }:
{
  options = {
    publicKey = lib.mkOption {
      type = lib.types.str;
      default = "";
      description = "The generated public key.";
    };

    privateKey = lib.mkOption {
      type = lib.types.str;
      default = "";
      description = "The generated private key.";
    };
  };
}
