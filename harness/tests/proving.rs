//! What becomes of alterations of a real kernel, asked with fake claims of which it is known what they execute.
//!
//! These tests boot machines: they need QEMU, and a kernel in the cache or a network to fetch it.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use results::proof::{Altered, Fate, Proof, Reach};
use support::Desk;

const KERNEL: &str = "6.12";
const UTS: &str = "altered::a_new_uts_namespace_is_another";

/// Proves with these words, in a folder of the desk.
fn prove(desk: &Desk, out: &str, words: &[&str]) -> (Option<i32>, Proof) {
    let said = desk.nsproof(&[&["prove", "--kernel", KERNEL, "--suite", "altered", "--out", out], words].concat());
    let record = desk.path(out).join(format!("proof-{KERNEL}.json"));
    (said.code, Proof::read(&record).unwrap_or_else(|error| panic!("{error}: {said:?}")))
}

/// What can be altered in a function, each with the instruction as it is.
fn places(desk: &Desk, function: &str) -> Vec<(String, String)> {
    let said = desk.nsproof(&["prove", "--kernel", KERNEL, "--suite", "altered", "--list", "--functions", function]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let line = |line: &str| line.split_once("  ").map(|(name, words)| (name.to_owned(), words.to_owned()));
    said.out.lines().filter_map(line).collect()
}

fn alterations(proof: &Proof) -> Vec<Altered> {
    proof.alterations().map(|(_, altered)| altered.clone()).collect()
}

/// The allocation of the new namespace is said to have failed: unshare(2) fails with ENOMEM.
fn out_of_memory(desk: &Desk) -> String {
    let places = places(desk, "copy_utsname");
    let errno =
        places.iter().position(|(name, words)| name.ends_with(":errno") && words.contains("-0xc")).expect("ENOMEM");
    let target = places[errno].0.split(':').next().expect("a place").to_owned();
    let jump = places.iter().find(|(name, words)| name.ends_with(":jcc") && words.contains(&format!("je {target} ")));
    jump.expect("a jump to it").0.clone()
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_wrong_answer_is_noticed_and_failing_preparations_are_not() {
    let desk = Desk::new();
    let name = out_of_memory(&desk);
    let (code, proof) = prove(&desk, "both", &["--all", "--functions", &name]);
    let [altered] = &alterations(&proof)[..] else { panic!("{proof:?}") };
    assert_eq!((code, altered.fate, altered.by.as_slice()), (Some(0), Fate::Noticed, [UTS.to_owned()].as_slice()));
    let (code, proof) = prove(&desk, "alone", &["--functions", &name, "only_prepares"]);
    let [altered] = &alterations(&proof)[..] else { panic!("{proof:?}") };
    assert_eq!((code, altered.fate, altered.reached, altered.disturbed.broken), (Some(1), Fate::Survived, 1, 1));
    assert!(desk.read("alone/proof-6.12.md").contains("preparations fail in 1"));
    // By hand, as the page says: the same answer, and what was changed.
    let said = desk.nsproof(&["run", "--kernel", KERNEL, "--alter", &name, "--exact", UTS]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains(&format!("{KERNEL}, altered: {name}")) && said.err.contains("  + +0x"), "{said:?}");
    // And claims are picked by what they guard.
    let said = desk.nsproof(&["list", "--proofs", "both", "--guards", "kernel/utsname.c"]);
    assert_eq!(said.out, format!("{UTS}\n"));
    let said = desk.nsproof(&["list", "--proofs", "both", "--guards", "copy_pid_ns"]);
    said.is_refused(
        "no proof in both is about «copy_pid_ns»: `nsproof prove --kernel 6.12 --functions copy_pid_ns` makes one",
    );
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_kernel_that_crashes_costs_its_clone() {
    let desk = Desk::new();
    // The first jump of copy_utsname() is that of BUG_ON(!old_ns).
    let crash = places(&desk, "copy_utsname").into_iter().find(|(name, _)| name.ends_with(":jcc")).expect("a jump").0;
    let (code, proof) = prove(&desk, "crash", &["--functions", &crash]);
    let [altered] = &alterations(&proof)[..] else { panic!("{proof:?}") };
    assert_eq!((code, altered.fate), (Some(0), Fate::Fatal), "{altered:?}");
    assert!(altered.how.contains("kernel BUG at kernel/utsname.c"), "{altered:?}");
}

/// Whether a jump goes back: `f+0x20:always` and `jne f+0x10 → jmp f+0x10`.
fn is_loop(name: &str, words: &str) -> bool {
    let offset = |text: &str| {
        let digits = text.split_once("+0x")?.1;
        let end = digits.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(digits.len());
        u64::from_str_radix(&digits[..end], 16).ok()
    };
    offset(words).zip(offset(name)).is_some_and(|(to, from)| to < from)
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_kernel_that_hangs_costs_its_clone() {
    let desk = Desk::new();
    // The last process of a PID namespace waits there for all others to be gone, in several loops: now without end.
    let loops = places(&desk, "zap_pid_ns_processes").into_iter();
    let loops: Vec<_> =
        loops.filter(|(name, words)| name.ends_with(":always") && is_loop(name, words)).map(|(name, _)| name).collect();
    let (code, proof) = prove(&desk, "hang", &["--functions", &loops.join(",")]);
    let altered: Vec<_> = alterations(&proof).into_iter().filter(|one| one.fate != Fate::Unreached).collect();
    assert!(code == Some(0) && altered.iter().all(|one| one.fate == Fate::Fatal), "{altered:?}");
    assert!(altered.iter().any(|one| one.how.contains("the kernel went silent")), "{altered:?}");
}

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn claims_are_asked_one_by_one_until_they_notice_something() {
    let desk = Desk::new();
    let words = ["--claims", "--functions", "copy_utsname"];
    let (code, proof) = prove(&desk, "claims", &words);
    let silent: Vec<_> = proof.silent().map(|claim| claim.name.as_str()).collect();
    assert!(proof.guards().contains_key(UTS) && !silent.contains(&UTS), "{silent:?}");
    let prepares = proof.claims.iter().find(|claim| claim.name.contains("only_prepares")).expect("it took part");
    assert!(silent.contains(&prepares.name.as_str()) && prepares.tried > 0 && code == Some(1), "{prepares:?}");
    // Whoever has been asked is not asked again.
    let journal = desk.read("claims/proof-6.12.journal");
    prove(&desk, "claims", &words);
    assert_eq!(desk.read("claims/proof-6.12.journal"), journal);
}

/// A part of copy_utsname(), small enough to be gone through twice.
const PART: [&str; 4] = ["--functions", "copy_utsname", "--shard", "1/3"];

#[test]
#[ignore = "boots machines: run with --include-ignored"]
fn a_proof_that_was_interrupted_and_went_on_is_the_same_as_one_that_ran_through() {
    let desk = Desk::new();
    let (_, through) = prove(&desk, "through", &PART);
    let others = through.count(Fate::Noticed) + through.count(Fate::Survived);
    assert!(through.count(Fate::Fatal) > 0 && others > 0, "{}", through.sentence());
    interrupt(&desk, "interrupted");
    let lines = desk.read("interrupted/proof-6.12.journal").lines().count();
    assert!((2..=through.alterations().count()).contains(&lines), "{lines} lines");
    let (_, continued) = prove(&desk, "interrupted", &PART);
    assert_eq!(continued.functions, through.functions);
    assert_eq!(continued.claims, through.claims);
    // What is known already is not done again: half a line is.
    let journal = desk.path("interrupted/proof-6.12.journal");
    let text = fs::read_to_string(&journal).expect("a journal");
    fs::write(&journal, &text[..text.len() - 9]).expect("a journal");
    let (_, again) = prove(&desk, "interrupted", &PART);
    assert_eq!(again.functions, through.functions);
    assert_eq!(fs::read_to_string(&journal).expect("a journal").lines().count(), text.lines().count());
    // Another proof has no use for it.
    let said = desk.nsproof(
        &[&["prove", "--kernel", KERNEL, "--suite", "altered", "--all", "--out", "interrupted"], &PART[..]].concat(),
    );
    said.is_refused("was begun by another proof");
    reach_is_what_is_known(&desk.path("through"));
}

/// Begins a proof, and asks it to stop when it has found something.
fn interrupt(desk: &Desk, out: &str) {
    let mut command = desk.command();
    command.arg0("nsproof").args(["prove", "--kernel", KERNEL, "--suite", "altered", "--out", out]).args(PART);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it runs");
    let journal = desk.path(out).join("proof-6.12.journal");
    let pid = Pid::from_raw(child.id().try_into().expect("a pid"));
    // However slow the machine is: at the latest it is done itself.
    while lines_of(&journal) < 2 && child.try_wait().expect("a child").is_none() {
        std::thread::yield_now();
    }
    let _ = kill(pid, Signal::SIGINT);
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("it says text");
    assert_eq!(child.wait().expect("a child").code(), Some(130), "{said}");
    assert!(said.contains("the same command goes on from"), "{said}");
}

fn lines_of(path: &Path) -> usize {
    fs::File::open(path).map_or(0, |file| BufReader::new(file).lines().count())
}

/// The claim about UTS namespaces executes copy_utsname(), but for its failure to allocate, which comes last.
fn reach_is_what_is_known(folder: &Path) {
    let reach = Reach::read(&Reach::path(folder, KERNEL)).expect("it was kept");
    let start = reach.bases()["copy_utsname"];
    let length = reach.functions.iter().find(|(name, _)| name == "copy_utsname").expect("it is there").1;
    let of = |claim: &str| reach.cases[claim].executed.within(&(start..start + length));
    let executed = of(UTS);
    assert!(executed.contains(start) && executed.count() < length, "{executed:?}");
    // A PID namespace is made along with the old UTS namespace: the function is called, and left early.
    let other = of("altered::a_pid_namespace_can_be_nested");
    assert!(other.contains(start) && other.count() < executed.count(), "{other:?}");
}
