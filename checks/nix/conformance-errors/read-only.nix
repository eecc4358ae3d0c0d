# says: The option `version' is read-only, but it's set multiple times. Definition values:
# says: - In `@file@': "2"
{ version = "2"; }
