//! QEMUs that fail: scripts in its place, so that no kernel is needed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Failed, Trial};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use vm::accel::Accel;
use vm::initramfs::{Contents, Initramfs};
use vm::kernels::{Kernel, Origin};
use vm::machine::{Exit, Machine, MachineError, QmpError, Setup};
use vm::probe::probe;
use vm::template::Template;

/// With this in the environment, this program starts the script that it names as a machine, and waits to be killed.
const HOLD: &str = "VM_TEST_HOLDS_A_MACHINE";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("a_qemu_that_gives_up_is_told_with_its_complaint", gives_up),
        Trial::test("a_qemu_that_never_answers_costs_one_deadline", never_answers),
        Trial::test("a_guest_that_greets_without_end_is_given_up", greets_without_end),
        Trial::test("a_template_is_tried_three_times", tried_three_times),
        Trial::test("a_kvm_that_hangs_costs_one_deadline_once", hangs_with_kvm),
        Trial::ignorable_test("kvm_is_open_to_a_qemu_that_is_not_root", opens_kvm),
        Trial::ignorable_test("what_keeps_qemu_from_kvm_is_told_in_one_line_and_not_kept", kept_from_kvm),
        Trial::test("a_qemu_that_is_not_there_is_an_error", not_there),
        Trial::test("no_qemu_survives_the_death_of_its_owner", dies_with_its_owner),
    ]
}

/// A script that can stand for QEMU, also for one that runs as nobody.
fn script(folder: &Path, text: &str) -> Result<PathBuf, Failed> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    let path = folder.join("qemu");
    fs::write(&path, format!("#!/bin/bash\n{text}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

fn with_script<T>(text: &str, test: impl FnOnce(&Setup<'_>) -> Result<T, Failed>) -> Result<T, Failed> {
    let folder = tempfile::tempdir()?;
    with_qemu(script(folder.path(), text)?, test)
}

fn with_qemu<T>(qemu: PathBuf, test: impl FnOnce(&Setup<'_>) -> Result<T, Failed>) -> Result<T, Failed> {
    let init = std::env::current_exe()?;
    let kernel = Kernel {
        word: "none".into(),
        release: "0.0.0".into(),
        version: "0.0.0".into(),
        origin: Origin::File,
        image: init.clone(),
        modules: None,
        config: None,
    };
    let initramfs =
        Initramfs::build(&Contents { init: &init, kernel: &kernel, modules: &[], programs: &[], extras: &[] })?;
    test(&Setup { qemu: Some(qemu), ..Setup::new(&kernel, &initramfs) })
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(300)
}

fn late() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

fn gives_up() -> Result<(), Failed> {
    with_script("echo 'qemu: no such machine' >&2; exit 1", |setup| {
        let Err(MachineError::Ended { exit, .. }) = Machine::boot(setup)?.greeting(late()) else {
            return Err("it greeted".into());
        };
        assert_eq!(exit, Exit::Failed { code: 1, complaint: "qemu: no such machine".into() });
        Ok(())
    })
}

fn never_answers() -> Result<(), Failed> {
    with_script("exec sleep 600", |setup| {
        let mut machine = Machine::boot(setup)?;
        assert!(matches!(machine.greeting(soon()), Err(MachineError::Late { .. })));
        let status = machine.monitor("query-status", serde_json::Value::Null, soon());
        assert!(matches!(status, Err(MachineError::Monitor(QmpError::Late(_)))), "{status:?}");
        assert_eq!(machine.try_wait()?, None);
        assert_eq!(machine.kill()?, Exit::Killed { signal: 9, complaint: String::new() });
        Ok(())
    })
}

/// The script finds the control stream's number among its arguments, as QEMU does.
fn greets_without_end() -> Result<(), Failed> {
    let text = "for word; do case $word in socket,id=control,fd=*) fd=${word##*=};; esac; done\n\
                exec head -c 1000000 /dev/zero >&$fd";
    with_script(text, |setup| {
        let error = Machine::boot(setup)?.greeting(late()).expect_err("there is no end of line");
        assert!(matches!(error, MachineError::Io { .. }), "{error:?}");
        Ok(())
    })
}

fn tried_three_times() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let counter = folder.path().join("count");
    fs::write(&counter, "")?;
    fs::set_permissions(&counter, fs::Permissions::from_mode(0o666))?;
    let qemu = script(folder.path(), &format!("echo >>{}; exit 1", counter.display()))?;
    with_qemu(qemu, |setup| {
        let error = Template::boot(setup, Duration::from_secs(30)).expect_err("it cannot boot");
        assert!(matches!(error, MachineError::Ended { .. }), "{error:?}");
        assert_eq!(fs::read_to_string(&counter)?.lines().count(), 3);
        Ok(())
    })
}

/// The script writes down each machine that it was to be.
fn hangs_with_kvm() -> Result<(), Failed> {
    let (folder, cache) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let counter = folder.path().join("count");
    fs::write(&counter, "")?;
    fs::set_permissions(&counter, fs::Permissions::from_mode(0o666))?;
    let text = format!("[ \"$1\" != --version ] || exit 0\necho >>{}; exec sleep 600", counter.display());
    with_qemu(script(folder.path(), &text)?, |setup| {
        let [first, second] = [probe(cache.path(), setup)?, probe(cache.path(), setup)?];
        assert_eq!((first.accel, &first), (Accel::Tcg, &second));
        assert_eq!(fs::read_to_string(&counter)?.lines().count(), usize::from(has_kvm()));
        Ok(())
    })
}

fn has_kvm() -> bool {
    fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok()
}

fn opens_kvm() -> Result<Completion, Failed> {
    if !has_kvm() {
        return Ok(Completion::ignored_with("this user has no /dev/kvm"));
    }
    with_script("exec 3<>/dev/kvm && echo \"opened, by root: $((UID == 0))\" >&2; exit 1", |setup| {
        let setup = Setup { accel: Accel::Kvm, ..setup.clone() };
        let Err(MachineError::Ended { exit, .. }) = Machine::boot(&setup)?.greeting(late()) else {
            return Err("it greeted".into());
        };
        assert_eq!(exit, Exit::Failed { code: 1, complaint: "opened, by root: 0".into() });
        // What was made for QEMU is not there for others.
        assert!(fs::exists("/dev/zero")?);
        Ok(Completion::Completed)
    })
}

fn kept_from_kvm() -> Result<Completion, Failed> {
    if !has_kvm() {
        return Ok(Completion::ignored_with("this user has no /dev/kvm"));
    }
    let (folder, cache) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let text = "[ \"$1\" != --version ] || exit 0\necho one >&2; echo two >&2; exit 1";
    with_qemu(script(folder.path(), text)?, |setup| {
        let answer = probe(cache.path(), setup)?;
        assert_eq!(answer.accel, Accel::Tcg);
        assert!(answer.why.ends_with("QEMU gave up with status 1: one; two"), "{}", answer.why);
        assert!(!fs::exists(cache.path().join("kvm.json"))?, "the answer was kept");
        Ok(Completion::Completed)
    })
}

fn not_there() -> Result<(), Failed> {
    with_qemu("/nonesuch/qemu".into(), |setup| {
        let error = Machine::boot(setup).expect_err("there is none").to_string();
        assert!(error.starts_with("failed to start QEMU"), "{error}");
        Ok(())
    })
}

/// The other side of the last test: whether this process is there to be killed.
pub(crate) fn holds_a_machine() -> bool {
    let Some(qemu) = std::env::var_os(HOLD) else { return false };
    let held = with_qemu(qemu.into(), |setup| {
        let mut machine = Machine::boot(setup)?;
        println!("{}", machine.pid());
        machine.wait(late())?;
        Ok(())
    });
    held.is_ok()
}

fn dies_with_its_owner() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let qemu = script(folder.path(), "exec sleep 600")?;
    let mut owner = Command::new(std::env::current_exe()?).env(HOLD, qemu).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(owner.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let qemu = Pid::from_raw(line.trim().parse()?).ok_or("no pid")?;
    let pidfd = pidfd_open(qemu, PidfdFlags::empty())?;
    let has_ended = |patience: Duration| -> Result<bool, Failed> {
        let timeout = Timespec::try_from(patience)?;
        Ok(poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout))? > 0)
    };
    assert!(!has_ended(Duration::from_millis(100))?, "it ended by itself");
    owner.kill()?;
    owner.wait()?;
    let ended = has_ended(Duration::from_secs(10))?;
    let _gone_already = pidfd_send_signal(&pidfd, Signal::KILL);
    assert!(ended, "it lives on");
    Ok(())
}
