//! The program that the suite's cases execute: it says where it is, and tries to set the offsets.

use std::ffi::CString;
use std::io::{PipeReader, Read, pipe};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;

use kit::Program;
use kit::prelude::*;
use kit::process::program_command;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, posix_spawn};
use nix::sys::wait::waitpid;
use nix::time::ClockId;
use serde::{Deserialize, Serialize};

use super::clock::Way;
use super::offsets::{shown, write};

/// What the program says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Word {
    /// Its time namespace.
    pub(super) namespace: Inode,
    /// The errno with which setting the offsets failed.
    pub(super) written: Option<i32>,
    /// The offsets of its children's time namespace then.
    pub(super) offsets: [(i64, i64); 2],
    /// CLOCK_MONOTONIC by the vDSO and by the system call, in nanoseconds.
    pub(super) clocks: [i64; 2],
}

impl Word {
    /// What the program sets, if it can.
    pub(super) const WRITTEN: [(i64, i64); 2] = [(5, 0), (6, 0)];

    fn here() -> Outcome<Self> {
        let clock = ClockId::CLOCK_MONOTONIC;
        let clocks = [Way::Vdso.read(clock)?, Way::Call.read(clock)?];
        let answer = write("self", "monotonic 5 0\nboottime 6 0\n").portable();
        let written = answer.err().map(|refusal| refusal.errno() as i32);
        Ok(Self { namespace: own_inode(Kind::Time)?, written, offsets: shown("self")?, clocks })
    }
}

/// The program.
pub(super) const PROGRAM: Program = Program { name: "time-word", main };

fn main(_: &[String]) -> i32 {
    match Word::here().and_then(|word| Ok(serde_json::to_string(&word)?)) {
        Ok(word) => println!("{word}"),
        Err(_) => return 1,
    }
    0
}

/// What the program says that a child of ours executes when it has done `first`.
pub(super) fn run_after(first: impl FnOnce() -> Outcome<()>) -> Outcome<Word> {
    let (output, input) = pipe()?;
    let child = spawn(NONE, move |_| {
        first()?;
        Err::<(), _>(program_command(PROGRAM.name).stdout(input).exec().into())
    })?;
    let word = read(output);
    child.wait()?;
    word
}

/// What the program says that we start by `posix_spawn(3)`, or the errno of that.
pub(super) fn spawn_program() -> Outcome<nix::Result<Word>> {
    let command = program_command(PROGRAM.name);
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let line = words.map(|word| CString::new(word.as_encoded_bytes())).collect::<Result<Vec<_>, _>>()?;
    let (output, input) = pipe()?;
    let mut actions = PosixSpawnFileActions::init()?;
    actions.add_dup2(input.as_raw_fd(), 1)?;
    let started = posix_spawn(c"/proc/self/exe", &actions, &PosixSpawnAttr::init()?, &line, &[c""; 0]);
    drop(input);
    match started {
        Err(errno) => Ok(Err(errno)),
        Ok(pid) => {
            let word = read(output);
            waitpid(pid, None).doing("wait for the program")?;
            word.map(Ok)
        }
    }
}

fn read(mut output: PipeReader) -> Outcome<Word> {
    let mut line = String::new();
    output.read_to_string(&mut line).doing("read what the program says")?;
    serde_json::from_str(&line).doing(format!("understand the program's «{line}»"))
}
