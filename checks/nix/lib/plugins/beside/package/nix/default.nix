{
  config_exporters = { ... }: [ ];
  options = [ ../../auto-luks ];
  resources = { ... }: { };
}
