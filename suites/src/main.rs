//! The command.

fn main() -> std::process::ExitCode {
    harness::command(suites::ALL)
}
