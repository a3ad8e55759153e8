//! Tiny programs for what only a program can show: `execve(2)` of something with a known behaviour.

/// A program that cases can execute.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The name to execute it by.
    pub name: &'static str,
    /// What it does with its arguments; the value is its exit status.
    pub main: fn(&[String]) -> i32,
}
