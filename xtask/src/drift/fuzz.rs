//! Pages that nobody should write, against everything that reads them.
//!
//! Each target is a test, which `.ci/fuzz` gives to a fuzzer.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use msgraph_migrations_checks::fuzz;
use msgraph_migrations_checks::hostile::{assert_one_line, input};

use crate::contract::Contract;
use crate::contract::held::Held;
use crate::contract::ledger::Ledger;
use crate::documents::folder::Edition;
use crate::documents::read_page;
use crate::drift::{against_contract, editions};
use crate::report::{self, Format};

const RUNS: u64 = 200;
/// Longer than any line of a report about a page that a fuzzer makes.
const MAX_LINE: usize = 200_000;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

static PAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let read = |name: &str| std::fs::read(fixtures().join(name)).expect("a fixture");
    [
        "docs/api-reference/beta/api/cratejob-cancel.md",
        "docs/api-reference/beta/api/relocationsroot-post-cratejobs.md",
        "docs/api-reference/beta/resources/cratejob.md",
        "docs/api-reference/beta/resources/relocation-overview.md",
        "web/cratejob-cancel.md",
        "web/copied.txt",
    ]
    .map(read)
    .into()
});

/// An edition of one page, or of none when it is refused with a reason.
fn edition(bytes: &[u8]) -> Option<Edition> {
    let path = Path::new("/documents/api-reference/beta/api/cratejob-cancel.md");
    match read_page(
        path,
        path.display().to_string(),
        bytes,
        Path::new("/documents"),
    ) {
        Ok(page) => Some(Edition {
            pages: vec![page.into()],
            lone: true,
            ..Edition::default()
        }),
        Err(reason) => {
            assert_one_line(&crate::terminal::visible(&reason), 1_000);
            None
        }
    }
}

#[test]
fn pages() {
    let contract = Contract::load(&fixtures().join("spec.yaml")).expect("a spec");
    let ledger = Ledger::load(&fixtures().join("provenance.yaml")).expect("a ledger");
    // Nothing is left half done by a page that ends in a panic: the test ends with it.
    let own = std::panic::AssertUnwindSafe((contract, ledger, Held::default()));
    let seeds: Vec<&[u8]> = PAGES.iter().map(Vec::as_slice).collect();
    fuzz!(RUNS, |chosen: &[u8]| {
        let own = &own;
        let (contract, ledger, held) = &**own;
        let bytes = input(chosen, &seeds);
        let Some(read) = edition(&bytes) else { return };
        let lines = bytes.split(|byte| *byte == b'\n').count() + 1;
        let report = against_contract(read, contract, ledger, held);
        for finding in &report.findings {
            if finding.place.file.starts_with("/documents") {
                assert!(
                    finding.place.line <= lines,
                    "{} of {lines}",
                    finding.place.line
                );
            }
        }
        let report = report.visible();
        for finding in report.new_findings() {
            assert_one_line(&finding.title, MAX_LINE);
            assert_one_line(&finding.says, MAX_LINE);
        }
        // A page does not differ from itself.
        if let (Some(one), Some(other)) = (edition(&bytes), edition(&bytes)) {
            let same = editions::between(one, other, None);
            assert_eq!(same.new_findings().count(), 0, "{:?}", same.findings);
        }
        let formats = [Format::Json, Format::Markdown, Format::Sarif, Format::Human];
        let format = formats[chosen.len() % formats.len()];
        let read = edition(&bytes).expect("it was read before");
        let report = against_contract(read, contract, ledger, held);
        let written = report::text(report, format, "the spec").expect("memory");
        let written = String::from_utf8(written).expect("UTF-8");
        match format {
            Format::Markdown => assert!(!written.contains('\u{1b}')),
            Format::Human => {}
            _ => drop(serde_json::from_str::<serde_json::Value>(&written).expect("JSON")),
        }
    });
}

#[test]
fn specifications() {
    let spec = std::fs::read(fixtures().join("spec.yaml")).expect("a fixture");
    let ledger = std::fs::read(fixtures().join("provenance.yaml")).expect("a fixture");
    fuzz!(RUNS, |chosen: &[u8]| {
        let spoilt = |seed: &[u8]| String::from_utf8_lossy(&input(chosen, &[seed])).into_owned();
        // Read or refused in one line that names the file.
        if let Err(reason) = Contract::parse("spec.yaml", &spoilt(&spec)) {
            assert!(reason.contains("spec.yaml"), "{reason}");
            assert_one_line(&crate::terminal::visible(&reason), 2_000);
        }
        if let Err(reason) = Ledger::parse("provenance.yaml", &spoilt(&ledger)) {
            assert!(reason.contains("provenance.yaml"), "{reason}");
            assert_one_line(&crate::terminal::visible(&reason), 2_000);
        }
    });
}
