# mkPlugin: unknown attribute `nixExprs' of the plugin `x'; known are `backends', `name', `nixexprs', `protocol', `providers', `schemas', `version'
{ mkPlugin, ... }:
mkPlugin {
  name = "x";
  nixExprs = [ ];
}
