# Files and source trees.
{ lib }:
{
  inherit (builtins) baseNameOf dirOf readDir;
  isPath = builtins.isPath;

  pathType = path: (builtins.readDir (dirOf path)).${baseNameOf path};
  pathIsDirectory = path: builtins.pathExists path && lib.pathType path == "directory";
  pathIsRegularFile = path: builtins.pathExists path && lib.pathType path == "regular";
  filesystem = {
    inherit (lib) pathType pathIsDirectory pathIsRegularFile;
    listFilesRecursive =
      directory:
      lib.flatten (
        lib.mapAttrsToList (
          name: type:
          let
            path = directory + "/${name}";
          in
          if type == "directory" then lib.filesystem.listFilesRecursive path else path
        ) (builtins.readDir directory)
      );
  };

  cleanSourceFilter =
    name: type:
    let
      base = baseNameOf (toString name);
    in
    !(
      type == "directory"
      && builtins.elem base [
        ".git"
        ".svn"
        ".hg"
        "CVS"
      ]
      || type == "unknown"
      || lib.hasSuffix "~" base
      || builtins.match "\\.sw[a-z]|\\..*\\.sw[a-z]" base != null
      || lib.hasSuffix ".o" base
      || lib.hasSuffix ".so" base
      || (type == "symlink" && lib.hasPrefix "result" base)
    );
  cleanSource =
    src:
    lib.cleanSourceWith {
      filter = lib.cleanSourceFilter;
      inherit src;
    };
  cleanSourceWith =
    {
      src,
      filter ? _: _: true,
      name ? "source",
    }:
    builtins.path {
      path = src.origSrc or src;
      inherit filter name;
    };
  sourceByRegex =
    src: patterns:
    lib.cleanSourceWith {
      inherit src;
      filter =
        path: _:
        let
          relative = lib.removePrefix (toString src + "/") (toString path);
        in
        builtins.any (pattern: builtins.match pattern relative != null) patterns;
    };
}
