//! The command.

fn main() -> std::process::ExitCode {
    harness::test_door(suites::ALL)
}
