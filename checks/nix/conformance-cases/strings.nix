# Strings, and values as text.
{ lib, throws, ... }:
{
  "hasPrefix, hasSuffix and hasInfix take texts literally" = {
    expr = [
      (lib.hasPrefix "a." "a.b")
      (lib.hasPrefix "a." "axb")
      (lib.hasSuffix ".b" "a.b")
      (lib.hasSuffix "long" "g")
      (lib.hasInfix "." "ab")
      (lib.hasInfix "+b" "a+bc")
    ];
    expected = [
      true
      false
      true
      false
      false
      true
    ];
  };
  "removePrefix and removeSuffix remove once" = {
    expr = [
      (lib.removePrefix "a" "aab")
      (lib.removePrefix "x" "aab")
      (lib.removeSuffix "b" "abb")
    ];
    expected = [
      "ab"
      "aab"
      "ab"
    ];
  };
  "splitString takes the separator literally" = {
    expr = lib.splitString "." "a.b..c";
    expected = [
      "a"
      "b"
      ""
      "c"
    ];
  };
  "concatMapStringsSep maps and joins" = {
    expr = lib.concatMapStringsSep "," (n: "<${toString n}>") [
      1
      2
    ];
    expected = "<1>,<2>";
  };
  "concatLines ends every line" = {
    expr = lib.concatLines [
      "a"
      "b"
    ];
    expected = "a\nb\n";
  };
  "intersperse puts something between" = {
    expr = [
      (lib.intersperse "," [
        "a"
        "b"
      ])
      (lib.intersperse "," [ ])
    ];
    expected = [
      [
        "a"
        ","
        "b"
      ]
      [ ]
    ];
  };
  "toLower and toUpper change letters only" = {
    expr = [
      (lib.toLower "A-B1")
      (lib.toUpper "a-b1")
    ];
    expected = [
      "a-b1"
      "A-B1"
    ];
  };
  "trim removes blanks at both ends" = {
    expr = map lib.trim [
      "  a b \n"
      " \t"
      ""
    ];
    expected = [
      "a b"
      ""
      ""
    ];
  };
  "escapeShellArg quotes what needs it" = {
    expr = map lib.escapeShellArg [
      "plain-1.0"
      "a b"
      "it's"
      ""
    ];
    expected = [
      "plain-1.0"
      "'a b'"
      "'it'\\''s'"
      "''"
    ];
  };
  "escapeShellArgs joins with blanks" = {
    expr = lib.escapeShellArgs [
      "a"
      "b c"
      3
    ];
    expected = "a 'b c' 3";
  };
  "escapeNixIdentifier quotes what is no identifier" = {
    expr = map lib.strings.escapeNixIdentifier [
      "a-b"
      "1a"
      "a.b"
      "in"
    ];
    expected = [
      "a-b"
      "\"1a\""
      "\"a.b\""
      "\"in\""
    ];
  };
  "escapeNixString escapes interpolation" = {
    expr = lib.strings.escapeNixString "a\"b\${c}\n";
    expected = "\"a\\\"b\\\${c}\\n\"";
  };
  "escapeRegex makes a text match itself" = {
    expr = builtins.match (lib.escapeRegex "a.b*(c)") "a.b*(c)" != null;
    expected = true;
  };
  "escapeXML escapes markup" = {
    expr = lib.escapeXML "<a b=\"c\">&'";
    expected = "&lt;a b=&quot;c&quot;&gt;&amp;&apos;";
  };
  "toInt reads integers" = {
    expr = map lib.toInt [
      "1337"
      "-4"
      " 12 "
    ];
    expected = [
      1337
      (-4)
      12
    ];
  };
  "toInt refuses what is ambiguous or no number" = {
    expr = map (text: throws (lib.toInt text)) [
      "0123"
      "a"
      "1.5"
      ""
    ];
    expected = [
      true
      true
      true
      true
    ];
  };
  "toIntBase10 allows leading zeros" = {
    expr = lib.toIntBase10 "00070";
    expected = 70;
  };
  "fixedWidthString pads on the left and refuses what is too long" = {
    expr = [
      (lib.fixedWidthString 5 "0" "42")
      (throws (lib.fixedWidthString 1 "0" "42"))
    ];
    expected = [
      "00042"
      true
    ];
  };
  "versionAtLeast and versionOlder compare versions" = {
    expr = [
      (lib.versionAtLeast "1.10" "1.9")
      (lib.versionOlder "1.10" "1.9")
      (lib.versionAtLeast "1.9" "1.9")
    ];
    expected = [
      true
      false
      true
    ];
  };
  "versions.majorMinor cuts the rest" = {
    expr = lib.versions.majorMinor "2.28.1";
    expected = "2.28";
  };
  "makeBinPath joins the bin directories" = {
    expr = lib.makeBinPath [
      "/a"
      "/b"
    ];
    expected = "/a/bin:/b/bin";
  };
  "getName and getVersion read names and attributes" = {
    expr = [
      (lib.getName "hello-2.12")
      (lib.getVersion { name = "hello-2.12"; })
      (lib.getName { pname = "hi"; })
    ];
    expected = [
      "hello"
      "2.12"
      "hi"
    ];
  };
  "sanitizeDerivationName makes a store name" = {
    expr = map lib.strings.sanitizeDerivationName [
      "a b"
      ".hidden"
      ""
      "a@b:c"
    ];
    expected = [
      "a-b"
      "hidden"
      "unknown"
      "a-b-c"
    ];
  };
  "isStringLike takes what can be interpolated" = {
    expr = map lib.isStringLike [
      "a"
      ./strings.nix
      { outPath = "/x"; }
      { __toString = _: "x"; }
      1
      { }
    ];
    expected = [
      true
      true
      true
      true
      false
      false
    ];
  };
  "isStorePath wants a path right below the store" = {
    expr = map lib.isStorePath [
      "${builtins.storeDir}/d945ibfx9x185xf04b890y4f9g3cbb63-python-2.7.11"
      "${builtins.storeDir}/d945ibfx9x185xf04b890y4f9g3cbb63-python-2.7.11/bin"
      "/etc"
      1
    ];
    expected = [
      true
      false
      false
      false
    ];
  };
  "boolToString writes booleans" = {
    expr = map lib.boolToString [
      true
      false
    ];
    expected = [
      "true"
      "false"
    ];
  };
  "toPretty writes nested values on lines of their own" = {
    expr = lib.generators.toPretty { } {
      a = [
        1
        "x"
      ];
      "b.c" = null;
      d = { };
      e = [ ];
      f = x: x;
      g =
        {
          y,
          z ? 1,
        }:
        y;
      h = true;
    };
    expected = "{\n  a = [\n    1\n    \"x\"\n  ];\n  \"b.c\" = null;\n  d = { };\n  e = [ ];\n  f = <function>;\n  g = <function, args: {y, z?}>;\n  h = true;\n}";
  };
  "toPretty can write on one line" = {
    expr = lib.generators.toPretty { multiline = false; } {
      a = [
        1
        2
      ];
    };
    expected = "{ a = [ 1 2 ]; }";
  };
  "toPretty does not look into derivations" = {
    expr = lib.generators.toPretty { } {
      type = "derivation";
      name = "x";
      drvPath = throw "looked";
    };
    expected = "<derivation x>";
  };
  "toPretty writes long texts as indented strings" = {
    expr = lib.generators.toPretty { } "a\nb";
    expected = "''\n  a\n  b''";
  };
  "toINI writes sections" = {
    expr = lib.generators.toINI { } {
      b.x = 1;
      a = {
        y = true;
        z = "t";
      };
    };
    expected = "[a]\ny=true\nz=t\n\n[b]\nx=1\n";
  };
  "toKeyValue writes lines" = {
    expr = lib.generators.toKeyValue { } {
      b = 1;
      a = "x";
    };
    expected = "a=x\nb=1\n";
  };
  "toKeyValue can repeat keys" = {
    expr = lib.generators.toKeyValue { listsAsDuplicateKeys = true; } {
      a = [
        1
        2
      ];
    };
    expected = "a=1\na=2\n";
  };
}
