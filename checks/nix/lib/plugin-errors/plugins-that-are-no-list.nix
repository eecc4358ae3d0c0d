# `network.plugins' must be a list, but it is a set
{ network, ... }: (network { } { network.plugins = { }; }).plugins.records
