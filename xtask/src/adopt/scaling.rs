//! How much work it is to adopt many changes at once, counted and not timed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{Options, run};
use crate::facts;

/// So many changes on one page have to be adopted in the work of one.
const MANY: usize = 300;

/// The fixtures with more put after a row of the type's page: folder, spec and ledger.
fn workshop(after: &str, more: &str) -> (tempfile::TempDir, Options) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["spec.yaml", "provenance.yaml"] {
        fs::copy(fixtures.join(name), folder.path().join(name)).expect("a copy");
    }
    let page = "docs/api-reference/beta/resources/cratejob.md";
    let text = fs::read_to_string(fixtures.join(page)).expect("a page");
    assert_eq!(text.matches(after).count(), 1, "{after}");
    let changed = folder.path().join(page);
    fs::create_dir_all(changed.parent().expect("its folder")).expect("a folder");
    fs::write(&changed, text.replace(after, &format!("{after}{more}"))).expect("a page");
    let options = Options {
        documents: changed,
        spec: folder.path().join("spec.yaml"),
        provenance: folder.path().join("provenance.yaml"),
        write: true,
        interactive: false,
        reviewed: Vec::new(),
    };
    (folder, options)
}

fn lines(line: impl Fn(usize) -> String) -> String {
    (0..MANY).fold(String::new(), |mut text, number| {
        let _ = write!(text, "{}", line(number));
        text
    })
}

#[test]
fn many_additions_take_no_more_comparisons_than_one() {
    let properties = lines(|number| format!("|weight{number}|Int32|In tons.|\n"));
    let members = lines(|number| format!(" `lost{number}`,"));
    let rows = [
        ("|label|String|Name of the order.|\n", properties),
        ("`packing`,", members),
    ];
    for (after, more) in rows {
        let (folder, options) = workshop(after, &more);
        let before = facts::extractions();
        let outcome = run(&options).expect("adopted");
        assert_eq!((outcome.adopted, outcome.decisions), (MANY, 0), "{after}");
        // One that finds everything, one that finds nothing more; a page is read for each, and to be adopted.
        assert_eq!(outcome.comparisons, 2, "{after}");
        let read = facts::extractions() - before;
        assert!(read <= 6, "{after}: the page was taken apart {read} times");
        let spec = fs::read_to_string(&options.spec).expect("the spec");
        for name in [0, MANY / 2, MANY - 1] {
            let written = [format!("weight{name}:"), format!("lost{name}")];
            assert!(
                written.iter().any(|name| spec.contains(name)),
                "{after}: {name}"
            );
        }
        drop(folder);
    }
}

#[test]
fn many_decisions_take_one_comparison() {
    let required = lines(|number| format!("|weight{number}|crateScale{number}|In tons.|\n"));
    let (_folder, options) = workshop("|label|String|Name of the order.|\n", &required);
    let outcome = run(&options).expect("listed");
    assert_eq!((outcome.adopted, outcome.decisions), (0, MANY));
    assert_eq!(outcome.comparisons, 1);
}
