//! NeatCloud: a cloud that fits in a laptop, and its provider for NixOps.

fn main() {}
