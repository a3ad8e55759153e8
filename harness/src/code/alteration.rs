//! What can be altered in a function: a few bytes in place each time.

use iced_x86::{ConditionCode, Instruction, Mnemonic, OpKind, Register};
use nix::errno::Errno;

use super::checks::{Says, check, counts_references};
use super::function::Function;
use super::kind::{Kind, Name};
use super::symbols::Symbols;

const NOP: u8 = 0x90;
const RET: u8 = 0xc3;

/// The bit of a condition's opcode that makes it the opposite one (Intel's manual, volume 2, appendix B.1.4.7).
const OPPOSITE: u8 = 1;

/// Values of an `unsigned long` from here on are errors (`IS_ERR_VALUE()`, include/linux/err.h): no limit of anything.
const ERRORS: i64 = -4096;

/// Where a function goes that finds its stack written over.
const STACK_CHECK: &str = "__stack_chk_fail";

/// How far behind a comparison what it is for is looked for, in instructions.
const NEAR: usize = 3;

/// How far ahead of the instruction that moves a counter the number stands that it is moved by: before a loop.
const AHEAD: usize = 12;

/// One alteration of a kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alteration {
    pub(crate) name: Name,
    /// Of the instruction.
    pub(crate) address: u64,
    /// The instruction's bytes.
    pub(crate) old: Vec<u8>,
    /// As many others.
    pub(crate) new: Vec<u8>,
    /// Where it goes on in the kernel as it is when the alteration makes a difference; none if it always makes one. A jump that
    /// is never taken is no other for those that do not take it.
    pub(crate) way: Option<u64>,
}

/// Everything that can be altered in a function, in the order of addresses.
pub(crate) fn alterations(function: &Function, symbols: &Symbols) -> Vec<Alteration> {
    let instructions = function.instructions();
    let mut all = Vec::new();
    for (at, instruction) in instructions.iter().enumerate() {
        if guards_the_stack(instruction, instructions, symbols) {
            continue;
        }
        let old = function.bytes(instruction);
        let after = &instructions[at + 1..];
        let found = [
            conditions(instruction, old),
            errnos(instruction, old, after),
            limits(instruction, old, after),
            calls(instruction, symbols),
            counters(instruction, old),
        ];
        all.extend(found.into_iter().flatten().map(|(kind, new)| Alteration {
            name: Name { function: function.name.clone(), offset: instruction.ip() - function.start, kind },
            address: instruction.ip(),
            old: old.to_vec(),
            new,
            way: way(kind, instruction),
        }));
    }
    all
}

/// Whether a jump is the compiler's own, to where a function goes whose stack was written over: nobody's code.
fn guards_the_stack(instruction: &Instruction, all: &[Instruction], symbols: &Symbols) -> bool {
    let target = instruction.near_branch_target();
    let there = all.get(all.partition_point(|other| other.ip() < target)).filter(|other| other.ip() == target);
    instruction.is_jcc_short_or_near()
        && there.is_some_and(|other| {
            other.is_call_near() && symbols.name_at(other.near_branch_target()) == Some(STACK_CHECK)
        })
}

fn way(kind: Kind, instruction: &Instruction) -> Option<u64> {
    match kind {
        Kind::Never => Some(instruction.near_branch_target()),
        Kind::Always => Some(instruction.next_ip()),
        _ => None,
    }
}

type Found = Vec<(Kind, Vec<u8>)>;

/// Jumps, moves and settings that depend on a condition.
fn conditions(instruction: &Instruction, old: &[u8]) -> Found {
    if instruction.condition_code() == ConditionCode::None {
        return Vec::new();
    }
    let turned = |at: usize| {
        let mut new = old.to_vec();
        new[at] ^= OPPOSITE;
        new
    };
    match *old {
        // Jcc rel8
        [opcode @ 0x70..=0x7f, distance] => {
            let never = vec![NOP; 2];
            vec![
                (Kind::Jump, vec![opcode ^ OPPOSITE, distance]),
                (Kind::Never, never),
                (Kind::Always, vec![0xeb, distance]),
            ]
        }
        // Jcc rel32
        [0x0f, 0x80..=0x8f, a, b, c, d] => {
            // The jump without a condition is a byte shorter, and distances count from an instruction's end.
            let distance = i32::from_le_bytes([a, b, c, d]).wrapping_add(1).to_le_bytes();
            let always = [&[0xe9], &distance[..], &[NOP]].concat();
            vec![(Kind::Jump, turned(1)), (Kind::Never, vec![NOP; 6]), (Kind::Always, always)]
        }
        _ => {
            let kind = if is_move(instruction) { Kind::Move } else { Kind::Set };
            let opcode =
                old.windows(2).position(|pair| pair[0] == 0x0f && matches!(pair[1], 0x40..=0x4f | 0x90..=0x9f));
            opcode.map(|at| (kind, turned(at + 1))).into_iter().collect()
        }
    }
}

fn is_move(instruction: &Instruction) -> bool {
    instruction.op_count() == 2
}

/// Errnos that are written somewhere as constants.
fn errnos(instruction: &Instruction, old: &[u8], after: &[Instruction]) -> Found {
    let is_constant = instruction.mnemonic() == Mnemonic::Mov
        && matches!(instruction.op1_kind(), OpKind::Immediate32 | OpKind::Immediate32to64);
    if !is_constant || old.len() < 5 {
        return Vec::new();
    }
    // The constant is the instruction's end.
    let (front, constant) = old.split_at(old.len() - 4);
    let value = constant.try_into().map(i32::from_le_bytes).unwrap_or(0);
    let errno = value.checked_neg().filter(|number| *number > 0).map_or(Errno::UnknownErrno, Errno::from_raw);
    // -1 is also what a reference count is moved by.
    let is_moved_by = after.iter().take(AHEAD).any(|next| next.mnemonic() == Mnemonic::Xadd);
    let other = match errno {
        Errno::UnknownErrno => return Vec::new(),
        Errno::EPERM if is_moved_by => return Vec::new(),
        Errno::EPERM => Errno::EINVAL,
        _ => Errno::EPERM,
    };
    let new = [front, &(-(other as i32)).to_le_bytes()].concat();
    vec![(Kind::Errno, new)]
}

/// Comparisons with a constant by size.
fn limits(instruction: &Instruction, old: &[u8], after: &[Instruction]) -> Found {
    let bytes = match instruction.op1_kind() {
        OpKind::Immediate8 | OpKind::Immediate8to16 | OpKind::Immediate8to32 | OpKind::Immediate8to64 => 1,
        OpKind::Immediate16 => 2,
        OpKind::Immediate32 | OpKind::Immediate32to64 => 4,
        _ => return Vec::new(),
    };
    let condition = after.iter().take(NEAR).map(Instruction::condition_code).find(|code| *code != ConditionCode::None);
    if instruction.mnemonic() != Mnemonic::Cmp || !condition.is_some_and(is_by_size) {
        return Vec::new();
    }
    let (front, constant) = old.split_at(old.len() - bytes);
    let mut wide = [if constant.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 }; 8];
    wide[..bytes].copy_from_slice(constant);
    let value = i64::from_le_bytes(wide);
    if value == ERRORS {
        return Vec::new();
    }
    let other = |value: i64| [front, &value.to_le_bytes()[..bytes]].concat();
    // Where the constant has no room for another it would become one far away.
    let edge = 1_i64 << (8 * bytes - 1);
    let more = (value + 1 < edge).then(|| (Kind::More, other(value + 1)));
    let less = (value > -edge).then(|| (Kind::Less, other(value - 1)));
    more.into_iter().chain(less).collect()
}

fn is_by_size(condition: ConditionCode) -> bool {
    use ConditionCode::{a, ae, b, be, g, ge, l, le};
    matches!(condition, a | ae | b | be | g | ge | l | le)
}

/// Calls of checks, and of what counts references; also as the last thing that a function does, which is a jump.
fn calls(instruction: &Instruction, symbols: &Symbols) -> Found {
    let is_last = instruction.is_jmp_near();
    if !(instruction.is_call_near() || is_last) || instruction.len() != 5 {
        return Vec::new();
    }
    let Some(name) = symbols.name_at(instruction.near_branch_target()) else { return Vec::new() };
    let answer = |value: i8| match (is_last, value) {
        // push, pop %rax, ret
        (true, value) => vec![0x6a, value.to_le_bytes()[0], 0x58, RET, NOP],
        // mov $value, %eax
        (false, value) => [&[0xb8], &i32::from(value).to_le_bytes()[..]].concat(),
    };
    match check(name) {
        Some(Says::Truth) => vec![(Kind::Yes, answer(1)), (Kind::No, answer(0))],
        Some(Says::Errno) => vec![(Kind::Yes, answer(0)), (Kind::No, answer(-1))],
        None if counts_references(name) => {
            // mov %rdi, %rax: what takes a reference returns what it was given.
            let end = if is_last { [RET, NOP] } else { [0x66, NOP] };
            vec![(Kind::Skip, [&[0x48, 0x89, 0xf8], &end[..]].concat())]
        }
        None => Vec::new(),
    }
}

/// Counters that are moved by one in one step: references, mostly. On one processor the kernel has made the locked instruction
/// an unlocked one, with another prefix in its place (`arch/x86/kernel/alternative.c`).
fn counters(instruction: &Instruction, old: &[u8]) -> Found {
    let is_one_step = instruction.has_lock_prefix() || instruction.segment_prefix() == Register::DS;
    let is_by_one = match instruction.mnemonic() {
        Mnemonic::Inc | Mnemonic::Dec | Mnemonic::Xadd => true,
        Mnemonic::Add | Mnemonic::Sub => matches!(old.last(), Some(0x01 | 0xff)),
        _ => false,
    };
    let counts = is_one_step && is_by_one && instruction.op0_kind() == OpKind::Memory;
    if counts { vec![(Kind::Skip, vec![NOP; old.len()])] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// What is found in this code: `0:jcc 75 10, 0:never 90 90`.
    fn found(code: &[u8]) -> String {
        let symbols = Symbols::read("1000 f\n2000 ns_capable\n3000 security_capable\n4000 put_pid_ns\n5000 printk\n");
        let function = Function::of("f".to_owned(), 0x1000, code.to_vec());
        let all = alterations(&function, &symbols);
        assert!(all.iter().all(|one| one.old.len() == one.new.len()), "{all:?}");
        let words = all.iter().map(|one| {
            let new: Vec<_> = one.new.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{:x}:{} {}", one.name.offset, one.name.kind, new.join(" "))
        });
        words.collect::<Vec<_>>().join(", ")
    }

    #[rstest]
    #[case::short_jump(&[0x74, 0x10], "0:jcc 75 10, 0:never 90 90, 0:always eb 10")]
    #[case::near_jump(
        &[0x0f, 0x87, 0xff, 0, 0, 0],
        "0:jcc 0f 86 ff 00 00 00, 0:never 90 90 90 90 90 90, 0:always e9 00 01 00 00 90"
    )]
    #[case::moved_by_a_condition(&[0x48, 0x0f, 0x44, 0xc2], "0:cmov 48 0f 45 c2")]
    #[case::set_by_a_condition(&[0x0f, 0x95, 0xc0], "0:setcc 0f 94 c0")]
    #[case::eperm(&[0xb8, 0xff, 0xff, 0xff, 0xff], "0:errno b8 ea ff ff ff")]
    #[case::einval_as_a_pointer(&[0x48, 0xc7, 0xc0, 0xea, 0xff, 0xff, 0xff], "0:errno 48 c7 c0 ff ff ff ff")]
    #[case::what_a_counter_is_moved_by(&[0xb8, 0xff, 0xff, 0xff, 0xff, 0xf0, 0x0f, 0xc1, 0x07], "5:skip 90 90 90 90")]
    #[case::no_errno(&[0xb8, 0x16, 0, 0, 0], "")]
    #[case::no_errno_at_all(&[0xb8, 0, 0, 0, 0x80], "")]
    #[case::a_locked_counter(&[0xf0, 0xff, 0x07], "0:skip 90 90 90")]
    #[case::the_same_on_one_processor(&[0x3e, 0xff, 0x07], "0:skip 90 90 90")]
    #[case::a_counter_of_ones_own(&[0xff, 0x07], "")]
    #[case::limit(&[0x83, 0xf8, 0x20, 0x77, 0], "0:more 83 f8 21, 0:less 83 f8 1f, 3:jcc 76 00, 3:never 90 90, 3:always eb 00")]
    #[case::limit_without_room_above(&[0x83, 0xf8, 0x7f, 0x77, 0], "0:less 83 f8 7e, 3:jcc 76 00, 3:never 90 90, 3:always eb 00")]
    #[case::equality_is_no_limit(&[0x83, 0xf8, 0x20, 0x74, 0], "3:jcc 75 00, 3:never 90 90, 3:always eb 00")]
    #[case::nor_is_an_error(&[0x48, 0x3d, 0, 0xf0, 0xff, 0xff, 0x77, 0], "6:jcc 76 00, 6:never 90 90, 6:always eb 00")]
    fn alterations_are_found(#[case] code: &[u8], #[case] expected: &str) {
        assert_eq!(found(code), expected);
    }

    #[test]
    fn the_compilers_own_check_of_the_stack_is_left_alone() {
        let symbols = Symbols::read("1000 f\n2000 __stack_chk_fail\n3000 put_pid_ns\n");
        // jne +1; ret; call
        let code = |to: i32| [&[0x75, 0x01, 0xc3, 0xe8], &(to - 0x1008).to_le_bytes()[..]].concat();
        let count = |to: i32| alterations(&Function::of("f".to_owned(), 0x1000, code(to)), &symbols).len();
        assert_eq!((count(0x2000), count(0x3000)), (0, 4));
    }

    #[test]
    fn a_jump_made_certain_makes_a_difference_on_the_other_way() {
        let function = Function::of("f".to_owned(), 0x1000, vec![0x74, 0x10]);
        let ways: Vec<_> = alterations(&function, &Symbols::default()).into_iter().map(|one| one.way).collect();
        assert_eq!(ways, [None, Some(0x1012), Some(0x1002)]);
    }

    #[rstest]
    #[case::truth(0xe8, 0x2000, "0:yes b8 01 00 00 00, 0:no b8 00 00 00 00")]
    #[case::errno(0xe8, 0x3000, "0:yes b8 00 00 00 00, 0:no b8 ff ff ff ff")]
    #[case::at_the_end(0xe9, 0x2000, "0:yes 6a 01 58 c3 90, 0:no 6a 00 58 c3 90")]
    #[case::reference(0xe8, 0x4000, "0:skip 48 89 f8 66 90")]
    #[case::reference_at_the_end(0xe9, 0x4000, "0:skip 48 89 f8 c3 90")]
    #[case::something_else(0xe8, 0x5000, "")]
    fn calls_are_answered_or_left_out(#[case] opcode: u8, #[case] to: i32, #[case] expected: &str) {
        assert_eq!(found(&[&[opcode], &(to - 0x1005).to_le_bytes()[..]].concat()), expected);
    }
}
