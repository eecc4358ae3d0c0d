# Simple types: what they take, and how their values merge.
{
  lib,
  accepts,
  merged,
  throws,
  ...
}:
let
  inherit (lib) types;
  table = type: values: map (accepts type) values;
in
{
  "bool takes booleans only" = {
    expr = table types.bool [
      true
      false
      0
      "true"
      null
    ];
    expected = [
      true
      true
      false
      false
      false
    ];
  };
  "int takes integers only" = {
    expr = table types.int [
      1
      (-1)
      1.0
      "1"
    ];
    expected = [
      true
      true
      false
      false
    ];
  };
  "float takes floats only" = {
    expr = table types.float [
      1.5
      1
    ];
    expected = [
      true
      false
    ];
  };
  "number takes integers and floats" = {
    expr = table types.number [
      1
      1.5
      "1"
    ];
    expected = [
      true
      true
      false
    ];
  };
  "str takes strings and neither paths nor derivations" = {
    expr = table types.str [
      "a"
      ""
      ./types.nix
      { outPath = "/x"; }
      1
    ];
    expected = [
      true
      true
      false
      false
      false
    ];
  };
  "nonEmptyStr refuses blanks" = {
    expr = table types.nonEmptyStr [
      "a"
      " a "
      ""
      " \t\n"
    ];
    expected = [
      true
      true
      false
      false
    ];
  };
  "singleLineStr refuses lines and drops the last end" = {
    expr = table types.singleLineStr [
      "a"
      "a\n"
      "a\nb"
      "a\r"
    ];
    expected = [
      true
      true
      false
      false
    ];
  };
  "singleLineStr merges without the end of line" = {
    expr = merged types.singleLineStr [ "a\n" ];
    expected = "a";
  };
  "strMatching matches the whole string" = {
    expr = table (types.strMatching "[a-c]+") [
      "abc"
      "abcd"
      ""
      1
    ];
    expected = [
      true
      false
      false
      false
    ];
  };
  "lines joins with line ends" = {
    expr = merged types.lines [
      "b"
      "a"
    ];
    expected = "a\nb";
  };
  "commas joins with commas" = {
    expr = merged types.commas [
      "b"
      "a"
    ];
    expected = "a,b";
  };
  "envVar joins with colons" = {
    expr = merged types.envVar [
      "/b"
      "/a"
    ];
    expected = "/a:/b";
  };
  "separatedString joins with its separator" = {
    expr = merged (types.separatedString " && ") [
      "b"
      "a"
    ];
    expected = "a && b";
  };
  "passwdEntry refuses colons and lines" = {
    expr = table (types.passwdEntry types.str) [
      "a b"
      "a:b"
      "a\nb"
    ];
    expected = [
      true
      false
      false
    ];
  };
  "equal definitions of a string are one" = {
    expr = merged types.str [
      "a"
      "a"
    ];
    expected = "a";
  };
  "different definitions of a string conflict" = {
    expr = throws (
      merged types.str [
        "a"
        "b"
      ]
    );
    expected = true;
  };
  "different definitions of a boolean conflict" = {
    expr = throws (
      merged types.bool [
        true
        false
      ]
    );
    expected = true;
  };
  "boolByOr is true if one is" = {
    expr = merged types.boolByOr [
      false
      true
    ];
    expected = true;
  };
  "ints.unsigned starts at nought, ints.positive at one" = {
    expr = [
      (table types.ints.unsigned [
        0
        (-1)
      ])
      (table types.ints.positive [
        1
        0
      ])
    ];
    expected = [
      [
        true
        false
      ]
      [
        true
        false
      ]
    ];
  };
  "ints.between includes its ends" = {
    expr = table (types.ints.between 2 4) [
      1
      2
      4
      5
    ];
    expected = [
      false
      true
      true
      false
    ];
  };
  "ints of a size have its range" = {
    expr = [
      (table types.ints.u8 [
        255
        256
      ])
      (table types.ints.s8 [
        (-128)
        127
        128
      ])
      (table types.ints.u32 [
        4294967295
        4294967296
      ])
    ];
    expected = [
      [
        true
        false
      ]
      [
        true
        true
        false
      ]
      [
        true
        false
      ]
    ];
  };
  "port is a 16 bit number" = {
    expr = table types.port [
      0
      65535
      65536
      (-1)
      "22"
    ];
    expected = [
      true
      true
      false
      false
      false
    ];
  };
  "numbers.between and numbers.positive take floats" = {
    expr = [
      (table (types.numbers.between 0 1) [
        0.5
        1
        1.5
      ])
      (table types.numbers.positive [
        0.1
        0
      ])
      (table types.numbers.nonnegative [
        0
        (-0.5)
      ])
    ];
    expected = [
      [
        true
        true
        false
      ]
      [
        true
        false
      ]
      [
        true
        false
      ]
    ];
  };
  "path takes absolute paths, as paths, strings and derivations" = {
    expr = table types.path [
      ./types.nix
      "/a"
      "a"
      { outPath = "/a"; }
      1
    ];
    expected = [
      true
      true
      false
      true
      false
    ];
  };
  "path keeps a string a string" = {
    expr = merged types.path [ "/a/b" ];
    expected = "/a/b";
  };
  "pathInStore and externalPath tell store paths from others" = {
    expr =
      let
        inStore = "${builtins.storeDir}/0fb3ykw9r5hpayd05sr0cizwadzq1d8q-bash-5.2/bin";
      in
      [
        (table types.pathInStore [
          inStore
          builtins.storeDir
          "${builtins.storeDir}/.links"
          "/etc"
        ])
        (table types.externalPath [
          inStore
          "/etc"
          "etc"
        ])
      ];
    expected = [
      [
        true
        false
        false
        false
      ]
      [
        false
        true
        false
      ]
    ];
  };
  "pathWith can ask for relative paths" = {
    expr = table (types.pathWith { absolute = false; }) [
      "a/b"
      "/a"
    ];
    expected = [
      true
      false
    ];
  };
  "package takes derivations" = {
    expr = table types.package [
      {
        type = "derivation";
        name = "x";
      }
      "hello"
      { }
    ];
    expected = [
      true
      false
      false
    ];
  };
  "raw takes anything once" = {
    expr = [
      (merged types.raw [ { a = x: x; } ] ? a)
      (throws (
        merged types.raw [
          1
          1
        ]
      ))
    ];
    expected = [
      true
      true
    ];
  };
  "anything merges sets deeply" = {
    expr = merged types.anything [
      {
        a.b = 1;
        l = [ 1 ];
      }
      { a.c = 2; }
    ];
    expected = {
      a.b = 1;
      a.c = 2;
      l = [ 1 ];
    };
  };
  "anything knows priorities within sets" = {
    expr = merged types.anything [
      { a.b = lib.mkDefault 1; }
      { a.b = 2; }
    ];
    expected.a.b = 2;
  };
  "anything does not join lists" = {
    expr = throws (
      merged types.anything [
        { a = [ 1 ]; }
        { a = [ 2 ]; }
      ]
    );
    expected = true;
  };
  "anything refuses values of two kinds" = {
    expr = throws (
      merged types.anything [
        { a = 1; }
        { a = "1"; }
      ]
    );
    expected = true;
  };
  "anything merges the results of functions" = {
    expr =
      (merged types.anything [
        (n: { a = n; })
        (n: { b = n; })
      ])
        3;
    expected = {
      a = 3;
      b = 3;
    };
  };
  "unspecified merges by kind" = {
    expr = [
      (merged types.unspecified [
        { a = 1; }
        { b = 2; }
      ])
      (merged types.unspecified [
        [ 1 ]
        [ 2 ]
      ])
      (merged types.unspecified [
        "a"
        "b"
      ])
      (merged types.unspecified [
        true
        false
      ])
      (throws (
        merged types.unspecified [
          1
          2
        ]
      ))
    ];
    expected = [
      {
        a = 1;
        b = 2;
      }
      [
        2
        1
      ]
      "ba"
      true
      true
    ];
  };
  "attrs merges the top level only" = {
    expr = merged types.attrs [
      { a.x = 1; }
      {
        a.y = 2;
        b = 3;
      }
    ];
    expected = {
      a.x = 1;
      b = 3;
    };
  };
  "enum takes its values only" = {
    expr =
      table
        (types.enum [
          "a"
          1
          null
        ])
        [
          "a"
          1
          null
          "b"
        ];
    expected = [
      true
      true
      true
      false
    ];
  };
  "mkOptionType makes a type" = {
    expr =
      let
        even = lib.mkOptionType {
          name = "even";
          check = value: builtins.isInt value && lib.mod value 2 == 0;
          merge =
            _: definitions: builtins.foldl' builtins.add 0 (map (definition: definition.value) definitions);
        };
      in
      [
        (merged even [
          2
          4
        ])
        (accepts even 3)
      ];
    expected = [
      6
      false
    ];
  };
  "addCheck adds a condition" = {
    expr = table (types.addCheck types.int (n: n > 10)) [
      11
      10
      "a"
    ];
    expected = [
      true
      false
      false
    ];
  };
  "types say what they are" = {
    expr = map (type: type.description) [
      types.bool
      types.int
      types.str
      types.lines
      types.port
      types.ints.positive
      types.path
      types.package
      types.attrs
      (types.listOf types.str)
      (types.attrsOf types.int)
      (types.lazyAttrsOf types.int)
      (types.nullOr types.str)
      (types.either types.int types.str)
      (types.enum [
        "a"
        2
        true
      ])
      (types.enum [ "a" ])
      (types.listOf (types.nullOr types.str))
      (types.attrsOf (types.listOf types.int))
      (types.nullOr (
        types.enum [
          "a"
          "b"
        ]
      ))
      (types.coercedTo types.int toString types.str)
      (types.functionTo types.str)
      (types.strMatching "a+")
      (types.submodule { })
      (types.uniq types.str)
      types.anything
      types.raw
      (types.nonEmptyListOf types.str)
      (types.ints.between 1 2)
      (types.submodule { freeformType = types.attrsOf types.int; })
    ];
    expected = [
      "boolean"
      "signed integer"
      "string"
      "strings concatenated with \"\\n\""
      "16 bit unsigned integer; between 0 and 65535 (both inclusive)"
      "positive integer, meaning >0"
      "absolute path"
      "package"
      "attribute set"
      "list of string"
      "attribute set of signed integer"
      "lazy attribute set of signed integer"
      "null or string"
      "signed integer or string"
      "one of \"a\", 2, true"
      "value \"a\" (singular enum)"
      "list of (null or string)"
      "attribute set of list of signed integer"
      "null or one of \"a\", \"b\""
      "string or signed integer convertible to it"
      "function that evaluates to a(n) string"
      "string matching the pattern a+"
      "submodule"
      "string"
      "anything"
      "raw value"
      "non-empty (list of string)"
      "integer between 1 and 2 (both inclusive)"
      "open submodule of attribute set of signed integer"
    ];
  };
  "types have names" = {
    expr = map (type: type.name) [
      types.str
      types.lines
      (types.listOf types.str)
      (types.attrsOf types.str)
      (types.lazyAttrsOf types.str)
      (types.nullOr types.str)
      (types.submodule { })
      (types.enum [ ])
      (types.either types.int types.str)
      (types.coercedTo types.int toString types.str)
      types.port
      types.package
      types.deferredModule
    ];
    expected = [
      "str"
      "separatedString"
      "listOf"
      "attrsOf"
      "lazyAttrsOf"
      "nullOr"
      "submodule"
      "enum"
      "either"
      "coercedTo"
      "unsignedInt16"
      "package"
      "deferredModule"
    ];
  };
}
