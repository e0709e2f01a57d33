//! Edits that change no fact are not reported.

use crate::support::{Copy, drift, editions, fixtures};

const CANCEL: &str = "api/cratejob-cancel.md";
const CREATE: &str = "api/relocationsroot-post-cratejobs.md";
const JOB: &str = "resources/cratejob.md";
const GUIDE: &str = "resources/relocation-overview.md";

const EDITS: [(&str, &str, &str, &str, &str); 26] = [
    (
        "docs",
        "wording of the introduction",
        CANCEL,
        "Stop a [crateJob](../resources/cratejob.md) that is still being packed.",
        "Use this action on a [crateJob](../resources/cratejob.md) whose crates nobody has loaded yet.",
    ),
    (
        "docs",
        "wording around a status",
        CANCEL,
        "A crate that is on the ship stays there, and a `409 Conflict` response says so.",
        "Crates on board are not brought back; the service answers `409 CONFLICT` in that case.",
    ),
    (
        "docs",
        "wording of an error row",
        CANCEL,
        "The job has the wrong status for this call. It must be `waiting` or `packing`.",
        "This call isn't possible in the job's status. The status must be `waiting` or `packing`.",
    ),
    (
        "docs",
        "wording of the response",
        CANCEL,
        "If successful, this action returns a `202 Accepted` response code and a [crateCancelReceipt](../resources/cratecancelreceipt.md) in the response body.",
        "When it's successful, the action returns `202 Accepted` and a [crateCancelReceipt](../resources/cratecancelreceipt.md) object in the response body.",
    ),
    (
        "docs",
        "date",
        CANCEL,
        "ms.date: 03/14/2026",
        "ms.date: 11/02/2026",
    ),
    (
        "docs",
        "author",
        CANCEL,
        "author: \"harbourmaster\"",
        "author: \"first-mate\"",
    ),
    (
        "docs",
        "description in the front matter",
        CANCEL,
        "description: \"Stop a crateJob that is still being packed.\"",
        "description: \"Stops it.\"",
    ),
    (
        "docs",
        "link target",
        CANCEL,
        "[crateJob](../resources/cratejob.md) that",
        "[crateJob](/graph/api/resources/cratejob?view=graph-rest-beta) that",
    ),
    (
        "docs",
        "name of a placeholder",
        CANCEL,
        "crateJobs/{crateJobId}/cancel",
        "crateJobs/{ID}/cancel",
    ),
    (
        "docs",
        "fence without a space",
        CANCEL,
        "``` http\nPOST /solutions/relocations",
        "```http\nPOST /solutions/relocations",
    ),
    (
        "docs",
        "alignment of a table",
        CANCEL,
        "|Name|Description|\n|:---|:---|\n|Authorization|Bearer {token}. Required.|",
        "| Name          | Description              |\n| ------------- | :----------------------: |\n| Authorization | Bearer {token}. Required. |",
    ),
    (
        "docs",
        "a tab more",
        CANCEL,
        "# [C#](#tab/csharp)",
        "# [Go](#tab/go)\n```go\ncancel(); // 500 Internal Server Error\n```\n\n# [C#](#tab/csharp)",
    ),
    (
        "docs",
        "the tabs are gone",
        CANCEL,
        "# [C#](#tab/csharp)\n[!INCLUDE [sample-code](../includes/snippets/csharp/cratejobthiscancel-csharp-snippets.md)]\n\n---\n",
        "",
    ),
    (
        "docs",
        "metadata comment",
        CANCEL,
        "\"name\": \"cratejobthis.cancel\"",
        "\"name\": \"cratejob_cancel_e1\"",
    ),
    (
        "docs",
        "a note more",
        CANCEL,
        ">**Note:** The response object",
        "> [!TIP]\n> Be patient.\n\n>**Note:** The response object",
    ),
    (
        "docs",
        "ids of an example",
        CANCEL,
        "5f0a7c1e-93d2-4b68-8c7f-a1e2d3094b56",
        "c40b7b52-6a0e-4c43-9a51-0d5be2ff7f11",
    ),
    (
        "docs",
        "words of an example",
        CANCEL,
        "The crates are being unpacked.",
        "Unpacking has begun.",
    ),
    (
        "docs",
        "order of the members of an example",
        CANCEL,
        "  \"status\": \"stopping\",\n  \"note\": \"The crates are being unpacked.\"",
        "  \"note\": \"The crates are being unpacked.\",\n  \"status\": \"stopping\"",
    ),
    (
        "docs",
        "order of properties",
        CREATE,
        "|label|String|Name of the order. Required.|\n|dueDateTime|DateTimeOffset|When the crates should arrive. Required.|",
        "|dueDateTime|DateTimeOffset|When the crates should arrive. Required.|\n|label|String|Name of the order. Required.|",
    ),
    (
        "docs",
        "description of a property",
        JOB,
        "|label|String|Name of the order.|",
        "|label|String|What people call the order.|",
    ),
    (
        "docs",
        "code spans of enum members lose the comma",
        JOB,
        "`stopped`, and `unknownFutureValue`.",
        "`stopped`, `unknownFutureValue`.",
    ),
    (
        "docs",
        "emphasis of property names",
        JOB,
        "|sealed|Boolean|",
        "|**sealed**|Boolean|",
    ),
    (
        "docs",
        "wording of a guide",
        GUIDE,
        "The relocation API moves crates between harbours.",
        "Harbours exchange crates with the relocation API.",
    ),
    (
        "docs",
        "separator of thousands",
        CREATE,
        "Limit of 750 items for each order.",
        "At most 750 items in one order.",
    ),
    (
        "web",
        "date of the rendered page",
        "cratejob-cancel.md",
        "Sitemap-Last-Modified: 2026-04-02",
        "Sitemap-Last-Modified: 2026-08-30",
    ),
    (
        "web",
        "wording of the copied page",
        "copied.txt",
        "Stop a crateJob that is still being packed.",
        "Stop an order that nobody has loaded.",
    ),
];

#[test]
fn cosmetic_edits_are_not_reported() {
    let mut reported = Vec::new();
    for (folder, name, file, from, to) in EDITS {
        let copy = Copy::of(folder);
        copy.replace(file, from, to);
        for (against, run) in [
            ("spec", drift(copy.path())),
            ("editions", editions(&fixtures().join(folder), copy.path())),
        ] {
            let keys = run.new_keys();
            if run.code != 0 || !keys.is_empty() {
                reported.push(format!("{name} ({against}): {} {keys:?}", run.code));
            }
        }
    }
    println!(
        "cosmetic edits: {} in two comparisons each, {} reports",
        EDITS.len(),
        reported.len()
    );
    assert!(reported.is_empty(), "{}", reported.join("\n"));
}

#[test]
fn line_ends_of_another_system_and_a_byte_order_mark_change_nothing() {
    for folder in ["docs", "web"] {
        let copy = Copy::of(folder);
        copy.rewrite_all(|text| format!("\u{feff}{}", text.replace('\n', "\r\n")));
        for run in [
            drift(copy.path()),
            editions(&fixtures().join(folder), copy.path()),
        ] {
            assert_eq!((run.code, run.new_keys()), (0, Vec::new()), "{folder}");
        }
    }
}
