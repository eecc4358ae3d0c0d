# Flakes as their lock files say, from trees that are here.
_:
let
  tree = path: {
    type = "path";
    path = toString path;
  };

  call =
    arguments:
    import ../../../lib/source/call-flake.nix (
      {
        # An absolute path is all that these trees are locked by.
        fetchTree =
          { path, ... }:
          {
            outPath = path;
            lastModified = 7;
          };
      }
      // arguments
    );

  relative = parent: path: {
    locked = {
      type = "path";
      inherit path;
    };
    inherit parent;
  };

  network = call {
    root = tree ./flakes/network;
    extra.dirtyRev = "dirty";
    lock = {
      root = "root";
      nodes = {
        root.inputs = {
          part = "part";
          other = "other";
          plain = "plain";
        };
        part = relative [ ] "part" // {
          inputs = {
            inner = "inner";
            other = [ "other" ];
          };
        };
        inner = relative [ "part" ] "inner";
        other.locked = tree ./flakes/other // {
          dir = "below";
        };
        plain = {
          flake = false;
          locked = tree ./flakes/other;
        };
      };
    };
  };
in
{
  "the outputs of a flake may come from an input in its own tree" = {
    expr = {
      inherit (network)
        followed
        inner
        names
        plain
        tree
        where
        ;
    };
    expected = {
      where = "part";
      tree = "network";
      inner = "inner";
      followed = "below";
      plain = false;
      names = [
        "other"
        "part"
        "plain"
        "self"
      ];
    };
  };

  "a flake knows its tree" = {
    expr = [
      network._type
      network.dirtyRev
      network.lastModified
      (builtins.baseNameOf network.outPath)
      network.inputs.other.tree
    ];
    expected = [
      "flake"
      "dirty"
      7
      "network"
      "other"
    ];
  };

  "a flake may be in a subdirectory of its tree" = {
    expr =
      (call {
        root = tree ./flakes/other;
        directory = "below";
        lock = {
          root = "root";
          nodes.root = { };
        };
      }).name;
    expected = "below";
  };

  "an input may follow one that follows another" = {
    expr =
      (call {
        root = tree ./flakes/other;
        directory = "below";
        lock = {
          root = "root";
          nodes = {
            root.inputs = {
              a = [
                "b"
                "c"
              ];
              b = "b";
              d = "d";
            };
            b = {
              inputs.c = [ "d" ];
              flake = false;
              locked = tree ./flakes;
            };
            d = {
              flake = false;
              locked = tree ./flakes/network;
            };
          };
        };
      }).inputs.a.outPath;
    expected = toString ./flakes/network;
  };
}
