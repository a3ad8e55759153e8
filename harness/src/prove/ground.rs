//! A kernel's machines, and everything that can be altered in them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use vm::template::{Change, Template};

use crate::code::alteration::alterations;
use crate::code::choice::choose;
use crate::code::function::Function;
use crate::code::kind::Name;
use crate::machine_kind::MachineKind;
use crate::protocol::Hello;
use crate::runner::altering::{AlteringError, Known, changes};
use crate::runner::virtual_kernel::VirtualKernel;

/// A machine of one kind, as it was frozen.
pub(crate) struct Ground {
    pub(crate) template: Arc<Template>,
    pub(crate) hello: Hello,
    /// Where the chosen functions are: those that follow each other are one.
    pub(crate) ranges: Vec<Range<u64>>,
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

/// How an alteration is made.
#[derive(Debug)]
pub(crate) struct Made {
    /// The instruction's address.
    pub(crate) address: u64,
    /// Where it goes on when the alteration makes a difference.
    way: Option<u64>,
    pub(crate) changes: Vec<Change>,
}

impl Made {
    /// Whether who executes these instructions can notice it.
    pub(crate) fn is_reached(&self, executed: &BTreeSet<u64>) -> bool {
        executed.contains(&self.address) && self.way.is_none_or(|way| executed.contains(&way))
    }
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
            let chosen = choose(&known.symbols, functions)?;
            for one in &chosen {
                let next = order.len();
                let place = *order.entry(one.name.clone()).or_insert(next);
                let function = Function::read(one, memory)?;
                for alteration in alterations(&function, &known.symbols) {
                    let way = alteration.way.filter(|way| chosen.iter().any(|one| one.range.contains(way)));
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
            let ranges = joined(chosen.into_iter().map(|one| one.range).collect());
            by_kind.insert(*kind, Ground { template: Arc::clone(&template), hello, ranges });
        }
        Ok(Self { kernel, by_kind, items: found.into_values().collect() })
    }
}

/// Ranges in the order of addresses, those that touch made one.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_are_one() {
        assert_eq!(joined(vec![7..9, 1..3, 3..5, 4..6]), [1..6, 7..9]);
    }
}
