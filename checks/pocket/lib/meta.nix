# What packages say about themselves.
{ lib }:
{
  addMetaAttrs = extra: package: package // { meta = (package.meta or { }) // extra; };
  setPrio = priority: lib.addMetaAttrs { inherit priority; };
  lowPrio = lib.setPrio 10;
  hiPrio = lib.setPrio (-10);
  setName = name: package: package // { inherit name; };
  getExe =
    package:
    lib.getExe' package (
      package.meta.mainProgram
        or (lib.warn "getExe: Package ${package.name or "?"} does not have the meta.mainProgram attribute." (
          lib.getName package
        ))
    );
  getExe' =
    package: program:
    if !(lib.isDerivation package) then
      throw "getExe': the first argument is no package, but of type ${builtins.typeOf package}"
    else if lib.hasInfix "/" program then
      throw "getExe': \"${program}\" must be the name of a program, not a path"
    else
      "${lib.getBin package}/bin/${program}";
}
