# element 1 of `network.plugins' has no output `nixopsPlugin'; the `nix' directory of a NixOps 2 plugin is named like this: `nixops.lib.mkPlugin { name = "…"; nixexprs = [ "${inputs.…}/nix" ]; }'
{ network, ... }:
(network { } { network.plugins = [ { outPath = "/nix/store/x"; } ]; }).plugins.records
