//! The words of the project: a *claim* is a sentence about the kernel, its *case* the function that tests it; a case has
//! *needs*, *expects* answers and comes to a *verdict*; the *registry* has them all; a *source* is where a claim is written.

pub mod claim;
pub mod expect;
pub mod need;
pub mod prepared;
pub mod program;
pub mod prompts;
pub mod refusal;
pub mod registry;
pub mod sentence;
pub mod source;
pub mod verdict;
