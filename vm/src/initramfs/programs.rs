//! Programs of the host, with the shared libraries that they need.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::elf::{Kind, kind_of};
use super::error::InitramfsError;
use super::layout::{Layout, Node};
use crate::programs;

/// Adds programs; returns the names of those that the host lacks.
pub(super) fn add(layout: &mut Layout, wanted: &[&str]) -> Result<Vec<String>, InitramfsError> {
    let mut missing = Vec::new();
    for name in wanted {
        match programs::find(name) {
            Some(path) => add_program(layout, &path)?,
            None => missing.push((*name).to_owned()),
        }
    }
    if wanted.contains(&"busybox")
        && let Some(busybox) = programs::find("busybox")
    {
        add_applets(layout, &busybox);
    }
    Ok(missing)
}

fn add_program(layout: &mut Layout, path: &Path) -> Result<(), InitramfsError> {
    let bytes = fs::read(path).map_err(|source| InitramfsError::io("read", path, source))?;
    let is_dynamic = matches!(kind_of(&bytes), Kind::Dynamic(_));
    layout.add(&path.to_string_lossy(), Node::File { mode: mode_of(path)?, content: bytes });
    if is_dynamic { add_libraries(layout, path) } else { Ok(()) }
}

/// Adds the shared libraries that a dynamic program needs, where the guest looks for them.
pub(super) fn add_libraries(layout: &mut Layout, program: &Path) -> Result<(), InitramfsError> {
    for library in libraries(program) {
        let name = library.to_string_lossy().into_owned();
        if !layout.has(&name) {
            let bytes = fs::read(&library).map_err(|source| InitramfsError::io("read", &library, source))?;
            layout.add(&name, Node::program(bytes));
        }
    }
    Ok(())
}

/// That of any program, but a set-user-ID or set-group-ID one stays what it is: without that newuidmap(1) could write no map.
fn mode_of(path: &Path) -> Result<u32, InitramfsError> {
    let metadata = fs::metadata(path).map_err(|source| InitramfsError::io("stat", path, source))?;
    Ok(0o755 | metadata.permissions().mode() & 0o6000)
}

/// The files that ldd(1) names: the libraries, and the loader itself.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let output =
        Command::new("ldd").arg(program).env("LC_ALL", "C").stdin(Stdio::null()).stderr(Stdio::null()).output();
    output.map(|output| parse_ldd(&String::from_utf8_lossy(&output.stdout))).unwrap_or_default()
}

fn parse_ldd(text: &str) -> Vec<PathBuf> {
    let file = |line: &str| {
        let place = line.split_once("=>").map_or(line, |(_, place)| place).trim();
        let path = place.split_once(" (").map_or(place, |(path, _)| path);
        path.starts_with('/').then(|| PathBuf::from(path))
    };
    text.lines().filter_map(file).collect()
}

/// Links the names of busybox's applets to it, where the host's own programs did not take the name.
fn add_applets(layout: &mut Layout, busybox: &Path) {
    let Ok(output) = Command::new(busybox).arg("--list").stdin(Stdio::null()).stderr(Stdio::null()).output() else {
        return;
    };
    for applet in String::from_utf8_lossy(&output.stdout).lines() {
        let (path, administrators) = (format!("/usr/bin/{applet}"), format!("/usr/sbin/{applet}"));
        let is_a_name = !applet.is_empty() && !applet.contains('/');
        if is_a_name && !layout.has(&path) && !layout.has(&administrators) {
            layout.add(&path, Node::Link { target: busybox.to_string_lossy().into_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_and_loader_are_found_in_what_ldd_says() {
        let text = "\tlinux-vdso.so.1 (0x00007ffc)\n\
            \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f3c)\n\
            \tlibgone.so.1 => not found\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f3d)\n";
        let files = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from);
        assert_eq!(parse_ldd(text), files);
    }

    #[test]
    fn a_set_user_id_program_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("program");
        for (mode, expected) in [(0o4755, 0o4755), (0o2711, 0o2755), (0o700, 0o755)] {
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(mode_of(&path).unwrap(), expected);
        }
    }

    #[test]
    fn a_program_that_the_host_lacks_is_reported() {
        let mut layout = Layout::default();
        assert_eq!(add(&mut layout, &["no-such-program-here"]).unwrap(), ["no-such-program-here"]);
    }
}
