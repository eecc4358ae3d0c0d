# Health checks: what must hold of a machine before its new system is there to stay.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  httpModule = types.submodule {
    options = {
      url = mkOption {
        type = types.str;
        example = "http://localhost:8080/health";
        description = "URL that is asked for. Redirections are not followed.";
      };

      status = mkOption {
        type = types.ints.between 100 599;
        default = 200;
        description = "Status that the answer must have.";
      };
    };
  };

  tcpModule = types.submodule {
    options = {
      port = mkOption {
        type = types.port;
        example = 5432;
        description = "Port on which something must listen.";
      };

      host = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "10.0.0.2";
        description = "Name or address of who listens. Null is the machine itself.";
      };
    };
  };

  checkModule = types.submodule {
    options = {
      command = mkOption {
        type = types.nullOr (types.listOf types.str);
        default = null;
        example = [
          "pg_isready"
          "--quiet"
        ];
        description = ''
          A program and its arguments, one word each and seen by no shell, that must end with 0. On
          the machine it runs as root. Its words can be read by others there.
        '';
      };

      http = mkOption {
        type = types.nullOr (types.coercedTo types.str (url: { inherit url; }) httpModule);
        default = null;
        example = "http://localhost:8080/health";
        description = "Something that must answer over HTTP; a plain string is its URL.";
      };

      tcp = mkOption {
        type = types.nullOr (types.coercedTo types.port (port: { inherit port; }) tcpModule);
        default = null;
        example = 5432;
        description = "Something that must accept connections; a plain number is its port.";
      };

      unit = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "nginx.service";
        description = "A unit of systemd that must be active.";
      };

      from = mkOption {
        type = types.enum [
          "host"
          "deployer"
        ];
        default = "host";
        description = ''
          Who looks: the machine itself, or the computer that deploys, to which the service may look
          otherwise.
        '';
      };

      timeout = mkOption {
        type = types.ints.positive;
        default = 10;
        description = "Seconds that each attempt may take.";
      };

      retries = mkOption {
        type = types.ints.unsigned;
        default = 5;
        description = ''
          How often it is tried again after it failed: services may take a while until they are ready.
        '';
      };

      interval = mkOption {
        type = types.ints.positive;
        default = 2;
        description = "Seconds between two attempts.";
      };
    };
  };
in
{
  options.deployment.healthChecks = mkOption {
    type = types.attrsOf checkModule;
    default = { };
    example = {
      web.http = "http://localhost:8080/health";
      database.unit = "postgresql.service";
    };
    description = ''
      What must hold once the new system runs, by name: a command, an answer over HTTP, a port or a unit,
      one for each check. All are tried at the same time. If one fails, the machine goes back to the
      system that it had. `nixops check` tries them too.
    '';
  };
}
