# says: A definition for option `server.mode' is not of type `one of "fast", "safe"'.
# says: - In `@file@': "slow"
{ server.mode = "slow"; }
