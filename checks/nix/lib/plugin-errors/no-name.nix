# the plugin (input `a'): the manifest has no `name'; say `name = "neatcloud";'
{ network, plugin, ... }: (network { a = plugin { version = "1"; }; } { }).plugins.records
