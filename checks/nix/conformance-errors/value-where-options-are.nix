# says: In module `@file@', you're trying to define a value of type `int'
# says: rather than an attribute set for the option
# says: `server'
{ server = 80; }
