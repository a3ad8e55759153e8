//! A small proof, for tests.

use std::time::Duration;

use jiff::Timestamp;

use super::record::{Altered, AlteredFunction, Disturbance, Fate, Proof, Prover};
use crate::record::{Kernel, Machine};

pub(super) fn altered(at: &str, fate: Fate, by: &[&str]) -> Altered {
    Altered {
        at: at.to_owned(),
        fate,
        by: by.iter().map(|claim| (*claim).to_owned()).collect(),
        how: if fate == Fate::Fatal { "the kernel died".to_owned() } else { String::new() },
        reached: if fate == Fate::Unreached { 0 } else { 2 },
        tried: None,
        disturbed: Disturbance::default(),
        instruction: if by.is_empty() { "je copy_pid_ns+0x40 → nop; nop".to_owned() } else { String::new() },
        equivalent: None,
    }
}

/// One function with an alteration for each fate.
pub(super) fn small() -> Proof {
    let alterations = vec![
        altered("0x10:jcc", Fate::Noticed, &["pid::nesting"]),
        altered("0x10:always", Fate::Fatal, &["pid::nesting"]),
        altered("0x10:never", Fate::Survived, &[]),
        altered("0x20:errno", Fate::Unreached, &[]),
    ];
    let claim = |name: &str| Prover { name: name.to_owned(), claim: "It is so.".to_owned(), reaches: 3, tried: 0 };
    Proof {
        nsproof: "0.1.0".to_owned(),
        kernel: Kernel { word: "6.12".to_owned(), release: "6.12.9-cloud-amd64".to_owned(), ..Kernel::default() },
        machine: Machine::default(),
        started: Timestamp::UNIX_EPOCH,
        wall: Duration::from_secs(60),
        selection: None,
        all: false,
        shard: None,
        functions: vec![AlteredFunction {
            name: "copy_pid_ns".to_owned(),
            file: "kernel/pid_namespace.c".to_owned(),
            alterations,
        }],
        claims: vec![claim("pid::nesting"), claim("pid::never_fails")],
    }
}
