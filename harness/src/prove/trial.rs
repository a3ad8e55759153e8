//! One alteration: cases that execute it are carried out, and what they find says what becomes of it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;

use results::Verdict;
use results::proof::{Altered, Disturbance, Fate};
use vm::template::Scratch;

use super::ground::{Grounds, Item};
use super::reach::{Reached, Taker};
use crate::deadlines::{ALTERED_GRACE, altered};
use crate::machine_kind::MachineKind;
use crate::runner::executor::{Executor, Served};

/// The longest text about a fatal end, in columns.
const HOW: usize = 120;

/// A thread's own machines, to be altered and put right again.
pub(super) struct Bench<'a> {
    grounds: &'a Grounds,
    reached: &'a Reached,
    scratches: BTreeMap<MachineKind, Scratch>,
    /// Whether to go on after the first claim that notices.
    all: bool,
}

/// What a case says of an altered kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Nothing.
    Holds,
    /// Its claim is violated.
    Violated,
    /// The kernel died, warned, or went silent.
    Fatal,
    /// It could not be carried out.
    Broken,
    /// It waits for ever, and the kernel goes on.
    Stalled,
    /// It lacks something.
    Unmet,
}

impl<'a> Bench<'a> {
    pub(super) fn new(grounds: &'a Grounds, reached: &'a Reached, all: bool) -> Self {
        Self { grounds, reached, scratches: BTreeMap::new(), all }
    }

    /// Carries out the cases that execute an alteration; only what this machine cannot do is an error.
    pub(super) fn carry_out(&mut self, number: usize) -> anyhow::Result<Altered> {
        let item = &self.grounds.items[number];
        let reaching = &self.reached.by_item[number];
        let mut found = Found::default();
        for taker in reaching.iter().map(|at| &self.reached.takers[*at]) {
            let Some(served) = self.serve(item, taker)? else { continue };
            found.add(&taker.case.name(), &served);
            if found.is_decided(self.all) {
                break;
            }
        }
        Ok(found.conclude(item, reaching.len()))
    }

    /// One case in a clone of the altered machine; none if the alteration cannot be made in machines of its kind.
    fn serve(&mut self, item: &Item, taker: &Taker) -> anyhow::Result<Option<Served>> {
        let (Some(made), Some(ground)) = (item.on.get(&taker.kind), self.grounds.by_kind.get(&taker.kind)) else {
            return Ok(None);
        };
        let scratch = match self.scratches.entry(taker.kind) {
            MapEntry::Occupied(known) => known.into_mut(),
            MapEntry::Vacant(new) => new.insert(Scratch::of(&ground.template)?),
        };
        scratch.alter(&made.changes)?;
        let served = scratch.template().clone_machine().map_err(anyhow::Error::from).and_then(|machine| {
            let speed = self.grounds.kernel.speed();
            let mut executor = Executor::in_machine(machine, ground.hello.clone(), speed)?;
            let deadline = altered(taker.normal, speed.scale(taker.case.deadline()));
            Ok(executor.serve_within(taker.case, deadline, ALTERED_GRACE))
        });
        // The clone is gone: nobody looks at this memory now.
        scratch.restore()?;
        Ok(Some(served?))
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    noticed: Vec<String>,
    /// Under which claim, and how.
    fatal: Option<(String, String)>,
    disturbed: Disturbance,
}

impl Found {
    fn add(&mut self, claim: &str, served: &Served) {
        match sign(served) {
            Sign::Holds => {}
            Sign::Violated => self.noticed.push(claim.to_owned()),
            Sign::Fatal => {
                // What the case said in the middle of it is no matter.
                let message = served.report.stuck.as_ref().unwrap_or(&served.report.message);
                let message = message.split(" (the case said").next().unwrap_or_default();
                let how = results::escape_line(message, HOW);
                self.fatal.get_or_insert((claim.to_owned(), how));
            }
            Sign::Broken => self.disturbed.broken += 1,
            Sign::Stalled => self.disturbed.stalled += 1,
            Sign::Unmet => self.disturbed.unmet += 1,
        }
    }

    fn is_decided(&self, all: bool) -> bool {
        !all && (!self.noticed.is_empty() || self.fatal.is_some())
    }

    fn conclude(self, item: &Item, reached: usize) -> Altered {
        let (fate, by, how) = match (self.noticed, self.fatal) {
            _ if reached == 0 => (Fate::Unreached, Vec::new(), String::new()),
            (noticed, _) if !noticed.is_empty() => (Fate::Noticed, noticed, String::new()),
            (_, Some((claim, how))) => (Fate::Fatal, vec![claim], how),
            (_, None) => (Fate::Survived, Vec::new(), String::new()),
        };
        // Of those that are guarded nobody wants to see the instruction.
        let shown = matches!(fate, Fate::Survived | Fate::Unreached);
        Altered {
            at: format!("{:#x}:{}", item.name.offset, item.name.kind),
            fate,
            by,
            how,
            reached,
            disturbed: self.disturbed,
            instruction: if shown { item.words.clone() } else { String::new() },
            equivalent: None,
        }
    }
}

/// What it means that a case which holds in the kernel as it is says something else in an altered one.
///
/// A case that runs into its deadline while the worker can still say so waits for something that does not come, or comes late: a
/// wait of ours hangs, and not the kernel. Where the kernel hangs nobody says anything any more.
fn sign(served: &Served) -> Sign {
    match served.report.verdict {
        Verdict::Violated => Sign::Violated,
        Verdict::Crashed => Sign::Fatal,
        // The kernel does not let go of the case, which was killed.
        _ if served.silent || served.report.stuck.is_some() => Sign::Fatal,
        Verdict::Holds => Sign::Holds,
        Verdict::TimedOut => Sign::Stalled,
        Verdict::Broken => Sign::Broken,
        Verdict::Unmet | Verdict::OutOfRange => Sign::Unmet,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;

    use super::*;
    use crate::code::kind::{Kind, Name};
    use crate::protocol::Report;

    fn served(verdict: Verdict, silent: bool) -> Served {
        Served { silent, ..Served::without_worker(Report::new(verdict, "so (the case said: no matter)")) }
    }

    fn concluded(all: bool, verdicts: &[Served]) -> (Altered, usize) {
        let mut found = Found::default();
        let mut carried_out = 0;
        for (served, name) in verdicts.iter().zip('a'..) {
            carried_out += 1;
            found.add(&name.to_string(), served);
            if found.is_decided(all) {
                break;
            }
        }
        let name = Name { function: "f".to_owned(), offset: 0x10, kind: Kind::Jump };
        let item = Item { name, file: None, words: "je → jne".to_owned(), on: BTreeMap::new() };
        (found.conclude(&item, verdicts.len()), carried_out)
    }

    #[rstest]
    #[case::nobody(&[], Fate::Unreached, "", 0)]
    #[case::all_hold(&[served(Verdict::Holds, false), served(Verdict::Holds, false)], Fate::Survived, "", 2)]
    #[case::the_second(&[served(Verdict::Holds, false), served(Verdict::Violated, false), served(Verdict::Violated, false)], Fate::Noticed, "b", 2)]
    #[case::crashed(&[served(Verdict::Crashed, false), served(Verdict::Violated, false)], Fate::Fatal, "a", 1)]
    #[case::hung(&[served(Verdict::TimedOut, true), served(Verdict::Violated, false)], Fate::Fatal, "a", 1)]
    #[case::a_wait_hangs_and_another_notices(&[served(Verdict::TimedOut, false), served(Verdict::Violated, false)], Fate::Noticed, "b", 2)]
    #[case::only_waits_hang(&[served(Verdict::TimedOut, false)], Fate::Survived, "", 1)]
    #[case::only_preparations_fail(&[served(Verdict::Broken, false), served(Verdict::Broken, false)], Fate::Survived, "", 2)]
    #[case::only_needs_are_missing(&[served(Verdict::Unmet, false)], Fate::Survived, "", 1)]
    fn what_cases_find_says_what_becomes_of_it(
        #[case] verdicts: &[Served],
        #[case] fate: Fate,
        #[case] by: &str,
        #[case] tried: usize,
    ) {
        let (altered, carried_out) = concluded(false, verdicts);
        assert_eq!((altered.fate, altered.by.concat().as_str(), carried_out), (fate, by, tried));
    }

    #[test]
    fn what_is_disturbed_is_counted() {
        let kinds = [Verdict::Broken, Verdict::Broken, Verdict::TimedOut, Verdict::Unmet, Verdict::Holds];
        let (altered, _) = concluded(false, &kinds.map(|verdict| served(verdict, false)));
        assert_eq!(altered.disturbed, Disturbance { broken: 2, stalled: 1, unmet: 1 });
        assert_eq!((altered.at.as_str(), altered.instruction.as_str()), ("0x10:jcc", "je → jne"));
    }

    #[test]
    fn with_all_every_claim_is_tried_and_a_violated_one_counts_more_than_a_crash() {
        let kinds = [Verdict::Crashed, Verdict::Violated, Verdict::Holds, Verdict::Violated];
        let (altered, carried_out) = concluded(true, &kinds.map(|verdict| served(verdict, false)));
        assert_eq!((altered.fate, altered.by.concat().as_str(), carried_out), (Fate::Noticed, "bd", 4));
        let (altered, _) = concluded(true, &[served(Verdict::Crashed, false)]);
        assert_eq!((altered.fate, altered.how.as_str(), altered.instruction.as_str()), (Fate::Fatal, "so", ""));
    }
}
