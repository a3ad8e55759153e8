//! Real kernels under a real QEMU.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use libtest_mimic::{Completion, Failed, Trial};
use vm::initramfs::{Contents, Initramfs};
use vm::kernels::{Cache, Kernel};
use vm::machine::{Exit, Machine, Setup, qemu_version};
use vm::template::Template;

type Test = fn(&Template) -> Result<(), Failed>;

const TESTS: [(&str, Test); 10] = [
    ("a_clone_answers_and_powers_off", powers_off),
    ("clones_of_one_template_are_alike", alike),
    ("what_one_clone_does_no_other_sees", apart),
    ("a_panic_ends_the_machine_and_is_on_the_console", panics),
    ("a_flood_on_the_console_is_bounded", floods),
    ("modules_load_with_what_they_need", modules),
    ("a_program_reads_and_writes_the_port_itself", at_the_port),
    ("a_kernel_that_is_locked_down_keeps_its_ports", locked_down),
    ("qemu_is_not_root_and_in_its_sandbox", confined),
    ("a_machine_that_is_dropped_is_gone", dropped),
];

/// One template for all, booted by the first test that comes.
pub(crate) fn trials() -> Vec<Trial> {
    let template: Arc<OnceLock<Result<Template, String>>> = Arc::default();
    let trial = |(name, test): (&'static str, Test)| {
        let template = Arc::clone(&template);
        Trial::ignorable_test(name, move || {
            if let Err(error) = qemu_version(None) {
                return Ok(Completion::ignored_with(error.to_string()));
            }
            let Some(kernel) = newest_cached() else {
                return Ok(Completion::ignored_with(
                    "no kernel with modules is in the cache; `nsproof kernels fetch 6.12` brings one",
                ));
            };
            test(template.get_or_init(|| boot(&kernel, &[])).as_ref()?)?;
            Ok(Completion::Completed)
        })
    };
    TESTS.into_iter().map(trial).collect()
}

fn newest_cached() -> Option<Kernel> {
    Cache::open(None).ok()?.cached().into_iter().rev().find(|kernel| kernel.modules.is_some())
}

fn boot(kernel: &Kernel, arguments: &[&str]) -> Result<Template, String> {
    let build = || -> Result<Template, Failed> {
        let init = std::env::current_exe()?;
        let contents = Contents { init: &init, kernel, modules: &["bridge", "veth"], programs: &[], extras: &[] };
        let initramfs = Initramfs::build(&contents)?;
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Ok(Template::boot(&Setup { arguments, ..Setup::new(kernel, &initramfs) }, Duration::from_secs(120))?)
    };
    build().map_err(|failed| failed.message().unwrap_or("no message").to_owned())
}

fn late() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn ask(machine: &Machine, question: &str) -> Result<String, Failed> {
    machine.control().set_read_timeout(Some(Duration::from_secs(60)))?;
    writeln!(machine.control(), "{question}")?;
    let mut answer = String::new();
    BufReader::new(machine.control()).read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

fn powers_off(template: &Template) -> Result<(), Failed> {
    assert_eq!(template.greeting(), b"ready");
    let mut machine = template.clone_machine()?;
    assert_eq!(ask(&machine, "exists /proc/self/ns/pid")?, "Ok(true)");
    assert_eq!(ask(&machine, "off")?, "");
    assert_eq!(machine.wait(late())?, Some(Exit::PoweredOff));
    Ok(())
}

fn alike(template: &Template) -> Result<(), Failed> {
    let facts = [template.clone_machine()?, template.clone_machine()?].map(|machine| ask(&machine, "facts"));
    let [Ok(first), Ok(second)] = facts else { return Err(format!("{facts:?}").into()) };
    assert!(first.starts_with("pid "), "{first}");
    assert_eq!(first, second);
    Ok(())
}

fn apart(template: &Template) -> Result<(), Failed> {
    let (one, other) = (template.clone_machine()?, template.clone_machine()?);
    assert_eq!(ask(&one, "make /tmp/mark")?, "Ok(())");
    assert_eq!(ask(&one, "exists /tmp/mark")?, "Ok(true)");
    for machine in [other, template.clone_machine()?] {
        assert_eq!(ask(&machine, "exists /tmp/mark")?, "Ok(false)");
    }
    Ok(())
}

fn panics(template: &Template) -> Result<(), Failed> {
    let mut machine = template.clone_machine()?;
    assert_eq!(ask(&machine, "panic")?, "");
    assert_eq!(machine.wait(late())?, Some(Exit::Restarted));
    let console = machine.console();
    assert!(console.contains("Kernel panic") && console.contains("sysrq"), "{console}");
    Ok(())
}

fn floods(template: &Template) -> Result<(), Failed> {
    let mut machine = template.clone_machine()?;
    assert_eq!(ask(&machine, "flood")?, "done");
    assert_eq!(ask(&machine, "off")?, "");
    machine.wait(late())?;
    let console = machine.console();
    assert!(console.len() <= 64 * 1024, "{} bytes kept", console.len());
    assert!(console.contains("02999") && !console.contains("00001\r"), "not the end of it");
    Ok(())
}

fn modules(template: &Template) -> Result<(), Failed> {
    let machine = template.clone_machine()?;
    assert_eq!(ask(&machine, "load bridge")?, "Ok(())");
    assert_eq!(ask(&machine, "exists /sys/module/stp")?, "Ok(true)", "what bridge needs");
    assert_eq!(ask(&machine, "load bridge")?, "Ok(())", "a second time");
    let refusal = ask(&machine, "load nonesuch")?;
    assert!(refusal.contains("nonesuch is neither built in nor in the initramfs"), "{refusal}");
    Ok(())
}

fn at_the_port(template: &Template) -> Result<(), Failed> {
    let machine = template.clone_machine()?;
    assert_eq!(ask(&machine, "port")?, "at the port");
    assert_eq!(ask(&machine, "one line")?, "8 one line");
    // More than the port's queue of 16 bytes holds, and more than is kept.
    let long = "x".repeat(300);
    assert_eq!(ask(&machine, &long)?, format!("300 {long}"));
    assert_eq!(ask(&machine, &"y".repeat(5000))?, format!("4096 {}", "y".repeat(4096)));
    assert_eq!(ask(&machine, "driver")?, "at the driver");
    assert_eq!(ask(&machine, "exists /proc/self/ns/pid")?, "Ok(true)", "the driver reads and writes again");
    Ok(())
}

fn locked_down(_: &Template) -> Result<(), Failed> {
    let kernel = newest_cached().ok_or("no kernel is in the cache any more")?;
    let machine = boot(&kernel, &["lockdown=integrity"])?.clone_machine()?;
    assert_eq!(ask(&machine, "port")?, "PermissionDenied");
    assert_eq!(ask(&machine, "exists /proc/self/ns/pid")?, "Ok(true)", "the driver was left alone");
    Ok(())
}

fn confined(template: &Template) -> Result<(), Failed> {
    let machine = template.clone_machine()?;
    let status = fs::read_to_string(format!("/proc/{}/status", machine.pid()))?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    assert_eq!(field("Seccomp:"), "2", "a filter of system calls");
    if rustix::process::geteuid().is_root() {
        assert_eq!(field("Uid:"), "65534\t65534\t65534\t65534");
        assert_eq!(field("Groups:"), "");
        assert_eq!(field("CapEff:"), "0000000000000000");
    }
    Ok(())
}

fn dropped(template: &Template) -> Result<(), Failed> {
    let machine = template.clone_machine()?;
    let process = format!("/proc/{}", machine.pid());
    assert!(fs::exists(&process)?);
    drop(machine);
    assert!(!fs::exists(&process)?);
    Ok(())
}
