//! A kernel's code as it lies in a machine's memory, and how it can be altered.
//!
//! - [`symbols`]: what has a name in it, and where; [`files`]: which functions a file of the kernel's tree has;
//! - [`memory`]: a guest's memory by the kernel's own addresses;
//! - [`function`]: a function, its instructions and their names;
//! - [`kind`], [`checks`], [`alteration`]: what can be altered in it, a few bytes in place.

pub(crate) mod alteration;
mod checks;
pub(crate) mod choice;
mod files;
pub(crate) mod function;
pub(crate) mod kind;
pub(crate) mod memory;
mod pattern;
pub(crate) mod symbols;
