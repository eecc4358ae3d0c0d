# element 1 of `network.plugins' must be a flake with the output `nixopsPlugin' or a value of `nixops.lib.mkPlugin', but it is a path
{ network, ... }: (network { } { network.plugins = [ ./zone ]; }).plugins.records
