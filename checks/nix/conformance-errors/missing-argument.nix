# says: attribute 'absent' missing
# says: while evaluating the module argument `absent' in "@file@"
{ absent, ... }: { title = absent; }
