{ fails, ... }:
let
  definitions = import ../../../lib/source/definitions.nix;

  of =
    arguments: value:
    definitions {
      start = [
        {
          file = "net.nix";
          inherit value;
        }
      ];
      inherit arguments;
    };
in
{
  "a network may be a set" = {
    expr = of { } { web = { }; };
    expected = [
      {
        _file = "net.nix";
        web = { };
      }
    ];
  };

  "a network may be a function of its arguments" = {
    expr = map (one: one.web) (
      of { count = 2; } (
        {
          count,
          other ? 1,
        }:
        {
          web = count + other;
        }
      )
    );
    expected = [ 3 ];
  };

  "a missing argument is refused" = {
    expr = fails (of { } ({ count }: { web = count; }));
    expected = true;
  };

  "arguments for a network that takes none are refused" = {
    expr = fails (of { count = 1; } { });
    expected = true;
  };

  "what is no network is refused" = {
    expr = fails (of { } [ ]);
    expected = true;
  };

  "attributes with a shape of their own are refused in another" = {
    expr = map (value: fails (of { } value)) [
      { network = _: { }; }
      { resources = [ ]; }
      { resources.commandOutput = [ ]; }
      { require = ./required/a.nix; }
    ];
    expected = [
      true
      true
      true
      true
    ];
  };

  "required files are loaded once each" = {
    expr = map (one: one.name or "start") (of { } { require = [ ./required/a.nix ]; });
    expected = [
      "start"
      "a"
      "b"
    ];
  };
}
