//! JSON Schemas, and the values that they are to hold for.
