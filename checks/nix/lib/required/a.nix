{
  name = "a";
  require = [ ./b.nix ];
}
