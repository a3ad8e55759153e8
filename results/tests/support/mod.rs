//! What the tests of this folder share.

pub(crate) mod chromium;
pub(crate) mod page;
pub(crate) mod sample;
