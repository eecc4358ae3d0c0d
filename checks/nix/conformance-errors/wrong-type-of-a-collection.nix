# says: A definition for option `server.names' is not of type `list of string'.
# says: - In `@file@': "a"
{ server.names = "a"; }
