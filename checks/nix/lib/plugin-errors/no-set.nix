# the plugin (input `a'): the manifest must be an attribute set, but it is a list
{ network, plugin, ... }: (network { a = plugin [ ]; } { }).plugins.records
