//! A whole clone of the documents' repository: most of its pages are about other products.

use std::fs;
use std::path::Path;

use crate::support::{Copy, Run, copy, drift, drift_with, editions, fixtures, project, run, text};

/// Pages of other products in the shapes that are hard to tell from ours.
const FOREIGN: [(&str, &str); 9] = [
    // A licence without a heading.
    (
        "LICENSE.md",
        "Permission is granted to whoever asks politely.\nNothing is promised.\n",
    ),
    // A type of another product that bears the name of one of ours.
    (
        "api-reference/v1.0/resources/cratecancelreceipt.md",
        "---\ntitle: crateCancelReceipt resource type\ndoc_type: resourcePageType\n---\n\n# crateCancelReceipt resource type\n\nNamespace: microsoft.graph.shipping\n\n## Properties\n\n|Property|Type|Description|\n|:--|:--|:--|\n|tonnage|Int32|Of the ship.|\n\n## JSON representation\n\n```json\n{\"tonnage\": 1}\n```\n",
    ),
    // Another with the name of an enumeration of ours, and one of the same title as a page of ours.
    (
        "api-reference/beta/resources/cratespeed.md",
        "# crateSpeed resource type\n\n## Properties\n\n|Property|Type|Description|\n|:--|:--|:--|\n|knots|Int32|Measured.|\n",
    ),
    (
        "concepts/relocation.md",
        "---\ntitle: Relocation API overview\n---\n\n# Relocation API overview\n\nA Ferry Administrator keeps everything for 11 days with `Ferry.Read.All`.\n",
    ),
    // A list of enumerations of another namespace.
    (
        "api-reference/beta/resources/enums-shipping.md",
        "---\ndoc_type: enumPageType\n---\n\n# Enumerations of shipping\n\n### crateSpeed values\n\n|Member|\n|:--|\n|ahead|\n",
    ),
    // Sections that no page of ours has.
    (
        "api-reference/beta/resources/planet.md",
        "---\ndoc_type: resourcePageType\n---\n\n# planet\n\n## Orbit\n\nIt has one.\n\n## Moons\n\n|Moon|Mass|\n|:--|:--|\n|one|7|\n",
    ),
    (
        "api-reference/beta/api/planet-orbit.md",
        "---\ndoc_type: apiPageType\n---\n\n# planet: orbit\n\n## HTTP request\n\nSee the almanac.\n",
    ),
    (
        "concepts/throttling.md",
        "# Throttling\n\nNo more than 9 requests in 3 seconds. The answer is `429 Too Many Requests`.\n",
    ),
    ("templates/ISSUE_TEMPLATE.md", "Tell us what is wrong.\n"),
];

#[test]
fn pages_about_other_products_change_nothing() {
    let copy = Copy::of("docs");
    for (name, page) in FOREIGN {
        copy.write(name, page);
    }
    copy.write("concepts/images.md", b"\xff\xfe\x00");
    let run = drift(copy.path());
    assert_eq!(
        (run.code, run.new_keys()),
        (0, Vec::new()),
        "{}",
        run.output
    );
    let report = run.json();
    assert_eq!(report["compared"], 6);
    assert_eq!(report["unreadable"].as_array().map(Vec::len), Some(0));
    assert_eq!(report["unrelatedUnreadable"], 5, "{}", run.output);
}

#[test]
fn a_lone_page_inside_a_clone_speaks_for_itself_only() {
    let copy = Copy::of("docs");
    for (name, page) in FOREIGN {
        copy.write(name, page);
    }
    let page = copy.file("api/cratejob-cancel.md");
    // Neither what its neighbours say nor that one of them is gone is its matter.
    fs::remove_file(copy.file("api/cratejob-findbylabel.md")).expect("a page goes");
    copy.replace("resources/cratejob.md", "|label|String|", "|label|Int32|");
    let alone = drift(&page);
    assert_eq!(
        (alone.code, alone.new_keys()),
        (0, Vec::new()),
        "{}",
        alone.output
    );
    assert_eq!(alone.json()["compared"], 1);
    let whole = drift(copy.path());
    assert_eq!(whole.code, 1, "{}", whole.output);
    assert!(whole.new_keys().len() >= 2, "{:?}", whole.new_keys());
    copy.replace(
        "api/cratejob-cancel.md",
        "| `409 Conflict` | The job has",
        "| `403 Forbidden` | The caller owns no crate. |\n| `409 Conflict` | The job has",
    );
    let alone = drift(&page);
    assert_eq!(alone.code, 1, "{}", alone.output);
    assert!(
        alone
            .new_keys()
            .iter()
            .all(|key| key.starts_with("cratejob-cancel#")),
        "{:?}",
        alone.new_keys()
    );
    assert!(!alone.new_keys().is_empty());
}

#[test]
fn editions_are_compared_without_the_pages_of_other_products_unless_asked() {
    let copy = Copy::of("docs");
    for (name, page) in FOREIGN {
        copy.write(name, page);
    }
    let scoped = editions(&fixtures().join("docs"), copy.path());
    assert_eq!(
        (scoped.code, scoped.new_keys()),
        (0, Vec::new()),
        "{}",
        scoped.output
    );
    let whole = run(&[
        "drift",
        text(&fixtures().join("docs")),
        text(copy.path()),
        "--all",
        "--format",
        "json",
    ]);
    let keys = whole.new_keys();
    assert!(
        keys.contains(&"throttling#stated:page".to_owned()),
        "{keys:?}"
    );
}

#[test]
fn a_page_that_continues_under_another_name_is_noticed() {
    let copy = Copy::of("docs");
    let page = copy.file("api/cratejob-cancel.md");
    fs::rename(&page, page.with_file_name("cratejob-stop.md")).expect("a copy can be renamed");
    assert_eq!(
        drift(copy.path()).new_keys(),
        ["cratejob-cancel#differs:page=cratejob-stop"]
    );
}

#[test]
fn a_type_that_a_page_of_ours_links_to_is_ours_and_one_that_is_only_named_is_not() {
    let page = "# crateSeal resource type\n\n## Properties\n\n|Property|Type|Description|\n|:--|:--|:--|\n|number|String|Stamped.|\n";
    for (given, ours) in [("crateSeal", false), ("[crateSeal](crateseal.md)", true)] {
        let copy = Copy::of("docs");
        copy.replace(
            "resources/cratejob.md",
            "|label|String|",
            &format!("|seal|{given}|Lead.|\n|label|String|"),
        );
        copy.write("api-reference/beta/resources/crateseal.md", page);
        let keys = drift(copy.path()).new_keys();
        assert_eq!(
            keys.iter()
                .any(|key| key == "crateseal#stated:type/crateSeal"),
            ours,
            "{given}: {keys:?}"
        );
    }
}

#[test]
fn no_form_of_the_report_passes_on_what_steers_a_terminal() {
    let copy = Copy::of("docs");
    copy.replace(
        "resources/cratejob.md",
        "|label|String|Name of the order.|",
        "|evil\u{1b}[2J\u{9b}31m\u{202e}|Str\u{7}ing|\n|label\u{200b}|String|Name of the order.|",
    );
    copy.replace(
        "api/cratejob-cancel.md",
        "\"status\": \"stopping\"",
        "\"sta\\u001b[2Jtus\": 1",
    );
    copy.write(
        "api-reference/beta/api/cratejob-ship\u{1b}[31m.md",
        "# crateJob: \u{1b}]0;owned\u{7}ship\n\n## HTTP request\n\n```http\nPOST /solutions/relocations/crateJobs/{id}/ship\u{1b}[2J\n```\n",
    );
    for format in ["human", "markdown", "json"] {
        let run = drift_with(copy.path(), &fixtures().join("provenance.yaml"), format);
        assert_eq!(run.code, 1, "{format}");
        let steering: Vec<char> = run
            .output
            .chars()
            .filter(|letter| {
                (letter.is_control() && *letter != '\n')
                    || ['\u{202e}', '\u{200b}'].contains(letter)
            })
            .collect();
        assert!(steering.is_empty(), "{format}: {steering:?}");
    }
}

/// A folder of the shared material; says so when it is missing.
fn shared(part: &str) -> Option<std::path::PathBuf> {
    let folder = project().join("../shared").join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: {} is not there", folder.display());
    None
}

fn report_of(folder: &Path) -> Run {
    run(&["drift", text(folder), "--format", "json"])
}

#[test]
fn the_real_pages_of_other_products_change_nothing() {
    let (Some(current), Some(foreign)) = (shared("docs/current"), shared("foreign-documents"))
    else {
        return;
    };
    let alone = report_of(&current);
    for below in ["", "elsewhere"] {
        let whole = Copy::empty();
        copy(&foreign, &whole.path().join(below));
        copy(&current, whole.path());
        let together = report_of(whole.path());
        assert_eq!(together.code, 0, "{}", together.output);
        assert_eq!(together.new_keys(), Vec::<String>::new());
        assert_eq!(together.known_keys(), alone.known_keys());
        let (one, other) = (alone.json(), together.json());
        for member in ["compared", "unreadable"] {
            assert_eq!(one[member], other[member], "{member}");
        }
        assert!(other["unrelated"].as_u64() > Some(200));
        // Two whole editions differ as little.
        let between = run(&[
            "drift",
            text(&current),
            text(whole.path()),
            "--format",
            "json",
        ]);
        assert_eq!(
            (between.code, between.new_keys()),
            (0, Vec::new()),
            "{}",
            between.output
        );
    }
}
