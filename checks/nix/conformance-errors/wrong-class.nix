# says: @file@
# says: (class: "darwin") cannot be imported into a module evaluation that expects class "nixos".
{ _class = "darwin"; }
