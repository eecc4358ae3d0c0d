# What machines know of each other as data: `nixops deploy' keeps it in /var/lib/nixops.
{
  config,
  lib,
  options,
  ...
}:
{
  options.deployment.knowsHosts = lib.mkOption {
    type = lib.types.bool;
    default = true;
    description = ''
      Whether the OpenSSH client of the machine knows the host keys of the other machines, as far as
      backends made them. They are data in {file}`/var/lib/nixops/known_hosts`, beside the addresses in
      {file}`/var/lib/nixops/network.json`: a new machine changes the system of no other one.
    '';
  };

  config =
    lib.optionalAttrs
      (options ? programs && options.programs ? ssh && options.programs.ssh ? knownHostsFiles)
      {
        programs.ssh.knownHostsFiles = lib.mkIf config.deployment.knowsHosts [
          "/var/lib/nixops/known_hosts"
        ];
      };
}
