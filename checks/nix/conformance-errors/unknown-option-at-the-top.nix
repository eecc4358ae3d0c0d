# says: The option `servre' does not exist. Definition values:
# says: - In `@file@':
# says: Did you mean `server'
{ servre.port = 80; }
