//! One alteration: cases that execute it are carried out, and what they find says what becomes of it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;

use results::proof::{Altered, Disturbance, Fate};
use vm::template::scratch::Scratch;

use super::earlier::{Before, Earlier};
use super::ground::{Grounds, Item};
use super::order::{self, Asked};
use super::reach::{Reached, Taker};
use super::sign::{Sign, how, sign};
use crate::deadlines::{ALTERED_GRACE, altered};
use crate::machine_kind::MachineKind;
use crate::runner::executor::{Executor, Served};

/// A thread's own machines, to be altered and put right again.
pub(super) struct Bench<'a> {
    grounds: &'a Grounds,
    reached: &'a Reached,
    scratches: BTreeMap<MachineKind, Scratch>,
    /// A clone in which one case is asked after the other, as long as their claims hold.
    company: Option<Executor>,
    /// Whether to go on after the first claim that notices.
    all: bool,
    /// How many cases are asked at most.
    most: usize,
    /// What is known of the file that was last worked on: which cases execute the same of it.
    sorts: (String, Vec<usize>),
}

impl<'a> Bench<'a> {
    pub(super) fn new(grounds: &'a Grounds, reached: &'a Reached, all: bool, most: usize) -> Self {
        Self { grounds, reached, scratches: BTreeMap::new(), company: None, all, most, sorts: Default::default() }
    }

    /// Carries out the cases that execute an alteration; only what this machine cannot do is an error.
    pub(super) fn carry_out(&mut self, number: usize, before: &Before) -> anyhow::Result<Altered> {
        let item = &self.grounds.items[number];
        let mut reaching = self.in_order(number);
        let all = reaching.len();
        let mut found = Found::of(before);
        let mut earlier = Earlier::of(before, self.most);
        let reached = self.reached;
        let hinted = reaching.iter().copied().find(|at| before.hint.as_ref() == Some(&reached.takers[*at].case.name()));
        reaching.retain(|at| !earlier.has_asked(&reached.takers[*at]) && Some(*at) != hinted);
        for taker in hinted.into_iter().chain(reaching).map(|at| &reached.takers[at]) {
            let in_company = if found.now < ALONE { None } else { self.serve_in_company(item, taker)? };
            let served = match in_company {
                Some(served) => Some(served),
                None => self.serve(item, taker)?,
            };
            let Some(served) = served else { continue };
            found.add(&taker.case.name(), &served);
            if found.is_decided(self.all) || !self.all && found.is_tired(earlier.patience) {
                break;
            }
        }
        self.part_company()?;
        Ok(found.conclude(item, all))
    }

    /// What one case says of an alteration, and how the kernel ended; nothing if that cannot be made in machines of its kind.
    pub(super) fn ask_about(&mut self, number: usize, taker: &Taker) -> anyhow::Result<Option<(Sign, String)>> {
        let served = self.serve(&self.grounds.items[number], taker)?;
        Ok(served.map(|served| (sign(&served), how(&served))))
    }

    /// The cases that execute an alteration, in the order in which they are asked.
    fn in_order(&mut self, number: usize) -> Vec<usize> {
        let item = &self.grounds.items[number];
        let file = item.file.unwrap_or(&item.name.function);
        if self.sorts.0 != file {
            let is_near = |other: &&Item| {
                other.name.function == item.name.function || item.file.is_some() && other.file == item.file
            };
            let functions = self.grounds.items.iter().filter(is_near).map(|other| other.name.function.as_str());
            self.sorts = (file.to_owned(), self.reached.sorts(&functions.collect()));
        }
        let takers = &self.reached.takers;
        let mut reaching = self.reached.reaching(number);
        let own = item.file.and_then(order::suite);
        order::sort(&mut reaching, &self.sorts.1, |at| Asked {
            is_foreign: Some(takers[at].case.suite()) != own,
            executes: takers[at].executed.count(),
        });
        reaching
    }

    /// One case in a clone of the altered machine; none if the alteration cannot be made in machines of its kind.
    fn serve(&mut self, item: &Item, taker: &Taker) -> anyhow::Result<Option<Served>> {
        let Some(mut executor) = self.executor(item, taker.kind)? else { return Ok(None) };
        let served = self.ask(&mut executor, taker);
        drop(executor);
        self.restore(taker.kind)?;
        Ok(Some(served))
    }

    /// One case after others in the same clone, which is quicker; none if that says nothing: the claim has to hold.
    fn serve_in_company(&mut self, item: &Item, taker: &Taker) -> anyhow::Result<Option<Served>> {
        if taker.kind.cpus != MachineKind::SHARED.cpus {
            return Ok(None);
        }
        let executor = match self.company.take() {
            Some(executor) => Some(executor),
            None => self.executor(item, MachineKind::SHARED)?,
        };
        let Some(mut executor) = executor else { return Ok(None) };
        let served = self.ask(&mut executor, taker);
        self.company = Some(executor);
        let holds = sign(&served) == Sign::Holds;
        if !(holds && served.reusable) {
            self.part_company()?;
        }
        Ok(Some(served).filter(|_| holds))
    }

    fn part_company(&mut self) -> anyhow::Result<()> {
        match self.company.take() {
            None => Ok(()),
            Some(executor) => {
                drop(executor);
                self.restore(MachineKind::SHARED)
            }
        }
    }

    fn ask(&self, executor: &mut Executor, taker: &Taker) -> Served {
        let deadline = altered(taker.normal, self.grounds.kernel.speed().scale(taker.case.deadline()));
        executor.serve_within(taker.case, deadline, ALTERED_GRACE)
    }

    /// A clone of the altered machine of this kind; none if the alteration cannot be made in one.
    fn executor(&mut self, item: &Item, kind: MachineKind) -> anyhow::Result<Option<Executor>> {
        let (Some(made), Some(ground)) = (item.on.get(&kind), self.grounds.by_kind.get(&kind)) else {
            return Ok(None);
        };
        let scratch = match self.scratches.entry(kind) {
            MapEntry::Occupied(known) => known.into_mut(),
            MapEntry::Vacant(new) => new.insert(Scratch::of(&ground.template)?),
        };
        scratch.alter(&made.changes)?;
        let machine = scratch.template().clone_machine()?;
        Ok(Some(Executor::in_machine(machine, ground.hello.clone(), self.grounds.kernel.speed())?))
    }

    /// The clone is gone: nobody looks at this memory now.
    fn restore(&mut self, kind: MachineKind) -> anyhow::Result<()> {
        self.scratches.get_mut(&kind).map(Scratch::restore).transpose()?;
        Ok(())
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    noticed: Vec<String>,
    /// Under which claim, and how.
    fatal: Option<(String, String)>,
    disturbed: Disturbance,
    /// How many cases were asked: in all, and this time.
    tried: usize,
    now: usize,
}

/// How many cases have a clone of their own each. After them it is likely that nobody notices, and others share one until a claim
/// does not hold, whose case is then asked again, alone.
const ALONE: usize = 2;

impl Found {
    /// What is known before anything is tried.
    fn of(before: &Before) -> Self {
        let Some((known, _)) = &before.known else { return Self::default() };
        let tried = known.tried.unwrap_or(known.reached);
        Self { disturbed: known.disturbed, tried, ..Self::default() }
    }

    fn add(&mut self, claim: &str, served: &Served) {
        self.tried += 1;
        self.now += sign(served).costs();
        match sign(served) {
            Sign::Holds => {}
            Sign::Violated => self.noticed.push(claim.to_owned()),
            Sign::Fatal => {
                self.fatal.get_or_insert_with(|| (claim.to_owned(), how(served)));
            }
            Sign::Broken => self.disturbed.broken += 1,
            Sign::Stalled => self.disturbed.stalled += 1,
            Sign::Unmet => self.disturbed.unmet += 1,
        }
    }

    fn is_decided(&self, all: bool) -> bool {
        !all && (!self.noticed.is_empty() || self.fatal.is_some())
    }

    /// Whether enough was tried.
    fn is_tired(&self, most: usize) -> bool {
        self.now >= most
    }

    fn conclude(self, item: &Item, reached: usize) -> Altered {
        let tried = self.tried;
        let (fate, by, how) = match (self.noticed, self.fatal) {
            _ if reached == 0 => (Fate::Unreached, Vec::new(), String::new()),
            (noticed, _) if !noticed.is_empty() => (Fate::Noticed, noticed, String::new()),
            (_, Some((claim, how))) => (Fate::Fatal, vec![claim], how),
            (_, None) => (Fate::Survived, Vec::new(), String::new()),
        };
        // Of those that are guarded nobody wants to see the instruction.
        let shown = matches!(fate, Fate::Survived | Fate::Unreached);
        Altered {
            fate,
            by,
            how,
            tried: (fate == Fate::Survived && tried < reached).then_some(tried),
            disturbed: self.disturbed,
            instruction: if shown { item.words.clone() } else { String::new() },
            ..item.unknown(reached)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use results::Verdict;
    use rstest::rstest;

    use super::super::earlier::was_tired_early;
    use super::super::sign::STALLED;
    use super::*;
    use crate::code::kind::{Kind, Name};
    use crate::protocol::Report;

    fn served(verdict: Verdict, silent: bool) -> Served {
        Served { silent, ..Served::without_worker(Report::new(verdict, "so (the case said: no matter)")) }
    }

    const MOST: usize = 15;

    fn concluded(all: bool, verdicts: &[Served]) -> (Altered, usize) {
        let mut found = Found::default();
        let mut carried_out = 0;
        for (served, name) in verdicts.iter().zip('a'..) {
            carried_out += 1;
            found.add(&name.to_string(), served);
            if found.is_decided(all) || found.is_tired(MOST) {
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
    fn enough_is_enough_and_is_told() {
        let (altered, tried) = concluded(false, &[Verdict::Holds; 20].map(|verdict| served(verdict, false)));
        assert_eq!((altered.fate, altered.reached, altered.tried, tried), (Fate::Survived, 20, Some(15), 15));
        let (altered, tried) = concluded(false, &[Verdict::TimedOut; 20].map(|verdict| served(verdict, false)));
        assert_eq!((altered.fate, altered.tried, tried), (Fate::Survived, Some(2), 2));
    }

    #[test]
    fn with_more_patience_a_survivor_is_asked_further() {
        let survivor =
            |verdict, count| concluded(false, &(0..count).map(|_| served(verdict, false)).collect::<Vec<_>>()).0;
        let tired = survivor(Verdict::Holds, 20);
        assert!(was_tired_early(&tired, MOST + 1) && !was_tired_early(&tired, MOST));
        let stalled = survivor(Verdict::TimedOut, 20);
        assert!(was_tired_early(&stalled, 2 * STALLED + 1) && !was_tired_early(&stalled, 2 * STALLED), "{stalled:?}");
        assert!(!was_tired_early(&survivor(Verdict::Holds, MOST - 1), usize::MAX), "all were asked");
    }

    #[test]
    fn who_came_later_adds_to_what_was_known() {
        let (known, _) = concluded(false, &[Verdict::Broken; 3].map(|verdict| served(verdict, false)));
        let mut found = Found::of(&Before { known: Some((known, 0)), hint: None });
        found.add("new", &served(Verdict::Violated, false));
        let name = Name { function: "f".to_owned(), offset: 0x10, kind: Kind::Jump };
        let altered = found.conclude(&Item { name, file: None, words: String::new(), on: BTreeMap::new() }, 4);
        assert_eq!((altered.fate, altered.disturbed.broken, altered.reached), (Fate::Noticed, 3, 4));
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
