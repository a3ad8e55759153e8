//! A kernel's machines, and everything that can be altered in them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use results::proof::{Altered, Disturbance, Fate, Runs};
use vm::template::Template;
use vm::template::scratch::Change;

use crate::code::alteration::alterations;
use crate::code::choice::{Chosen, choose};
use crate::code::function::Function;
use crate::code::kind::Name;
use crate::code::memory::{Memory, MemoryError};
use crate::machine_kind::MachineKind;
use crate::protocol::Hello;
use crate::runner::altering::{AlteringError, Known, changes};
use crate::runner::virtual_kernel::VirtualKernel;

/// A machine of one kind, as it was frozen.
pub(crate) struct Ground {
    pub(crate) template: Arc<Template>,
    pub(crate) hello: Hello,
    /// The functions of which it is seen who executes them, by their addresses: those that were chosen, and all of known files.
    functions: Vec<Traced>,
}

/// A function of which it is seen who executes it.
struct Traced {
    name: String,
    range: Range<u64>,
    /// Where its instructions begin, and how long each is.
    lengths: BTreeMap<u64, u64>,
}

impl Ground {
    /// Where its functions are: those that follow each other are one.
    pub(crate) fn ranges(&self) -> Vec<Range<u64>> {
        Runs::of(self.functions.iter().map(|function| function.range.clone()).collect()).into_ranges()
    }

    fn at(&self, address: u64) -> Option<&Traced> {
        let after = self.functions.partition_point(|function| function.range.start <= address);
        self.functions[..after].last().filter(|function| function.range.contains(&address))
    }

    /// The place of an address where functions are laid end to end from these bases.
    pub(crate) fn place(&self, address: u64, bases: &BTreeMap<&str, u64>) -> Option<u64> {
        let function = self.at(address)?;
        Some(bases.get(function.name.as_str())? + address - function.range.start)
    }

    /// The places of all bytes of these instructions.
    pub(crate) fn places(&self, executed: &BTreeSet<u64>, bases: &BTreeMap<&str, u64>) -> Runs {
        let run = |address: &u64| {
            let place = self.place(*address, bases)?;
            Some(place..place + self.at(*address)?.lengths.get(address)?)
        };
        Runs::of(executed.iter().filter_map(run).collect())
    }
}

/// One alteration, on every kind of machine.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) name: Name,
    /// The file of the kernel's tree; none when it is not known.
    pub(crate) file: Option<&'static str>,
    /// The instruction as it was and as it becomes.
    pub(crate) words: String,
    /// On which kinds of machines it can be made, and how. Kernels patch themselves for the processors that they have.
    pub(crate) on: BTreeMap<MachineKind, Made>,
}

impl Item {
    /// What is known of it before anything is tried.
    pub(super) fn unknown(&self, reached: usize) -> Altered {
        Altered {
            at: format!("{:#x}:{}", self.name.offset, self.name.kind),
            fate: Fate::Unreached,
            by: Vec::new(),
            how: String::new(),
            reached,
            tried: None,
            disturbed: Disturbance::default(),
            instruction: self.words.clone(),
            equivalent: None,
        }
    }
}

/// How an alteration is made.
#[derive(Debug)]
pub(crate) struct Made {
    /// The instruction's address.
    pub(crate) address: u64,
    /// Where it goes on when the alteration makes a difference.
    pub(crate) way: Option<u64>,
    pub(crate) changes: Vec<Change>,
}

/// A kernel to be altered.
pub(crate) struct Grounds {
    pub(crate) kernel: VirtualKernel,
    pub(crate) by_kind: BTreeMap<MachineKind, Ground>,
    /// In the order of files, functions and addresses.
    pub(crate) items: Vec<Item>,
}

impl Grounds {
    /// Boots a machine of each kind and finds the functions in it.
    pub(crate) fn of(
        kernel: VirtualKernel,
        kinds: &[MachineKind],
        functions: &[String],
    ) -> Result<Self, AlteringError> {
        let mut by_kind = BTreeMap::new();
        let mut found: BTreeMap<(usize, Name), Item> = BTreeMap::new();
        let mut order: BTreeMap<String, usize> = BTreeMap::new();
        for kind in kinds {
            let (template, hello) = kernel.frozen(*kind)?;
            let known = Known::of(&template)?;
            let memory = known.memory()?;
            let chosen = still_there(choose(&known.symbols, functions)?, memory)?;
            let mut traced = still_there(choose(&known.symbols, &[])?, memory)?;
            traced.extend(chosen.iter().cloned());
            let functions = traced_functions(traced, memory)?;
            let ground = Ground { template: Arc::clone(&template), hello, functions };
            for one in &chosen {
                let next = order.len();
                let place = *order.entry(one.name.clone()).or_insert(next);
                let function = Function::read(one, memory)?;
                for alteration in alterations(&function, &known.symbols) {
                    let way = alteration.way.filter(|way| ground.at(*way).is_some());
                    let made = Made { address: alteration.address, way, changes: changes(&alteration, memory)? };
                    let item = found.entry((place, alteration.name.clone())).or_insert_with(|| Item {
                        name: alteration.name.clone(),
                        file: one.file,
                        words: function.in_words(alteration.address, &alteration.new, &known.symbols),
                        on: BTreeMap::new(),
                    });
                    item.on.insert(*kind, made);
                }
            }
            by_kind.insert(*kind, ground);
        }
        Ok(Self { kernel, by_kind, items: found.into_values().collect() })
    }

    /// All functions of which it is seen who executes them, and their lengths.
    pub(crate) fn functions(&self) -> Vec<(String, u64)> {
        let mut lengths: BTreeMap<&str, u64> = BTreeMap::new();
        for function in self.by_kind.values().flat_map(|ground| &ground.functions) {
            let length = lengths.entry(&function.name).or_default();
            *length = (*length).max(function.range.end - function.range.start);
        }
        lengths.into_iter().map(|(name, length)| (name.to_owned(), length)).collect()
    }
}

/// Those that are in memory still: of what modules need only to begin it is given back. An error if none is.
fn still_there(chosen: Vec<Chosen>, memory: Memory<'_>) -> Result<Vec<Chosen>, MemoryError> {
    let (there, gone): (Vec<_>, Vec<_>) =
        chosen.into_iter().map(|one| (Function::read(&one, memory).map(drop), one)).partition(|(read, _)| read.is_ok());
    match (there.is_empty(), gone.into_iter().next()) {
        (true, Some((Err(error), _))) => Err(error),
        _ => Ok(there.into_iter().map(|(_, one)| one).collect()),
    }
}

/// Each function once, by addresses.
fn traced_functions(mut chosen: Vec<Chosen>, memory: Memory<'_>) -> Result<Vec<Traced>, MemoryError> {
    chosen.sort_by_key(|one| one.range.start);
    chosen.dedup_by_key(|one| one.range.start);
    let traced = |one: &Chosen| {
        let function = Function::read(one, memory)?;
        let lengths = function.instructions().iter().map(|one| (one.ip(), one.len() as u64)).collect();
        Ok(Traced { name: one.name.clone(), range: one.range.clone(), lengths })
    };
    chosen.iter().map(traced).collect()
}
