//! Throw-away hosts for tests and the demo.
