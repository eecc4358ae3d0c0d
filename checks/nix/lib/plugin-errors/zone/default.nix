{
  options = [
    (
      { lib, ... }:
      {
        options.deployment.zone = lib.mkOption {
          default = "near";
          description = "Where it is.";
        };
      }
    )
  ];
}
