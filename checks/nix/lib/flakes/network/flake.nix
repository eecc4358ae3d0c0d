# A flake whose outputs come from an input in its own tree.
{
  outputs = inputs: inputs.part.outputsOf inputs;
}
