//! Which mirror the machine's own apt is set up with.

use std::process::{Command, Stdio};

use super::debian::{SUITES, apt_get};
use super::error::KernelError;

/// Where Debian's packages come from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mirror {
    /// The archive.
    pub(super) main: String,
    /// The archive of security updates, where the machine has one.
    pub(super) security: Option<String>,
}

impl Mirror {
    /// Asks the machine's apt.
    pub(super) fn of_this_machine() -> Result<Mirror, KernelError> {
        // Without the second way a machine whose lists were never fetched, or were deleted (most container images), seems to
        // have no source at all; with it, nothing is known but what sources.list(5) says.
        let known = targets(&["--format", "$(ORIGIN) $(RELEASE) $(REPO_URI)"])?;
        let mirror = choose(known.lines().filter_map(|line| line.strip_prefix("Debian ")));
        match mirror {
            Some(mirror) => Ok(mirror),
            None => {
                let written = targets(&["--no-release-info", "--format", "$(RELEASE) $(REPO_URI)"])?;
                choose(written.lines()).ok_or(KernelError::NoMirror)
            }
        }
    }
}

fn targets(arguments: &[&str]) -> Result<String, KernelError> {
    let program = apt_get()?;
    let output = Command::new(&program)
        .arg("indextargets")
        .args(arguments)
        .arg("Created-By: Packages")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| KernelError::io("run", &program, source))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Chooses among lines of suite and URI. Only suites by Debian's own names count: other vendors' sources are in the list too.
fn choose<'a>(lines: impl Iterator<Item = &'a str>) -> Option<Mirror> {
    let (mut main, mut security) = (None, None);
    for (suite, uri) in lines.filter_map(|line| line.split_once(' ')) {
        let place = if suite.ends_with("-security") { &mut security } else { &mut main };
        if place.is_none() && is_debian_suite(suite) {
            *place = Some(uri.to_owned());
        }
    }
    Some(Mirror { main: main?, security })
}

fn is_debian_suite(suite: &str) -> bool {
    let base = suite.split('-').next().unwrap_or(suite);
    ["oldoldstable", "oldstable", "stable", "testing", "unstable"].contains(&base)
        || SUITES.iter().any(|(name, _)| *name == base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_debian_source_is_the_mirror() {
        let lines = "nodistro http://other.example/node\nbookworm http://a.example/debian/\ntrixie http://b.example/debian/\nbookworm-security http://a.example/security/";
        let mirror = choose(lines.lines()).unwrap();
        assert_eq!(
            mirror,
            Mirror { main: "http://a.example/debian/".into(), security: Some("http://a.example/security/".into()) }
        );
    }

    #[test]
    fn other_vendors_are_no_mirror() {
        assert_eq!(
            choose("noble http://other.example/ubuntu\nnoble-security http://other.example/ubuntu".lines()),
            None
        );
    }
}
