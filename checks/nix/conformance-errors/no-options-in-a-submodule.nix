# says: The option `empty.size' does not exist. Definition values:
# says: - In `@file@': 1
{ empty.size = 1; }
