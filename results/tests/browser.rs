//! The page in a real browser. These tests need Chromium: `cargo test -p results --test browser -- --ignored`.
//! With `NSPROOF_SCREENSHOTS=FOLDER` they leave pictures there.

#[expect(dead_code, reason = "each test program uses a part of it")]
mod support;

use std::fs;

use support::page::{open, picture};
use support::sample;

const SHOWN: &str = "[...document.querySelectorAll('tr[data-claim]')].filter(row => row.offsetParent).map(row => \
                     row.querySelector('.name').textContent)";

/// The links of an element that lead away from the page, with their texts.
const LINKS: &str =
    "(place => [...place.querySelectorAll('a[href^=http]')].map(link => `${link.textContent}: ${link.href}`))";

/// A promise that is kept when the browser has gone back.
const UNTIL_BACK: &str = "new Promise(done => { const look = () => history.state ? requestAnimationFrame(look) : \
                          requestAnimationFrame(done); look(); })";

#[test]
#[ignore = "needs Chromium"]
fn filters_cells_and_the_address_work() {
    let mut page = open(&sample::small(), "", 1280);
    picture(&mut page, "matrix-1280.png");
    assert_eq!(page.browser.eval(&format!("{SHOWN}.length")), 10);

    // Text, then verdict, then suite; each is in the address.
    page.browser.press("/");
    assert_eq!(page.browser.eval("document.activeElement.id"), "text");
    for key in ["3", "2", " ", "d", "e", "e", "p"] {
        page.browser.press(key);
    }
    assert_eq!(page.browser.eval(SHOWN).to_string(), r#"["nesting_stops_at_depth_32"]"#);
    assert_eq!(page.browser.eval("location.hash"), "#text=32+deep");
    page.browser.eval("document.getElementById('reset').click()");
    page.browser.eval("document.querySelector('button[data-set=verdicts][value=t]').click()");
    assert_eq!(page.browser.eval(SHOWN).to_string(), r#"["trouble_2"]"#);
    assert_eq!(page.browser.eval("location.hash"), "#verdict=timed-out");
    assert_eq!(page.browser.eval("document.getElementById('count').innerText"), "1 of 11 claims");
    assert_eq!(
        page.browser.eval("document.getElementById('count').textContent"),
        "1 of 11 claims: timed out",
        "paper has the filters in words"
    );
    page.browser.eval("document.querySelector('button[data-set=suites][value=uts]').click()");
    assert_eq!(page.browser.eval(SHOWN).to_string(), "[]");
    page.browser.eval("document.getElementById('reset').click()");
    page.browser.eval("document.getElementById('changed').click()");
    assert_eq!(
        page.browser.eval(SHOWN).to_string(),
        r#"["nesting_stops_at_depth_32","each_namespace_has_its_own_pid_max","trouble_1","trouble_2","second_rule"]"#
    );
    assert_eq!(page.browser.complaints, [""; 0]);
}

#[test]
#[ignore = "needs Chromium"]
fn what_a_claim_is_not_about_is_a_dash_that_counts_nowhere() {
    let mut page = open(&sample::small(), "#verdict=out-of-range", 1280);
    picture(&mut page, "out-of-range-1280.png");
    assert_eq!(page.browser.eval(SHOWN).to_string(), r#"["each_namespace_has_its_own_pid_max"]"#);
    let cells = "[...document.querySelectorAll('tr[data-claim]')].find(row => row.offsetParent).innerText.split(/\\s+/).slice(-5)";
    assert_eq!(page.browser.eval(cells).to_string(), r#"["-","-","-","holds","holds"]"#);
    assert_eq!(page.browser.eval("document.querySelector('td.is-o').getAttribute('aria-label')"), "5.10: out of range");
    assert_eq!(
        page.browser.eval("document.getElementById('summary').textContent"),
        "11 claims on 5 kernels: 2 violated, 1 crashed, 1 timed out, 2 broken, 41 hold"
    );
    assert_eq!(
        page.browser.eval("document.querySelector('[data-set=verdicts][value=o]').textContent"),
        "out of range 8"
    );
    let legend = page.browser.eval("document.getElementById('legend').textContent");
    assert!(legend.as_str().unwrap().starts_with("- out of range   ▸"), "{legend}");
    let text = page.browser.eval("setState({ view: 'kernels' }), document.getElementById('view-kernels').innerText");
    assert!(text.as_str().unwrap().contains("1 broken, 8 hold; 2 claims out of range"), "{text}");
    assert!(text.as_str().unwrap().contains("tcg, QEMU 7.2.22 (Debian 1:7.2), fresh"), "{text}");
    assert_eq!(page.browser.complaints, [""; 0]);
}

#[test]
#[ignore = "needs Chromium"]
fn the_keyboard_opens_a_cell_and_comes_back_to_it() {
    let mut page = open(&sample::small(), "#suite=pid", 1280);
    page.browser.eval("tables.querySelector('td.v[tabindex=\"0\"]').focus()");
    for key in ["ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp", "Enter"] {
        page.browser.press(key);
    }
    assert_eq!(page.browser.eval("location.hash"), "#suite=pid&open=pid::nesting_stops_at_depth_32@6.18");
    picture(&mut page, "cell-1280.png");
    let text = page.browser.eval("document.getElementById('cell').innerText");
    let text = text.as_str().unwrap();
    for part in [
        "PID namespaces nest 32 deep and no deeper.",
        "ENOSPC (No space left on device)",
        "a new namespace",
        "unshare(CLONE_NEWPID)",
        "\\x1b[31mwarning\\x1b[0m <b>not markup</b>",
        "suites/src/pid/basics.rs:7",
        "pid_namespaces(7)",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(
        page.browser.eval(&format!("{LINKS}(document.getElementById('cell'))")).to_string(),
        r#"["pid_namespaces(7): https://example.org/pid#Notes"]"#
    );
    page.browser.press("Escape");
    page.browser.eval(UNTIL_BACK);
    assert_eq!(page.browser.eval("location.hash"), "#suite=pid");
    assert_eq!(
        page.browser.eval("document.activeElement.getAttribute('aria-label')"),
        "6.18: violated, another answer on 6.18 than on 6.12"
    );
    assert_eq!(page.browser.complaints, [""; 0]);
}

#[test]
#[ignore = "needs Chromium"]
fn an_address_opens_what_it_says() {
    let mut page = open(&sample::small(), "#view=errata", 400);
    picture(&mut page, "errata-400.png");
    let text = page.browser.eval("document.getElementById('view-errata').innerText");
    assert!(text.as_str().unwrap().contains("at most 5 lines"), "{text}");
    assert_eq!(
        page.browser.eval(&format!("{LINKS}(document.getElementById('view-errata'))")).to_string(),
        r#"["user_namespaces(7): https://example.org/user#Notes"]"#
    );
    page.browser.dark(true);
    page.browser.open(&page.file.clone(), "", 1280);
    picture(&mut page, "dark-1280.png");
    page.browser.dark(false);
    for (hash, part) in [
        ("#view=changes", "new since 6.14"),
        ("#view=kernels", "6.12.9-cloud-amd64"),
        ("#open=pid::nesting_stops_at_depth_32@7.3", "the call for the 33rd level succeeded"),
        ("#open=no::such_claim@7.3&view=nonsense&verdict=toString", "This page has no claim no::such_claim."),
        ("#open=uts::starts_as_a_copy@9.9", "This page has no kernel 9.9: it has 5.10, 6.1, 6.12, 6.18, 7.3."),
        ("#open=pid::nesting_stops_at_depth_32", "violated on 6.18"),
    ] {
        page.browser.open(&page.file.clone(), hash, 400);
        let text = page.browser.eval("document.body.innerText");
        assert!(text.as_str().unwrap().contains(part), "{hash}: {text}");
        picture(&mut page, &format!("{}-400.png", &hash[1..8].replace('=', "-")));
        // A narrow window scrolls tables, not the page.
        let overhang = page.browser.eval("document.documentElement.scrollWidth - innerWidth");
        assert!(overhang.as_i64().unwrap() <= 0, "{hash}: {overhang} pixels too wide");
    }
    assert_eq!(page.browser.complaints, [""; 0]);
}

#[test]
#[ignore = "needs Chromium"]
fn back_closes_a_cell_and_a_rule_shows_what_was_before() {
    let mut page = open(&sample::small(), "", 1280);
    page.browser.eval("openCell(rows[claims.indexOf(byName.get('mnt::second_rule'))].cells[1])");
    assert_eq!(page.browser.eval("location.hash"), "#open=mnt::first_rule@5.10");
    let text = page.browser.eval("dialog.innerText");
    for part in [
        "The first rule is so.",
        "How the rule changed",
        "since 6.14: The second rule is so.",
        "nsproof run --kernel 5.10 --exact mnt::first_rule",
    ] {
        assert!(text.as_str().unwrap().contains(part), "{part}: {text}");
    }
    page.browser.eval("history.back()");
    page.browser.eval(UNTIL_BACK);
    assert_eq!(page.browser.eval("[dialog.open, location.hash]").to_string(), r#"[false,""]"#);
    let row = "rows[claims.indexOf(byName.get('mnt::first_rule'))].innerText.split(/\\s+/).slice(-5)";
    assert_eq!(page.browser.eval(row).to_string(), r#"["before","before","before","holds","holds"]"#);
    assert_eq!(page.browser.complaints, [""; 0]);
}

#[test]
#[ignore = "needs Chromium"]
fn changes_of_two_kernels_and_errata_are_filtered() {
    let mut page = open(&sample::small(), "#view=changes&from=5.10&to=7.3", 1280);
    let text = page.browser.eval("document.getElementById('view-changes').innerText");
    let text = text.as_str().unwrap();
    // What no rule explains stands first.
    let places = [
        "pid::nesting_stops_at_depth_32",
        "Rules that changed",
        "The second rule is so.",
        "before: The first rule is so.",
    ];
    let places = places.map(|part| text.find(part).unwrap_or_else(|| panic!("{part}: {text}")));
    assert!(places.is_sorted(), "{text}");
    // What was so between the two stands between them.
    let rule = "{ name: 'c', claim: 'C.', since: '7.0', earlier: [{ name: 'a', claim: 'Before 6.14, it is.' }, \
                { name: 'b', claim: 'B.', since: '6.14' }] }";
    let before = format!("(rule => drawBefore(rule, rule.earlier[0], rule).map(part => part.textContent))({rule})");
    assert_eq!(page.browser.eval(&before).to_string(), r#"["from 6.14: B.","before: It is."]"#);
    page.browser.eval("setState({ view: 'errata', text: '340 lines' })");
    let labels = "[...document.querySelectorAll('#view-errata dt')].map(label => label.textContent).join()";
    let labels = page.browser.eval(labels);
    assert!(labels.as_str().unwrap().ends_with("what is true,where,evidence"), "{labels}");
    let count = "document.querySelector('#view-errata output').textContent";
    assert_eq!(page.browser.eval(count), "1 erratum of 1 document");
    page.browser.eval("setState({ text: 'nothing like it' })");
    assert_eq!(page.browser.eval(count), "0 errata of 0 documents");
    assert_eq!(page.browser.complaints, [""; 0]);
}

/// `NSPROOF_AXE` is the file axe.min.js of the package axe-core, which Debian does not have; without it nothing is looked at.
#[test]
#[ignore = "needs Chromium and axe-core"]
fn axe_finds_nothing() {
    let Some(axe) = std::env::var_os("NSPROOF_AXE") else {
        eprintln!("not looked at: NSPROOF_AXE does not name the file axe.min.js of the package axe-core");
        return;
    };
    let axe = fs::read_to_string(axe).unwrap();
    let mut page = open(&sample::small(), "", 1280);
    for (hash, width) in [
        ("", 1280),
        ("#verdict=violated", 400),
        ("#view=changes", 1280),
        ("#view=errata", 400),
        ("#view=kernels", 1280),
        ("#open=pid::nesting_stops_at_depth_32", 1280),
    ] {
        page.browser.open(&page.file.clone(), hash, width);
        page.browser.eval(&format!("{axe}; 0"));
        let found = page.browser.eval(
            "axe.run().then(run => run.violations.map(rule => rule.id + ': ' + rule.nodes.map(node => node.html)))",
        );
        assert_eq!(found.to_string(), "[]", "{hash} at {width}");
    }
}

#[test]
#[ignore = "needs Chromium"]
fn text_of_a_guest_stays_text() {
    let mut page = open(&sample::small(), "#open=user::evil_text_stays_text@5.10", 1280);
    assert_eq!(page.browser.eval("document.title"), "nsproof: claims × kernels");
    let text = page.browser.eval("document.getElementById('cell').innerText");
    assert!(text.as_str().unwrap().contains("</script><script>"), "{text}");
    assert!(text.as_str().unwrap().contains("/*DATA*/ \\u{202e}"), "{text}");
    assert!(text.as_str().unwrap().contains("the talk"), "{text}");
    assert_eq!(page.browser.eval("document.querySelectorAll('a[href^=javascript]').length"), 0);
    assert_eq!(page.browser.eval("document.images.length"), 0);
    assert_eq!(page.browser.complaints, [""; 0]);
}
