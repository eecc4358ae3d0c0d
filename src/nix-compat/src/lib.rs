//! Nix's own formats, as far as a deployment tool needs them.
