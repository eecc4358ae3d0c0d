# says: A definition for option `users.alice.uid' is not of type `signed integer'.
# says: - In `@file@': true
{ users.alice.uid = true; }
