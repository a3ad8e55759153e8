//! The door for `cargo test`: the same entry as the command's.

fn main() -> std::process::ExitCode {
    harness::test_door(suites::ALL)
}
