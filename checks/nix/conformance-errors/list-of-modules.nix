# says: Module imports can't be nested lists.
# says: Definitions:
# says: - In `@file@'
{ imports = [ [ { } ] ]; }
