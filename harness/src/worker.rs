//! The worker: a single-threaded process that reads requests, carries cases out one after another, and writes events.
//!
//! The same loop serves behind a socket on the host and behind a serial port in a guest; in a machine that is made for one case
//! the case's own process does that ([`crate::stage::sentry`]), and the worker what it leaves.

mod ahead;
pub(crate) mod shell;
mod symbols;

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use kit::{Case, Doing, Failure, KernelVersion, Need, NotAVersion, Outcome, Registry};
use nix::sys::utsname::uname;
use results::Verdict as Found;
use rustix::termios::tcdrain;

use crate::machine_kind::{self, Start};
use crate::needs::{self, Ground};
use crate::protocol::{Event, Hello, PROTOCOL, Report, Request};
use crate::stage::residue::{self, Surroundings, Taint};
use crate::stage::{Bounds, Mode, News, Stage, airlock};
use crate::terminal;
use ahead::Ahead;

/// The first argument that makes the executable a worker on the host.
pub(crate) const ROLE: &str = "__worker";

/// Serves cases on this machine: standard input is a socket to the runner. Returns when the runner hangs up.
pub(crate) fn serve_host(registry: Registry) -> Outcome<()> {
    let line = File::from(std::io::stdin().as_fd().try_clone_to_owned().doing("duplicate standard input")?);
    let events = line.try_clone().doing("duplicate the line to the runner")?;
    let ground = ground();
    prepare(ground).inspect_err(|failure| {
        // The runner hears it from here or sees the line close.
        let _ = say(&events, &Event::Failed(in_words(failure)));
    })?;
    let mut load = |name: &str| match ground {
        Ground::Host => Err("not on a host".to_owned()),
        Ground::Disposable => load_in_guest(name),
    };
    Worker::new(registry, ground, &mut load).serve(line)
}

/// What the machine is on which somebody started a run: in `nsproof shell` it is a disposable one.
fn ground() -> Ground {
    if shell::wanted().is_some() { Ground::Disposable } else { Ground::Host }
}

fn load_in_guest(name: &str) -> Result<(), String> {
    vm::guest::load_module(name).map_err(|error| error.to_string())
}

/// Serves cases as PID 1 of a guest. Does not return: without its PID 1 the kernel would panic.
pub(crate) fn serve_guest(registry: Registry) -> ! {
    // Its standard error is the console, which the runner keeps.
    match vm::guest::start() {
        Err(error) => terminal::note(format_args!("nsproof: {error}")),
        Ok(guest) if let Some(wanted) = shell::wanted() => {
            if let Err(error) = shell::run(guest.control, wanted) {
                terminal::note(format_args!("nsproof: the shell could not be started: {error}"));
            }
        }
        Ok(guest) => {
            airlock::forbid_core_dumps();
            let mut load = load_in_guest;
            for failure in machine_kind::to_load().iter().filter_map(|name| load(name).err()) {
                let _ = say(&guest.control, &Event::Failed(failure));
            }
            let mut worker = Worker::new(registry, Ground::Disposable, &mut load);
            worker.start = machine_kind::wanted();
            if let Err(failure) = worker.serve(guest.control) {
                terminal::note(format_args!("nsproof: {}", in_words(&failure)));
            }
        }
    }
    vm::guest::power_off()
}

fn prepare(ground: Ground) -> Outcome<()> {
    airlock::forbid_core_dumps();
    if ground == Ground::Disposable {
        return airlock::become_subreaper();
    }
    let is_met = |need: &Need| needs::check(need, Ground::Host, &mut |_| Err(String::new())).is_ok();
    if is_met(&Need::Root) && Mode::Staged.needs().iter().all(is_met) {
        airlock::enter()
    } else {
        airlock::forbid_crowds();
        airlock::become_subreaper()
    }
}

fn in_words(failure: &Failure) -> String {
    match failure {
        Failure::Unmet(reason) => reason.clone(),
        Failure::Broken(finding) | Failure::Violated(finding) => finding.message.clone(),
    }
}

/// Who carries cases out, and with what.
pub(crate) struct Worker<'a> {
    registry: Registry,
    ground: Ground,
    load: &'a mut dyn FnMut(&str) -> Result<(), String>,
    /// What it is to get done before it greets.
    start: Start,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(registry: Registry, ground: Ground, load: &'a mut dyn FnMut(&str) -> Result<(), String>) -> Self {
        Self { registry, ground, load, start: Start::Worker }
    }

    /// Greets, and carries out what is requested until there are no more requests.
    pub(crate) fn serve(mut self, line: File) -> Outcome<()> {
        let events = line.try_clone().doing("duplicate the line to the runner")?;
        let hello = hello()?;
        let version = version(&hello.release, &hello.version)?;
        let mut ahead = Ahead::make(self.start, self.registry, &hello, version);
        let taint = Taint::now();
        let news = match ahead.as_mut() {
            Some(Ahead { stage: Ok(stage), guarded: true, .. }) => {
                let name = |place: usize| self.registry.all().nth(place).map(Case::name);
                Some(stage.watch(&mut |place, report| {
                    if let Some(case) = place.and_then(name) {
                        tell(&events, case, report);
                    }
                })?)
            }
            _ => None,
        };
        match news {
            None => say(&events, &Event::Ready(hello))?,
            Some(News::HandedOver(request)) => self.carry_out(&request, version, ahead.take(), &events)?,
            Some(News::Ended(place, mut report)) => {
                residue::blame(&mut report, taint.since(&Taint::now()));
                let case = place.and_then(|place| self.registry.all().nth(place)).map(Case::name);
                say(&events, &Event::Finished { case: case.unwrap_or_default(), report })?;
                ahead = None;
            }
        }
        let mut requests = BufReader::new(line);
        let mut text = String::new();
        loop {
            text.clear();
            if requests.read_line(&mut text).doing("read a request")? == 0 {
                return Ok(());
            }
            self.carry_out(&text, version, ahead.take(), &events)?;
        }
    }

    fn carry_out(&mut self, request: &str, version: KernelVersion, ahead: Option<Ahead>, events: &File) -> Outcome<()> {
        let registry = self.registry;
        let known = |case: &str| registry.all().enumerate().find(|(_, known)| known.name() == case);
        match serde_json::from_str(request) {
            Ok(Request::Run { case, deadline_ms }) => {
                say(events, &Event::Started { case: case.clone() })?;
                let report = match known(&case) {
                    Some(known) => self.run(known, version, Duration::from_millis(deadline_ms), events, ahead),
                    None => Report::new(Found::Broken, "this worker does not know the case"),
                };
                say(events, &Event::Finished { case, report: Box::new(report) })
            }
            Ok(Request::End { case }) => {
                let stage = match known(&case) {
                    Some((_, case)) => self.stage_for(case, Mode::of(case), ahead),
                    None => Err(Failure::broken("this worker does not know the case")),
                };
                say(
                    events,
                    &match stage.and_then(Stage::end_untouched) {
                        Ok(stuck) => Event::Ended { stuck },
                        Err(failure) => Event::Failed(in_words(&failure)),
                    },
                )
            }
            Ok(Request::Symbols) => symbols::events()?.iter().try_for_each(|event| say(events, event)),
            Err(_) => say(events, &Event::Failed(format!("this is no request: {request}"))),
        }
    }

    fn run(
        &mut self,
        (place, case): (usize, &Case),
        version: KernelVersion,
        deadline: Duration,
        events: &File,
        ahead: Option<Ahead>,
    ) -> Report {
        if !case.covers(version) {
            return Report::out_of_range(case);
        }
        let mode = Mode::of(case);
        for need in mode.needs().iter().chain(case.needs) {
            if let Err(lack) = needs::check(need, self.ground, self.load) {
                return lack.into();
            }
        }
        let taint = Taint::now();
        // Nobody comes after a case whose machine was made for it.
        let before = (self.start == Start::Worker).then(Surroundings::now);
        let mut report = match self.stage_for(case, mode, ahead) {
            Ok(stage) => {
                let bounds = Bounds { deadline, runner: events.as_fd(), counted: self.ground == Ground::Host };
                stage.play(place, &bounds, &mut |found| tell(events, case.name(), found))
            }
            Err(failure) => Report::new(Found::Broken, format!("the stage could not be made: {}", in_words(&failure))),
        };
        if let Some(before) = before {
            residue::add(&mut report, &before.leaks(&Surroundings::now()));
        }
        residue::blame(&mut report, taint.since(&Taint::now()));
        report
    }

    /// Where the case is carried out.
    fn stage_for(&self, case: &Case, mode: Mode, ahead: Option<Ahead>) -> Outcome<Stage> {
        match ahead {
            // Also when it went wrong: nothing is tried twice.
            Some(Ahead { stage, .. }) if Start::of(case) == self.start => stage,
            // A stage that is not wanted ends first.
            other => {
                drop(other);
                Stage::make(mode, self.registry)
            }
        }
    }
}

fn hello() -> Outcome<Hello> {
    let system = uname().doing("uname")?;
    Ok(Hello {
        protocol: PROTOCOL,
        release: system.release().to_string_lossy().into_owned(),
        version: std::fs::read_to_string("/proc/version").doing("read /proc/version")?.trim().to_owned(),
    })
}

/// The running kernel's version; none if it says none that can be read.
pub(crate) fn own_version() -> Option<KernelVersion> {
    let hello = hello().ok()?;
    version(&hello.release, &hello.version).ok()
}

/// The kernel's mainline version. Debian's releases leave the last number out (`6.1.0-50-cloud-amd64`), its versions
/// do not (`… Debian 6.1.176-1 …`).
pub(crate) fn version(release: &str, banner: &str) -> Result<KernelVersion, NotAVersion> {
    let debian = banner.split_once(" Debian ").and_then(|(_, rest)| rest.parse().ok());
    debian.map_or_else(|| release.parse(), Ok)
}

/// Says what a case found before its stage is ended, and waits until it is out: the kernel may not survive what comes next.
fn tell(events: &File, case: String, report: &Report) {
    // Who does not hear it hears of the end.
    let _ = say(events, &Event::Found { case, report: Box::new(report.clone()) });
    // A socket has nothing to wait for, and says so.
    let _ = tcdrain(events);
}

fn say(mut events: &File, event: &Event) -> Outcome<()> {
    events.write_all(&event.line()?).map_err(|error| Failure::broken(format!("cannot write an event: {error}")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "6.1.0-50-cloud-amd64",
        "Linux version 6.1.0-50-cloud-amd64 (x@y) #1 SMP Debian 6.1.176-1 (2026-07-01)",
        "6.1.176"
    )]
    #[case("6.18.44", "Linux version 6.18.44 (root@host) #1 SMP PREEMPT_DYNAMIC", "6.18.44")]
    fn the_version_is_the_mainline_one(#[case] release: &str, #[case] text: &str, #[case] expected: &str) {
        assert_eq!(version(release, text).unwrap().to_string(), expected);
    }
}
