//! What ends is the first thing that callers need to know.

use crate::support::{Copy, drift, drift_with, editions, fixtures};

const CANCEL: &str = "api/cratejob-cancel.md";
const JOB: &str = "resources/cratejob.md";

#[test]
fn every_way_of_marking_an_end_is_noticed() {
    let cases = [
        (
            CANCEL,
            "\n# crateJob: cancel\n",
            "\n# crateJob: cancel (deprecated)\n",
            "cratejob-cancel#stated:deprecated/page",
        ),
        (
            CANCEL,
            "Namespace: microsoft.graph\n",
            "Namespace: microsoft.graph\n\n> [!CAUTION]\n> The cancel API is deprecated and will stop working on August 20, 2027. Use the harbour's telephone.\n",
            "cratejob-cancel#stated:deprecated/page=August 20 2027",
        ),
        (
            CANCEL,
            "## Permissions\n",
            "This method retires on 30 June 2027.\n\n## Permissions\n",
            "cratejob-cancel#stated:deprecated/page=30 June 2027",
        ),
        (
            JOB,
            "|label|String|Name of the order.|",
            "|label (deprecated)|String|Name of the order.|",
            "cratejob#stated:deprecated/property/label",
        ),
        (
            JOB,
            "|label|String|Name of the order.|",
            "|label|String|Name of the order. This property is deprecated and will be removed in March 2027.|",
            "cratejob#stated:deprecated/property/label=March 2027",
        ),
        (
            JOB,
            "|[cancel](../api/cratejob-cancel.md)",
            "|[cancel (deprecated)](../api/cratejob-cancel.md)",
            "cratejob#stated:deprecated/method/cratejob-cancel",
        ),
        (
            JOB,
            "## Relationships",
            "### crateJobStatus values\n\n|Member|Description|\n|:--|:--|\n|waiting|Nobody came.|\n|shipped (deprecated)|Gone.|\n\n## Relationships",
            "cratejob#stated:deprecated/enum/crateJobStatus/shipped",
        ),
    ];
    for (file, from, to, key) in cases {
        let copy = Copy::of("docs");
        copy.replace(file, from, to);
        for (against, run) in [
            ("spec", drift(copy.path())),
            ("editions", editions(&fixtures().join("docs"), copy.path())),
        ] {
            let keys = run.new_keys();
            let named = key.split('=').next().unwrap_or(key);
            assert!(
                keys.iter().any(|found| found.starts_with(named)),
                "{against}: {key} is missing in {keys:?}"
            );
            if against == "spec" {
                assert_eq!(keys, [key], "{against}");
            }
        }
    }
}

#[test]
fn an_end_stands_first_in_the_report() {
    let copy = Copy::of("docs");
    copy.replace(CANCEL, "a `202 Accepted` response", "a `200 OK` response");
    copy.replace(
        JOB,
        "|label|String|Name of the order.|",
        "|label (deprecated)|String|Name of the order.|",
    );
    let report = drift_with(copy.path(), &fixtures().join("provenance.yaml"), "human").output;
    assert!(
        report.starts_with("drift[deprecation]: cratejob: deprecation of property `label`"),
        "{report}"
    );
    let report = drift_with(copy.path(), &fixtures().join("provenance.yaml"), "markdown").output;
    let (ends, breaks) = (report.find("### Deprecated"), report.find("### Breaking"));
    assert!(ends.is_some() && ends < breaks, "{report}");
}

#[test]
fn the_three_places_of_an_enumeration_mean_the_same() {
    let inline = "The possible values are: `waiting`, `packing`, `shipped`, `stopped`, and `unknownFutureValue`.";
    let table = |extra: &str| {
        format!(
            "|Member|Description|\n|:--|:--|\n|waiting|Nobody came.|\n|packing|Somebody did.|\n|shipped|Gone.|\n|stopped|Over.|\n{extra}|unknownFutureValue|Do not use.|\n"
        )
    };
    for (extra, expected) in [
        ("", Vec::new()),
        ("|lost|Sunk.|\n", vec!["enum/crateJobStatus/lost"]),
    ] {
        let in_page = Copy::of("docs");
        in_page.replace(JOB, inline, "");
        in_page.replace(
            JOB,
            "## Relationships",
            &format!(
                "### crateJobStatus values\n\n{}\n## Relationships",
                table(extra)
            ),
        );
        let own_page = Copy::of("docs");
        own_page.replace(JOB, inline, "");
        own_page.replace(
            JOB,
            "|status|crateJobStatus|",
            "|status|[crateJobStatus](../resources/cratejobstatus.md)|",
        );
        own_page.write(
            "api-reference/beta/resources/cratejobstatus.md",
            format!(
                "---\ntitle: crateJobStatus enum type\ndoc_type: enumPageType\n---\n\n# crateJobStatus enum type\n\nNamespace: microsoft.graph\n\n## Members\n\n{}",
                table(extra)
            ),
        );
        for (form, copy) in [("table", in_page), ("page", own_page)] {
            let found: Vec<String> = drift(copy.path())
                .new_keys()
                .into_iter()
                .map(|key| key.split(':').next_back().unwrap_or_default().to_owned())
                .collect();
            assert_eq!(found, expected, "{form}");
        }
    }
    for other in [
        "Possible values: `waiting`, `packing`, `shipped`, `stopped`, `unknownFutureValue`.",
        "One of the following: `waiting`, `packing`, `shipped`, `stopped`, or `unknownFutureValue`.",
        "Can be one of the following values: waiting, packing, shipped, stopped, unknownFutureValue.",
        "The possible values are: `waiting`, `packing`, `shipped`, `stopped`. Use the `Prefer: include-unknown-enum-members` request header to get the following value in this evolvable enum: `unknownFutureValue`.",
    ] {
        let copy = Copy::of("docs");
        copy.replace(JOB, inline, other);
        assert_eq!(
            drift(copy.path()).new_keys(),
            Vec::<String>::new(),
            "{other}"
        );
    }
    let copy = Copy::of("docs");
    copy.replace(
        JOB,
        inline,
        &format!("{inline} Use the `Prefer: include-unknown-enum-members` request header to get the following values in this evolvable enum: `lost`."),
    );
    assert_eq!(
        drift(copy.path()).new_keys(),
        ["cratejob#stated:enum/crateJobStatus/lost"]
    );
}
