{
  name = "b";
  require = [ ./a.nix ];
}
