//! What the tests of this folder share.

pub(crate) mod chromium;
pub(crate) mod sample;
