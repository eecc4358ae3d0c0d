{
  fails,
  nixpkgs,
  web,
  ...
}:
let
  record = import ../../../lib/network/record.nix { inherit (nixpkgs) lib; };
  checkOf =
    check:
    (record.options "web" (web {
      deployment.healthChecks.it = check;
    })).healthChecks.it;
in
{
  "a health check says what is looked at, by whom and how often" = {
    expr = checkOf { http = "http://localhost/"; };
    expected = {
      from = "host";
      interval = 2;
      kind = "http";
      retries = 5;
      status = 200;
      timeout = 10;
      url = "http://localhost/";
    };
  };

  "there are health checks of four kinds" = {
    expr = map (check: (checkOf check).kind) [
      { command = [ "true" ]; }
      { http.url = "http://localhost/"; }
      { tcp = 80; }
      { unit = "nginx"; }
    ];
    expected = [
      "command"
      "http"
      "tcp"
      "unit"
    ];
  };

  "a plain number is a port of the machine itself" = {
    expr = {
      inherit (checkOf { tcp = 80; }) host port;
    };
    expected = {
      host = null;
      port = 80;
    };
  };

  "a health check that is about nothing, about two things or about what cannot be seen is refused" = {
    expr = map (check: fails (checkOf check)) [
      { }
      {
        unit = "nginx";
        tcp = 80;
      }
      { command = [ ]; }
      {
        unit = "nginx";
        from = "deployer";
      }
      {
        tcp = 80;
        timeout = 0;
      }
    ];
    expected = [
      true
      true
      true
      true
      true
    ];
  };
}
