# Directories of links to other store paths.
{ lib, runCommandLocal }:
let
  # `cp -s` links every file and makes real directories, so that trees can be laid over each other.
  joinInto = ''
    mkdir -p "$out"
    for path in $paths; do
      if [ -d "$path" ]; then
        cp -rsf "$path/." "$out/"
        chmod -R u+w "$out"
      fi
    done
  '';

  buildEnv =
    {
      name,
      paths,
      postBuild ? "",
      pathsToLink ? [ "/" ],
      meta ? { },
      passthru ? { },
      ...
    }:
    runCommandLocal name {
      paths = map toString' paths;
      inherit meta passthru;
    } (joinInto + keepOnly pathsToLink + postBuild);

  # A package stands for the output that holds its programs.
  toString' = package: if lib.isDerivation package then "${lib.getBin package}" else package;

  keepOnly =
    wanted:
    lib.optionalString (!(builtins.elem "/" wanted)) ''
      for entry in "$out"/*; do
        case " ${lib.concatMapStringsSep " " (lib.removePrefix "/") wanted} " in
          *" ''${entry##*/} "*) ;;
          *) rm -rf "$entry" ;;
        esac
      done
    '';
in
{
  inherit buildEnv;

  symlinkJoin =
    {
      name,
      paths,
      postBuild ? "",
      ...
    }@arguments:
    buildEnv (arguments // { pathsToLink = [ "/" ]; });

  linkFarm =
    name: entries:
    let
      list =
        if builtins.isAttrs entries then
          lib.mapAttrsToList (name: path: { inherit name path; }) entries
        else
          entries;
    in
    runCommandLocal name { } (
      ''
        mkdir -p "$out"
        cd "$out"
      ''
      + lib.concatMapStrings (
        { name, path }:
        ''
          ${lib.optionalString (dirOf name != ".") "mkdir -p ${lib.escapeShellArg (dirOf name)}"}
          ln -s ${lib.escapeShellArg "${path}"} ${lib.escapeShellArg name}
        ''
      ) list
    );
}
