//! A function: its code as it lies in memory, instruction by instruction.

use std::ops::Range;
use std::sync::Arc;

use iced_x86::{Decoder, DecoderOptions, Formatter, GasFormatter, Instruction, SymbolResolver, SymbolResult};

use super::choice::Chosen;
use super::memory::{Memory, MemoryError};
use super::symbols::Symbols;

/// Instructions shown before and after one.
const AROUND: usize = 6;

/// A function's code.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) start: u64,
    code: Vec<u8>,
    instructions: Vec<Instruction>,
}

impl Function {
    /// Reads it from memory: as it is executed, and not as it was linked, for kernels patch themselves.
    pub(crate) fn read(chosen: &Chosen, memory: Memory<'_>) -> Result<Self, MemoryError> {
        let code = memory.read(chosen.range.clone())?;
        Ok(Self::of(chosen.name.clone(), chosen.range.start, code))
    }

    /// The function with this code.
    pub(super) fn of(name: String, start: u64, code: Vec<u8>) -> Self {
        let instructions = Decoder::with_ip(64, &code, start, DecoderOptions::NONE).iter().collect();
        Self { name, start, code, instructions }
    }

    /// Its instructions, in the order of addresses.
    pub(crate) fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// An instruction's bytes.
    pub(super) fn bytes(&self, instruction: &Instruction) -> &[u8] {
        let start = usize::try_from(instruction.ip() - self.start).unwrap_or(usize::MAX);
        self.code.get(start..start.saturating_add(instruction.len())).unwrap_or_default()
    }

    /// What stands around an address, and what is to stand there instead: `-` and `+` mark the two.
    pub(crate) fn listing(&self, address: u64, new: &[u8], symbols: &Arc<Symbols>) -> String {
        let at = self.instructions.partition_point(|instruction| instruction.ip() < address);
        let shown = at.saturating_sub(AROUND)..(at + AROUND + 1).min(self.instructions.len());
        let mut words = Words::new(self, symbols);
        let mut text = String::new();
        for instruction in &self.instructions[shown] {
            let is_altered = instruction.ip() == address;
            let mark = if is_altered { '-' } else { ' ' };
            let offset = instruction.ip() - self.start;
            text.push_str(&format!("  {mark} +{offset:<#6x} {}\n", words.of(instruction)));
            if is_altered {
                for altered in &Decoder::with_ip(64, new, address, DecoderOptions::NONE).iter().collect::<Vec<_>>() {
                    let offset = altered.ip() - self.start;
                    text.push_str(&format!("  + +{offset:<#6x} {}\n", words.of(altered)));
                }
            }
        }
        text
    }

    /// What stands at an address, and what is to stand there instead, in one line.
    pub(crate) fn in_words(&self, address: u64, new: &[u8], symbols: &Arc<Symbols>) -> String {
        let mut words = Words::new(self, symbols);
        let at = self.instructions.partition_point(|instruction| instruction.ip() < address);
        let old = self.instructions.get(at).map(|instruction| words.of(instruction)).unwrap_or_default();
        let new: Vec<_> =
            Decoder::with_ip(64, new, address, DecoderOptions::NONE).iter().map(|altered| words.of(&altered)).collect();
        format!("{old} → {}", new.join("; "))
    }
}

/// Instructions as text, in the syntax of the kernel's own oopses and of objdump(1).
struct Words(GasFormatter);

impl Words {
    fn new(function: &Function, symbols: &Arc<Symbols>) -> Self {
        let end = function.start + function.code.len() as u64;
        let names = Names { symbols: Arc::clone(symbols), function: function.name.clone(), range: function.start..end };
        let mut formatter = GasFormatter::with_options(Some(Box::new(names)), None);
        let options = formatter.options_mut();
        options.set_space_after_operand_separator(true);
        options.set_uppercase_hex(false);
        options.set_signed_immediate_operands(true);
        Self(formatter)
    }

    fn of(&mut self, instruction: &Instruction) -> String {
        let mut text = String::new();
        self.0.format(instruction, &mut text);
        text
    }
}

struct Names {
    symbols: Arc<Symbols>,
    function: String,
    range: Range<u64>,
}

impl SymbolResolver for Names {
    fn symbol(
        &mut self,
        instruction: &Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        if instruction.near_branch_target() != address {
            return None;
        }
        if self.range.contains(&address) {
            let within = format!("{}+{:#x}", self.function, address - self.range.start);
            return Some(SymbolResult::with_string(address, within));
        }
        self.symbols.name_at(address).map(|name| SymbolResult::with_str(address, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_shows_what_stands_there_and_what_will() {
        let symbols = Arc::new(Symbols::read("1000 before\n2000 ns_capable\n"));
        // test %eax, %eax; je +2; call ns_capable; ret
        let code = [0x85, 0xc0, 0x74, 0x05, 0xe8, 0xf7, 0x0f, 0, 0, 0xc3];
        let function = Function::of("before".to_owned(), 0x1000, code.to_vec());
        let listing = "    +0x0    test %eax, %eax\n  - +0x2    je before+0x9\n  + +0x2    jne before+0x9\n    \
            +0x4    call ns_capable\n    +0x9    ret\n";
        assert_eq!(function.listing(0x1002, &[0x75, 0x05], &symbols), listing);
        let words = function.in_words(0x1004, &[0x31, 0xc0, 0x0f, 0x1f, 0], &symbols);
        assert_eq!(words, "call ns_capable → xor %eax, %eax; nopl (%rax)");
    }
}
