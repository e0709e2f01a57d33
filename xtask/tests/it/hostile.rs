//! Input made to hurt is survived, and never read from outside the folder.

use std::fmt::Write;
use std::fs;

use crate::support::{Copy, drift, editions, fixtures, run, text};

/// A page that the ledger of the fixtures cites.
const CITED: &str = "api-reference/beta/resources/relocation-overview.md";

#[test]
fn broken_utf_8_is_reported_with_its_place() {
    let copy = Copy::of("docs");
    copy.write(CITED, b"# Title\n\n\xff\xfe\n");
    let run = drift(copy.path());
    assert_eq!(run.code, 2);
    let unreadable = run.json()["unreadable"].to_string();
    assert!(
        unreadable.contains("byte 9 cannot be decoded"),
        "{unreadable}"
    );
}

#[test]
fn huge_tables_are_read_to_the_end() {
    let copy = Copy::of("docs");
    let mut rows = String::new();
    for number in 0..100_000 {
        let _ = writeln!(rows, "|extra{number}|String|One more.|");
    }
    copy.replace(
        "resources/cratejob.md",
        "|label|String|Name of the order.|\n",
        &format!("{rows}|label|String|Name of the order.|\n"),
    );
    let run = drift(copy.path());
    assert_eq!(run.code, 1);
    assert_eq!(
        run.output.matches("#stated:property/extra").count(),
        100_000
    );
    let between = editions(copy.path(), &fixtures().join("docs"));
    assert_eq!(between.code, 1);
}

#[test]
fn deep_nesting_is_survived() {
    let deep_json = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let cases = [
        (
            "quotes.md",
            format!("# Deep\n\n{} end\n", ">".repeat(20_000)),
        ),
        (
            "lists.md",
            format!("# Deep\n\n{} end\n", "- ".repeat(5_000)),
        ),
        (
            "brackets.md",
            format!(
                "# Deep\n\n{}x{}\n",
                "[".repeat(50_000),
                "](y)".repeat(50_000)
            ),
        ),
        (
            "emphasis.md",
            format!("# Deep\n\n{}x\n", "*a ".repeat(50_000)),
        ),
        (
            "headings.md",
            format!("# Deep\n\n{}", "###### x\n".repeat(20_000)),
        ),
        (
            "comments.md",
            format!("# Deep\n\n{}\n", "<!-- ".repeat(20_000)),
        ),
        ("ticks.md", format!("# Deep\n\n{}\n", "`".repeat(50_000))),
        (
            "bars.md",
            format!("# Deep\n\n{}\n{}\n", "|a".repeat(5_000), "|-".repeat(5_000)),
        ),
        (
            "json.md",
            format!(
                "# crateJob: cancel\n\n## HTTP request\n\n```http\nPOST /solutions/relocations/crateJobs/{{id}}/cancel\n```\n\n## Example\n\n```http\nHTTP/1.1 202 Accepted\n\n{deep_json}\n```\n"
            ),
        ),
    ];
    for (name, page) in cases {
        let copy = Copy::of("docs");
        copy.write(name, page);
        let run = drift(copy.path());
        assert!(
            (0..=2).contains(&run.code),
            "{name}: {} {}",
            run.code,
            run.errors
        );
        assert!(!run.errors.contains("panicked"), "{name}: {}", run.errors);
        let again = editions(&fixtures().join("docs"), copy.path());
        assert!((0..=2).contains(&again.code), "{name}: {}", again.code);
    }
}

#[test]
fn a_file_too_large_for_a_page_is_refused() {
    let copy = Copy::of("docs");
    copy.write(CITED, vec![b'#'; 9 * 1024 * 1024]);
    let run = drift(copy.path());
    assert_eq!(run.code, 2);
    assert!(
        run.json()["unreadable"]
            .to_string()
            .contains("larger than 8 MiB")
    );
}

#[cfg(unix)]
#[test]
fn symbolic_links_out_of_the_folder_are_refused() {
    use std::os::unix::fs::symlink;

    let outside = Copy::empty();
    let secret = outside.write("secret.md", "# Secret\n\nDo not read this.\n");
    let copy = Copy::of("docs");
    let cited = copy.path().join(CITED);
    fs::remove_file(&cited).expect("a copy can be removed");
    symlink(&secret, &cited).expect("a link");
    symlink(outside.path(), copy.path().join("folder")).expect("a link");
    symlink(
        copy.path().join("nowhere.md"),
        copy.path().join("dangling.md"),
    )
    .expect("a link");
    let run = drift(copy.path());
    assert_eq!(run.code, 2);
    let unreadable = run.json()["unreadable"].to_string();
    assert_eq!(
        unreadable.matches("symbolic link refused").count(),
        1,
        "{unreadable}"
    );
    // The other two links stand where no page of ours does.
    assert_eq!(run.json()["unrelatedUnreadable"], 2);
    assert!(!run.output.contains("Do not read"));
}

#[cfg(unix)]
#[test]
fn links_inside_the_folder_are_followed_once_and_circles_end() {
    use std::os::unix::fs::symlink;

    let copy = Copy::of("docs");
    let folder = copy.path().join("api-reference");
    symlink(&folder, copy.path().join("api-reference/circle")).expect("a link");
    let run = drift(copy.path());
    assert_eq!((run.code, run.new_keys()), (0, Vec::new()));
}

#[test]
fn an_include_that_leads_out_of_the_folder_is_not_followed() {
    let outside = Copy::of("docs");
    let inside = outside.path().join("api-reference/beta/api");
    let page = fs::read_to_string(inside.join("cratejob-cancel.md")).expect("a fixture");
    assert!(page.contains("(../includes/permissions/"));
    let run = drift(&inside);
    let remarks = run.json()["remarks"].to_string();
    assert!(remarks.contains("leads out of the folder"), "{remarks}");
    assert_eq!(
        run.json()["leftOpen"].as_array().map(Vec::len),
        Some(2),
        "{}",
        run.output
    );
}

#[test]
fn control_characters_of_a_page_do_not_reach_the_terminal() {
    let copy = Copy::of("docs");
    copy.replace(
        "resources/cratejob.md",
        "|label|String|",
        "|evil\u{1b}[2J|String|\n|label|String|",
    );
    let run = crate::support::drift_with(copy.path(), &fixtures().join("provenance.yaml"), "human");
    assert_eq!(run.code, 1);
    assert!(!run.output.contains('\u{1b}'), "{:?}", run.output);
}

#[test]
fn a_broken_spec_or_ledger_is_named_with_its_line() {
    let copy = Copy::empty();
    let cases = [
        ("spec.yaml", "paths: [\n", "spec.yaml"),
        (
            "spec.yaml",
            "openapi: 3.0.3\npaths: {}\n",
            "describes no operation",
        ),
        (
            "spec.yaml",
            "paths:\n  /a:\n    get:\n      operationId: a\n",
            "cites no page",
        ),
    ];
    for (name, text, expected) in cases {
        let spec = copy.write(name, text);
        let provenance = fixtures().join("provenance.yaml");
        let docs = fixtures().join("docs");
        let run = crate::support::run(&[
            "drift",
            crate::support::text(&docs),
            "--spec",
            crate::support::text(&spec),
            "--provenance",
            crate::support::text(&provenance),
        ]);
        assert_eq!(run.code, 2, "{text}");
        assert!(run.errors.contains(expected), "{}", run.errors);
        assert_eq!(run.errors.lines().count(), 1, "{}", run.errors);
    }
}

#[test]
fn a_broken_spec_or_ledger_ends_in_one_line_with_its_place() {
    let documents = Copy::of("docs");
    let cases = [
        // The file, what is replaced, by what, and where it is wrong.
        ("spec.yaml", "paths:\n", "paths: [\n", ":"),
        (
            "spec.yaml",
            "paths:\n",
            "pathways:\n",
            ":1:1: it has no `paths`",
        ),
        (
            "spec.yaml",
            "      operationId: createCrateJob\n",
            "",
            ":8:1: an operation has no operationId",
        ),
        (
            "spec.yaml",
            "  title: Relocation of crates",
            "  title: *crates",
            ":3:10: ",
        ),
        ("provenance.yaml", "pages:\n", "pages: {\n", ":"),
        (
            "provenance.yaml",
            "decisions: []",
            "decisions:\n  - why: none",
            ":32:1: a decision has no id",
        ),
    ];
    for (file, from, to, place) in cases {
        let folder = Copy::empty();
        for name in ["spec.yaml", "provenance.yaml"] {
            let text = fs::read_to_string(fixtures().join(name)).expect("a fixture");
            assert!(name != file || text.contains(from), "{file} has no {from}");
            let text = if name == file {
                text.replacen(from, to, 1)
            } else {
                text
            };
            folder.write(name, text);
        }
        let run = run(&[
            "drift",
            text(documents.path()),
            "--spec",
            text(&folder.path().join("spec.yaml")),
            "--provenance",
            text(&folder.path().join("provenance.yaml")),
        ]);
        assert_eq!(run.code, 2, "{to}: {}{}", run.output, run.errors);
        assert_eq!(run.errors.lines().count(), 1, "{to}: {}", run.errors);
        let expected = format!("{file}{place}");
        assert!(run.errors.contains(&expected), "{expected}: {}", run.errors);
        let after = run.errors.split(file).nth(1).expect("a place");
        let numbers = after.split(':').skip(1).take(2);
        assert!(
            numbers
                .map(str::parse::<usize>)
                .all(|number| number.is_ok()),
            "{to}: {}",
            run.errors
        );
    }
}

#[test]
fn a_page_that_contradicts_itself_does_not_differ_from_itself() {
    let copy = Copy::of("docs");
    copy.replace(
        "api/cratejob-cancel.md",
        "## Examples",
        "If successful, this action returns a `202 Accepted` response code. It does not return anything in the \
         response body.\n\n## Examples",
    );
    let run = editions(copy.path(), copy.path());
    assert_eq!(
        (run.code, run.new_keys()),
        (0, Vec::new()),
        "{}",
        run.errors
    );
}
