# the plugin (input `a'): `name' must be a name of small letters, digits and `-' that begins with a letter, but it is "Neat Cloud"
{ network, plugin, ... }: (network { a = plugin { name = "Neat Cloud"; }; } { }).plugins.records
