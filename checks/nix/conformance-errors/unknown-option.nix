# says: The option `server.prot' does not exist. Definition values:
# says: - In `@file@': 80
# says: Did you mean `server.port'
{ server.prot = 80; }
