_:
let
  scrub = import ../../../lib/scrub.nix;
in
{
  "paths become texts and are not copied" = {
    expr = scrub { file = /etc/hosts; };
    expected.file = "/etc/hosts";
  };

  "functions are left out" = {
    expr = scrub {
      a = 1;
      f = x: x;
      functor.__functor = self: x: x;
      list = [
        1
        (x: x)
      ];
    };
    expected = {
      a = 1;
      list = [ 1 ];
    };
  };

  "an outPath that is a path is not copied" = {
    expr = scrub { source.outPath = /etc/hosts; };
    expected.source.out = "/etc/hosts";
  };

  "a set with an outPath keeps its shape" = {
    expr = scrub {
      source = {
        outPath = "/nix/store/x";
        rev = "abc";
      };
    };
    expected.source.out = "/nix/store/x";
  };

  "a derivation tells its store paths" = {
    expr = builtins.attrNames (
      scrub (derivation {
        name = "x";
        builder = "/bin/sh";
        system = "x86_64-linux";
      })
    );
    expected = [
      "drv"
      "out"
    ];
  };

  "texts lose their context but not their words" = {
    expr = builtins.getContext (scrub "${builtins.toFile "a" "b"}");
    expected = { };
  };
}
