# Files and scripts from text.
{
  lib,
  runCommandLocal,
  runtimeShell,
}:
let
  writeTextFile =
    {
      name,
      text,
      executable ? false,
      destination ? "",
      checkPhase ? "",
      meta ? { },
      passthru ? { },
      ...
    }:
    runCommandLocal name
      {
        inherit text meta passthru;
        passAsFile = [ "text" ];
      }
      ''
        target=$out${lib.escapeShellArg destination}
        ${lib.optionalString (destination != "") ''mkdir -p "''${target%/*}"''}
        cp "$textPath" "$target"
        ${lib.optionalString executable ''chmod +x "$target"''}
        ${checkPhase}
      '';

  script = name: text: {
    inherit name;
    text = "#!${runtimeShell}\n${text}";
    executable = true;
    checkPhase = ''sh -n "$target"'';
  };
in
{
  inherit writeTextFile;
  writeText = name: text: writeTextFile { inherit name text; };
  writeTextDir =
    path: text:
    writeTextFile {
      name = baseNameOf path;
      inherit text;
      destination = "/${path}";
    };
  writeScript =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
    };
  writeScriptBin =
    name: text:
    writeTextFile {
      inherit name text;
      executable = true;
      destination = "/bin/${name}";
      meta.mainProgram = name;
    };
  writeShellScript = name: text: writeTextFile (script name text);
  writeShellScriptBin =
    name: text:
    writeTextFile (
      script name text
      // {
        destination = "/bin/${name}";
        meta.mainProgram = name;
      }
    );
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      meta ? { },
      ...
    }:
    writeTextFile (
      script name (
        "set -eu\n"
        + lib.optionalString (
          runtimeInputs != [ ]
        ) "export PATH=${lib.escapeShellArg (lib.makeBinPath runtimeInputs)}:$PATH\n"
        + text
      )
      // {
        destination = "/bin/${name}";
        meta = {
          mainProgram = name;
        }
        // meta;
      }
    );
  concatText = name: files: runCommandLocal name { inherit files; } ''cat $files > "$out"'';
}
