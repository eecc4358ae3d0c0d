# What every resource has beside the options of its type.
{
  imports = [
    ./identity.nix
    ./lifecycle.nix
  ];
}
