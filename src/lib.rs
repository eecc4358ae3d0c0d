//! Deploys networks of NixOS machines and the resources that they need.
