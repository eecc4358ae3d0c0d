# says: A definition for option `server.port' is not of type `16 bit unsigned integer; between 0 and 65535 (both inclusive)'.
# says: - In `@file@': "eighty"
{ server.port = "eighty"; }
