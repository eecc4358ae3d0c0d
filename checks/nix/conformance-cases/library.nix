# Attribute sets, lists and functions.
{ lib, throws, ... }:
{
  "attrByPath gives the value at a path" = {
    expr = lib.attrByPath [ "a" "b" ] 0 { a.b = 1; };
    expected = 1;
  };
  "attrByPath gives the default where the path leaves the sets" = {
    expr = lib.attrByPath [ "a" "b" "c" ] 0 { a.b = 1; };
    expected = 0;
  };
  "hasAttrByPath sees paths and their ends" = {
    expr = map (path: lib.hasAttrByPath path { a.b = 1; }) [
      [ ]
      [ "a" ]
      [
        "a"
        "b"
      ]
      [
        "a"
        "c"
      ]
    ];
    expected = [
      true
      true
      true
      false
    ];
  };
  "setAttrByPath nests a value" = {
    expr = lib.setAttrByPath [ "a" "b" ] 1;
    expected.a.b = 1;
  };
  "setAttrByPath of no path is the value" = {
    expr = lib.setAttrByPath [ ] 1;
    expected = 1;
  };
  "getAttrFromPath gives the value at a path" = {
    expr = lib.getAttrFromPath [ "a" "b" ] { a.b = 1; };
    expected = 1;
  };
  "filterAttrs keeps what the predicate wants" = {
    expr = lib.filterAttrs (name: value: name == "a" || value == 2) {
      a = 1;
      b = 2;
      c = 3;
    };
    expected = {
      a = 1;
      b = 2;
    };
  };
  "mapAttrs' changes names and values" = {
    expr = lib.mapAttrs' (name: value: lib.nameValuePair "x${name}" (value + 1)) { a = 1; };
    expected.xa = 2;
  };
  "mapAttrsToList goes by name" = {
    expr = lib.mapAttrsToList (name: value: "${name}${toString value}") {
      b = 2;
      a = 1;
    };
    expected = [
      "a1"
      "b2"
    ];
  };
  "concatMapAttrs lets later names win" = {
    expr = lib.concatMapAttrs (name: value: { ${value} = name; }) {
      a = "x";
      b = "x";
    };
    expected.x = "b";
  };
  "recursiveUpdate merges sets and lets the right side win" = {
    expr =
      lib.recursiveUpdate
        {
          a.b = 1;
          a.c = 2;
          d.e = 1;
        }
        {
          a.b = 3;
          d = 4;
        };
    expected = {
      a.b = 3;
      a.c = 2;
      d = 4;
    };
  };
  "recursiveUpdateUntil stops where it is told" = {
    expr = lib.recursiveUpdateUntil (
      path: _: _:
      path == [ "a" ]
    ) { a.b = 1; } { a.c = 2; };
    expected.a.c = 2;
  };
  "mapAttrsRecursive gives paths" = {
    expr = lib.mapAttrsRecursive (path: value: "${lib.concatStringsSep "." path}=${toString value}") {
      a.b = 1;
    };
    expected.a.b = "a.b=1";
  };
  "mapAttrsRecursiveCond stops at sets that it shall not enter" = {
    expr = lib.mapAttrsRecursiveCond (set: !(set ? leaf)) (path: _: path) { a.b.leaf = 1; };
    expected.a.b = [
      "a"
      "b"
    ];
  };
  "collect finds matching sets and goes no deeper" = {
    expr = lib.collect (value: value ? x) {
      a.x.x = 1;
      b.c.x = 2;
      d = 3;
    };
    expected = [
      { x.x = 1; }
      { x = 2; }
    ];
  };
  "zipAttrs gathers the values of a name in order" = {
    expr = lib.zipAttrs [
      { a = 1; }
      {
        a = 2;
        b = 3;
      }
    ];
    expected = {
      a = [
        1
        2
      ];
      b = [ 3 ];
    };
  };
  "foldlAttrs goes by name" = {
    expr =
      lib.foldlAttrs
        (
          result: name: value:
          result + name + value
        )
        ""
        {
          b = "2";
          a = "1";
        };
    expected = "a1b2";
  };
  "foldAttrs folds the values of each name from the right" = {
    expr =
      lib.foldAttrs (value: rest: [ value ] ++ rest)
        [ ]
        [
          { a = 1; }
          { a = 2; }
        ];
    expected.a = [
      1
      2
    ];
  };
  "genAttrs makes a set of names" = {
    expr = lib.genAttrs [ "a" "b" ] (name: "${name}!");
    expected = {
      a = "a!";
      b = "b!";
    };
  };
  "optionalAttrs gives all or nothing" = {
    expr = [
      (lib.optionalAttrs true { a = 1; })
      (lib.optionalAttrs false { a = 1; })
    ];
    expected = [
      { a = 1; }
      { }
    ];
  };
  "cartesianProduct varies the last name first" = {
    expr = lib.cartesianProduct {
      a = [
        1
        2
      ];
      b = [
        3
        4
      ];
    };
    expected = [
      {
        a = 1;
        b = 3;
      }
      {
        a = 1;
        b = 4;
      }
      {
        a = 2;
        b = 3;
      }
      {
        a = 2;
        b = 4;
      }
    ];
  };
  "matchAttrs compares what the pattern names" = {
    expr = [
      (lib.matchAttrs { a.b = 1; } {
        a.b = 1;
        a.c = 2;
      })
      (lib.matchAttrs { a.b = 1; } { a.b = 2; })
      (lib.matchAttrs { a = 1; } { })
    ];
    expected = [
      true
      false
      false
    ];
  };
  "isDerivation knows a derivation by its type" = {
    expr = map lib.isDerivation [
      { type = "derivation"; }
      { }
      "x"
    ];
    expected = [
      true
      false
      false
    ];
  };
  "getBin prefers the output with programs" = {
    expr = [
      (lib.getBin {
        bin = "b";
        out = "o";
      })
      (lib.getBin { out = "o"; })
    ];
    expected = [
      "b"
      "o"
    ];
  };
  "foldr folds from the right" = {
    expr = lib.foldr (value: rest: "(${value}${rest})") "" [
      "a"
      "b"
    ];
    expected = "(a(b))";
  };
  "foldl folds from the left" = {
    expr = lib.foldl (rest: value: "(${rest}${value})") "" [
      "a"
      "b"
    ];
    expected = "((a)b)";
  };
  "imap1 counts from one" = {
    expr = lib.imap1 (n: value: "${toString n}${value}") [
      "a"
      "b"
    ];
    expected = [
      "1a"
      "2b"
    ];
  };
  "flatten takes lists apart at any depth" = {
    expr = lib.flatten [
      1
      [
        2
        [ 3 ]
      ]
    ];
    expected = [
      1
      2
      3
    ];
  };
  "findFirst gives the first match or the default" = {
    expr = [
      (lib.findFirst (n: n > 1) 0 [
        1
        2
        3
      ])
      (lib.findFirst (n: n > 9) 0 [ 1 ])
    ];
    expected = [
      2
      0
    ];
  };
  "take and drop tolerate short lists" = {
    expr = [
      (lib.take 2 [ 1 ])
      (lib.drop 2 [ 1 ])
      (lib.take 1 [
        1
        2
      ])
      (lib.drop 1 [
        1
        2
      ])
    ];
    expected = [
      [ 1 ]
      [ ]
      [ 1 ]
      [ 2 ]
    ];
  };
  "sublist cuts at the end of the list" = {
    expr = lib.sublist 1 5 [
      1
      2
      3
    ];
    expected = [
      2
      3
    ];
  };
  "last and init refuse the empty list" = {
    expr = [
      (throws (lib.last [ ]))
      (throws (lib.init [ ]))
    ];
    expected = [
      true
      true
    ];
  };
  "unique keeps the first of equals" = {
    expr = lib.unique [
      2
      1
      2
    ];
    expected = [
      2
      1
    ];
  };
  "intersectLists keeps the order of the second list" = {
    expr = lib.intersectLists [ 1 2 3 ] [ 3 2 4 ];
    expected = [
      3
      2
    ];
  };
  "subtractLists takes the first list from the second" = {
    expr = lib.subtractLists [ 1 2 ] [ 1 2 3 ];
    expected = [ 3 ];
  };
  "range includes both ends" = {
    expr = [
      (lib.range 1 3)
      (lib.range 3 1)
    ];
    expected = [
      [
        1
        2
        3
      ]
      [ ]
    ];
  };
  "sortOn is stable" = {
    expr = lib.sortOn builtins.stringLength [
      "bb"
      "a"
      "aa"
    ];
    expected = [
      "a"
      "bb"
      "aa"
    ];
  };
  "toposort puts what comes before first" = {
    expr = lib.toposort (a: b: a < b) [
      3
      1
      2
    ];
    expected.result = [
      1
      2
      3
    ];
  };
  "toposort finds a cycle" = {
    expr =
      (lib.toposort (a: b: a != b) [
        1
        2
      ])
        ? cycle;
    expected = true;
  };
  "zipListsWith ends with the shorter list" = {
    expr = lib.zipListsWith (a: b: a + b) [ 1 2 ] [ 3 ];
    expected = [ 4 ];
  };
  "groupBy gathers by key" = {
    expr = lib.groupBy (n: if n > 1 then "big" else "small") [
      1
      2
      3
    ];
    expected = {
      big = [
        2
        3
      ];
      small = [ 1 ];
    };
  };
  "toList leaves lists alone" = {
    expr = [
      (lib.toList 1)
      (lib.toList [ 1 ])
    ];
    expected = [
      [ 1 ]
      [ 1 ]
    ];
  };
  "updateManyAttrsByPath updates deeper paths first" = {
    expr = lib.updateManyAttrsByPath [
      {
        path = [ "a" ];
        update = old: { d = old.c; };
      }
      {
        path = [
          "a"
          "c"
        ];
        update = old: old + 1;
      }
      {
        path = [
          "x"
          "y"
        ];
        update = _: "xy";
      }
    ] { a.c = 0; };
    expected = {
      a.d = 1;
      x.y = "xy";
    };
  };
  "replicate repeats a value" = {
    expr = lib.replicate 2 "a";
    expected = [
      "a"
      "a"
    ];
  };
  "findFirst does not look behind the match" = {
    expr = lib.findFirst (n: n == 1) 0 [
      1
      (throw "looked")
    ];
    expected = 1;
  };
  "the arguments of override are those of the function" = {
    expr =
      lib.functionArgs
        (lib.makeOverridable (
          {
            a,
            b ? 2,
          }:
          {
            inherit a b;
          }
        ) { a = 1; }).override;
    expected = {
      a = false;
      b = true;
    };
  };
  "getOutput leaves a chosen output alone" = {
    expr = lib.getBin {
      bin = "b";
      outPath = "o";
      outputSpecified = true;
    };
    expected = {
      bin = "b";
      outPath = "o";
      outputSpecified = true;
    };
  };
  "pipe goes from left to right" = {
    expr = lib.pipe 2 [
      (n: n + 1)
      (n: n * 2)
    ];
    expected = 6;
  };
  "mod keeps the sign of the dividend" = {
    expr = map (n: lib.mod n 3) [
      7
      (-7)
    ];
    expected = [
      1
      (-1)
    ];
  };
  "sets with __functor are functions" = {
    expr = map lib.isFunction [
      (x: x)
      { __functor = _: x: x; }
      { }
    ];
    expected = [
      true
      true
      false
    ];
  };
  "setFunctionArgs announces arguments" = {
    expr = lib.functionArgs (lib.setFunctionArgs (x: x) { a = true; });
    expected.a = true;
  };
  "fix finds the fixed point" = {
    expr =
      (lib.fix (self: {
        a = 1;
        b = self.a + 1;
      })).b;
    expected = 2;
  };
  "extends overlays a fixed point" = {
    expr = lib.fix (
      lib.extends
        (final: previous: {
          a = previous.a + 10;
        })
        (self: {
          a = 1;
          b = self.a;
        })
    );
    expected = {
      a = 11;
      b = 11;
    };
  };
  "composeManyExtensions applies overlays in order" = {
    expr = lib.fix (
      lib.extends
        (lib.composeManyExtensions [
          (_: previous: { a = previous.a + 1; })
          (_: previous: { a = previous.a * 10; })
        ])
        (_: {
          a = 1;
        })
    );
    expected.a = 20;
  };
  "makeExtensible can be extended twice" = {
    expr =
      (
        (
          (lib.makeExtensible (_: {
            a = 1;
          })).extend
          (_: previous: { a = previous.a + 1; })
        ).extend
        (_: previous: { a = previous.a + 1; })
      ).a;
    expected = 3;
  };
  "makeOverridable remembers its arguments" = {
    expr =
      let
        package = lib.makeOverridable (
          {
            a,
            b ? 2,
          }:
          {
            sum = a + b;
          }
        ) { a = 1; };
      in
      [
        package.sum
        (package.override { b = 5; }).sum
        ((package.override { b = 5; }).override { a = 10; }).sum
        (package.override (old: {
          a = old.a + 1;
        })).sum
      ];
    expected = [
      3
      6
      15
      4
    ];
  };
  "callPackageWith gives a function what it names" = {
    expr =
      (lib.callPackageWith {
        a = 1;
        b = 2;
      } ({ a, c }: { sum = a + c; }) { c = 3; }).sum;
    expected = 4;
  };
  "textClosureList puts entries after their dependencies, once" = {
    expr =
      lib.textClosureList
        {
          a = lib.fullDepEntry "A" [ "b" ];
          b = lib.noDepEntry "B";
          c = lib.stringAfter [ "a" "b" ] "C";
        }
        [
          "a"
          "b"
          "c"
        ];
    expected = [
      "B"
      "A"
      "C"
    ];
  };
  "throwIf and throwIfNot throw when they should" = {
    expr = [
      (throws (lib.throwIf true "no" 1))
      (lib.throwIf false "no" 1)
      (throws (lib.throwIfNot false "no" 1))
    ];
    expected = [
      true
      1
      true
    ];
  };
  "assertMsg throws its message" = {
    expr = [
      (lib.assertMsg true "no")
      (throws (lib.assertMsg false "no"))
    ];
    expected = [
      true
      true
    ];
  };
  "runTests reports what differs" = {
    expr = map (failure: failure.name) (
      lib.runTests {
        testGood = {
          expr = 1;
          expected = 1;
        };
        testBad = {
          expr = 1;
          expected = 2;
        };
      }
    );
    expected = [ "testBad" ];
  };
}
