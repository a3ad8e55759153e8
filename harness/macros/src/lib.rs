//! Attributes of the harness.
