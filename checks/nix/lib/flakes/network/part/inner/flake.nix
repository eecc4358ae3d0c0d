{
  outputs = _: { name = "inner"; };
}
