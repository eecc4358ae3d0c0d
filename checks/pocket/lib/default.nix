# The library of the pocket: names and semantics of nixpkgs' `lib` for what networks use.
let
  inherit (import ./fixed-points.nix { lib = { }; }) makeExtensible;
in
makeExtensible (
  lib:
  let
    room = path: import path { inherit lib; };

    trivial = room ./trivial.nix;
    fixedPoints = room ./fixed-points.nix;
    attrsets = room ./attrsets.nix;
    lists = room ./lists.nix;
    strings = room ./strings.nix // room ./escaping.nix;
    stringsWithDeps = room ./strings-with-deps.nix;
    customisation = room ./customisation.nix;
    meta = room ./meta.nix;
    filesystem = room ./filesystem.nix;
    asserts = room ./asserts.nix;
    debug = room ./debug.nix;
    generators = room ./generators.nix;
    modules = room ./modules;
    options = room ./options.nix;
    types = room ./types;
    systems = room ./systems.nix;
    versions = room ./versions.nix;
  in
  {
    inherit
      trivial
      fixedPoints
      attrsets
      lists
      strings
      stringsWithDeps
      customisation
      meta
      filesystem
      asserts
      debug
      generators
      modules
      options
      types
      systems
      versions
      ;
    inherit (builtins)
      addErrorContext
      compareVersions
      fromJSON
      fromTOML
      getContext
      hasContext
      hashString
      parseDrvName
      placeholder
      splitVersion
      toFile
      toJSON
      toString
      toXML
      tryEval
      typeOf
      unsafeGetAttrPos
      ;
    inherit (types)
      defaultFunctor
      defaultTypeMerge
      isOptionType
      isType
      mkOptionType
      setType
      ;
    # No licences are kept: only the names that a `meta.license` may mention.
    licenses = builtins.mapAttrs (spdxId: free: { inherit spdxId free; }) {
      agpl3Plus = true;
      asl20 = true;
      bsd3 = true;
      gpl3Plus = true;
      lgpl3Plus = true;
      mit = true;
      mpl20 = true;
      unfree = false;
    };
    fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    sources = {
      inherit (filesystem)
        cleanSource
        cleanSourceFilter
        cleanSourceWith
        sourceByRegex
        ;
    };
    platforms = systems.doubles;
    maintainers = { };
  }
  // trivial
  // fixedPoints
  // attrsets
  // lists
  // strings
  // stringsWithDeps
  // customisation
  // meta
  // filesystem
  // asserts
  // debug
  // modules
  // options
  // {
    # Strings have a function of this name too; the plain name is that of lists.
    inherit (lists) replicate;
  }
)
