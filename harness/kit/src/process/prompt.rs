//! Lines as a person types them at a shell's prompt: what they come to is kept with what the case found.

use std::fmt::Display;
use std::process::Command;

use super::tool::{Container, Run, run};
use crate::expect_eq;
use crate::words::prompts;
use crate::words::verdict::Outcome;

/// A shell at whose prompt lines are typed, each by itself: what one changes in the shell is not there in the next.
#[derive(Debug, Default)]
pub struct Shell {
    variables: Vec<(&'static str, String)>,
}

impl Shell {
    /// One whose lines know this variable: `PID` stands for a number, so that the line is one that can be copied.
    pub fn with(name: &'static str, value: impl Display) -> Self {
        Self::default().and(name, value)
    }

    /// The same with one more variable.
    pub fn and(mut self, name: &'static str, value: impl Display) -> Self {
        self.variables.push((name, value.to_string()));
        self
    }

    /// Types a line that the claim says succeeds, without a complaint, and returns what it printed.
    pub fn prompt(&self, line: &str) -> Outcome<String> {
        let run = self.try_prompt(line)?;
        expect_eq!((run.status, run.errors.as_str()), (Some(0), ""), "status and complaints of «{line}»");
        Ok(run.output)
    }

    /// Types a line, whatever comes of it.
    pub fn try_prompt(&self, line: &str) -> Outcome<Run> {
        let mut command = Command::new("sh");
        command.args(["-c", line]).envs(self.variables.iter().map(|(name, value)| (name, value)));
        let run = run(&mut command)?;
        self.keep(line, &format!("{}{}", run.output, run.errors));
        Ok(run)
    }

    /// Types a command line that runs a program somewhere, with `cat` as the program: it is at work until the value that is
    /// returned goes.
    pub fn prompt_cat(&self, line: &str) -> Outcome<Container> {
        self.prompt_in_background(&format!("{line} cat"))
    }

    /// Types a command line that runs `cat` somewhere, as its own words or a configuration say.
    pub fn prompt_in_background(&self, line: &str) -> Outcome<Container> {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec {line}")]);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let container = Container::start_with(command)?;
        self.keep(&format!("{line} &"), "");
        Ok(container)
    }

    /// Has the line stand in the report, with what was printed.
    fn keep(&self, line: &str, said: &str) {
        let known = |name: &&(&str, String)| line.contains(&format!("${}", name.0));
        let set: String =
            self.variables.iter().filter(known).map(|(name, value)| format!("$ {name}={value}\n")).collect();
        let text = prompts::marked(&format!("{set}$ {}\n{said}", line.replace('\n', "\n> ")));
        // If it fails the report has less to show; what the case finds does not depend on it.
        let _ = nix::unistd::write(std::io::stdout(), text.as_bytes());
    }
}

/// Types a line that the claim says succeeds, without a complaint, and returns what it printed.
pub fn prompt(line: &str) -> Outcome<String> {
    Shell::default().prompt(line)
}

/// Types a line, whatever comes of it.
pub fn try_prompt(line: &str) -> Outcome<Run> {
    Shell::default().try_prompt(line)
}
