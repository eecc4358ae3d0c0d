# says: A definition for option `server.names."[definition 1-entry 2]"' is not of type `string'.
# says: - In `@file@': 2
{
  server.names = [
    "a"
    2
  ];
}
