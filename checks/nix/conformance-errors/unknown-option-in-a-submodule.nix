# says: The option `users.alice.shel' does not exist. Definition values:
# says: - In `@file@': "/bin/sh"
# says: Did you mean `users.alice.shell'
{ users.alice.shel = "/bin/sh"; }
