//! The proof: a kernel is altered in memory, branch by branch, and claims are asked whether they notice.
//!
//! - [`ground`]: a kernel's machines, and all that can be altered in them;
//! - [`reach`]: which claims' cases execute which alterations, taken once;
//! - [`earlier`]: what was known of an alteration before;
//! - [`kept`]: what was found so far;
//! - [`order`]: who is asked first;
//! - [`sample`]: what was guarded before, to be tried again;
//! - [`sign`]: what it means that a case says something else;
//! - [`silent`]: claims that noticed nothing, asked by themselves;
//! - [`trial`]: one alteration, and what becomes of it;
//! - [`work`]: all of them, side by side, journalled.

mod earlier;
pub(crate) mod ground;
mod kept;
mod order;
pub(crate) mod reach;
pub(crate) mod sample;
mod sign;
mod silent;
mod trial;
pub(crate) mod work;
