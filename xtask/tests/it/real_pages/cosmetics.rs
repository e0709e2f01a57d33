//! Changes of form: what the page states stays.

use regex::Regex;

use super::facts::{mutators, one_match};
use super::{Mutator, Random};

fn every(page: &str, pattern: &str, replacement: &str) -> Option<String> {
    let pattern = Regex::new(pattern).expect("a pattern");
    pattern
        .is_match(page)
        .then(|| pattern.replace_all(page, replacement).into_owned())
}

/// Only in examples: the forms of types are no examples.
fn example(page: &str, pattern: &str, replacement: &str) -> Option<String> {
    page.contains("\n## Example")
        .then(|| every(page, pattern, replacement))
        .flatten()
}

fn sorted_rows(page: &str, heading: &str) -> Option<String> {
    let start = page.find(&format!("\n## {heading}"))?;
    let divider = start + page.get(start..)?.find("|:---")?;
    let first = divider + page.get(divider..)?.find('\n')? + 1;
    let mut rows: Vec<&str> = page
        .get(first..)?
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    let length: usize = rows.iter().map(|row| row.len() + 1).sum();
    rows.reverse();
    Some(format!(
        "{}{}\n{}",
        &page[..first],
        rows.join("\n"),
        page.get(first + length..)?
    ))
}

/// A list of members in the text becomes a table below the properties.
fn members_as_table(page: &str) -> Option<String> {
    let pattern = Regex::new(
        r"\|([a-zA-Z]+)\|([a-zA-Z]+Status)\|([^|\n]*?) ?The possible values are: ([^|\n]*?)\.?\|",
    )
    .expect("a pattern");
    let found = pattern.captures(page)?;
    let members: Vec<String> = Regex::new(r"`([a-zA-Z]+)`")
        .expect("a pattern")
        .captures_iter(&found[4])
        .map(|member| format!("|{}|What it means.|", &member[1]))
        .collect();
    let row = format!("|{}|[{}](#values)|{}|", &found[1], &found[2], &found[3]);
    let table = format!(
        "### {} values\n\n|Member|Description|\n|:---|:---|\n{}\n\n## Relationships",
        &found[2],
        members.join("\n")
    );
    Some(
        page.replacen(&found[0], &row, 1)
            .replacen("## Relationships", &table, 1),
    )
}

fn quiet(page: &str, random: &mut Random, from: &str, to: &str) -> Option<String> {
    one_match(page, random, from, |_| to.to_owned())
}

mutators! {
    "another date" => |page, _| every(page, r"(?m)^ms\.date: .*$", "ms.date: 12/24/2026");
    "another author" => |page, _| every(page, r"(?m)^author: .*$", "author: \"somebody\"");
    "another description in the front matter" => |page, _| every(page, r"(?m)^description: .*$", "description: \"Something short.\"");
    "another subservice" => |page, _| every(page, r"(?m)^ms\.subservice: .*$", "ms.subservice: \"moved\"");
    "spaces at the ends of lines" => |page, _| every(page, r"(?m)([a-z.])$", "$1  ");
    "line ends of another system" => |page, _| Some(page.replace('\n', "\r\n"));
    "a byte order mark" => |page, _| Some(format!("\u{feff}{page}"));
    "more blank lines" => |page, _| every(page, r"\n\n(#+ )", "\n\n\n$1");
    "tables with spaces" => |page, _| every(page, r"(?m)^\|([^|:\n]+)\|([^|\n]+)\|", "| $1  | $2   |");
    "tables aligned otherwise" => |page, _| every(page, r"\|:---\|", "|:---:|");
    "no bold" => |page, _| every(page, r"\*\*([A-Za-z]+)\*\*", "$1");
    "a word in bold" => |page, random| one_match(page, random, r"\b(tenant|mailbox|user|service)\b ", |found| format!("**{}** ", &found[1]));
    "a value without its marks" => |page, random| one_match(page, random, r"`(completed|failed|inProgress|submitted|cancelled|processing)`", |found| found[1].to_owned());
    "contractions spelled out" => |page, _| every(page, r"\b([Dd]o|[Ii]s|[Cc]an|[Dd]oes|[Aa]re|[Ww]as)n?'t\b", "$1 not").map(|page| page.replace("can not", "cannot"));
    "typographic quotes" => |page, _| every(page, r"([a-z])'([a-z])", "$1\u{2019}$2");
    "links of another form" => |page, _| every(page, r"\(\.\./resources/([a-z]+)\.md\)", "(/graph/api/resources/$1?view=graph-rest-beta)");
    "links to the same folder" => |page, _| every(page, r"\(\.\./resources/([a-z]+)\.md\)", "(./../resources/$1.md)");
    "a type without its link" => |page, random| one_match(page, random, r"\|\[([a-zA-Z]+)\]\(\.\./resources/[a-z]+\.md\)\|", |found| format!("|{}|", &found[1]));
    "other ids in examples" => |page, _| every(page, r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "0b8f7c1e-6d3a-4c25-9f10-7e2d5a4b3c61");
    "other times in examples" => |page, _| every(page, r#""20\d\d-\d\d-\d\dT[0-9:.]+Z""#, "\"2026-12-24T18:00:00Z\"");
    "other words in the message of an example" => |page, _| example(page, r#""message": "[^"]+""#, "\"message\": \"Something was said here.\"");
    "other names in an example" => |page, _| example(page, r#""displayName": "[^"]+""#, "\"displayName\": \"Wave nine\"");
    "examples indented otherwise" => |page, _| every(page, r#"(?m)^  ("@?[a-z])"#, "      $1");
    "one language more" => |page, _| every(page, r"\n# \[HTTP\]\(#tab/http\)\n", "\n# [Go](#tab/go)\n[!INCLUDE [sample-code](../includes/snippets/go/x.md)]\n\n# [HTTP](#tab/http)\n");
    "the languages are gone" => |page, _| every(page, r"(?s)\n# \[C#\].*?\n---\n", "\n---\n");
    "other comments" => |page, _| every(page, r#""name": "[^"]+""#, "\"name\": \"renamed_e7\"");
    "no words before an example" => |page, _| every(page, r"The following example shows [^\n]*\n", "");
    "other words before an example" => |page, _| every(page, r"The following example shows (?:a|the) (request|response)\.", "Here's an example of the $1.");
    "no remark on shortening" => |page, _| every(page, r">\*\*Note:\*\* The response object[^\n]*\n", "");
    "a remark in the form of an alert" => |page, _| every(page, r">\*\*Note:\*\* ", "> [!NOTE]\n> ");
    "the values are possible in other words" => |page, _| every(page, r"The possible values are:", "Possible values:");
    "the values are one of the following" => |page, _| every(page, r"The possible values are: ([^|]*?)\.\|", "One of the following: $1.|");
    "a list without its last and" => |page, _| every(page, r"`, and `", "`, `");
    "properties in another order" => |page, _| sorted_rows(page, "Properties");
    "methods in another order" => |page, _| sorted_rows(page, "Methods");
    "another spelling" => |page, _| every(page, r"\bcanceled\b", "cancelled");
    "a number without its comma" => |page, _| every(page, r"\b(\d),(\d{3})\b", "$1$2");
    "a number as a word" => |page, _| every(page, r"\b7 days", "seven days").or_else(|| every(page, "seven days", "7 days"));
    "the reason phrase in capitals" => |page, _| every(page, r"`409 Conflict`", "`409 CONFLICT`").or_else(|| every(page, r"`409 CONFLICT`", "`409 Conflict`"));
    "provide instead of supply" => |page, _| every(page, r"\bsupply\b", "provide");
    "the body is not supplied in other words" => |page, _| every(page, r"Don't supply a request body for this method\.", "Do not provide a request body.");
    "more links below" => |page, _| Some(format!("{page}\n## Related content\n\n- [Throttling in 10 steps](/graph/throttling)\n"));
    "placeholders with other names" => |page, _| every(page, r"\{crossTenantMigration(Job|Task)Id\}", "{id-of-$1}");
    "fences without a space" => |page, _| every(page, r"``` (http|json)", "```$1");
    "lists with another mark" => |page, _| every(page, r"(?m)^- ", "* ");
    "headings with marks at the end" => |page, _| every(page, r"(?m)^## (.*)$", "## $1 ##");
    "text in shorter lines" => |page, _| every(page, r"(?m)^([A-Z][^|\n]{40,}?) ([a-z]+ [a-z]+ )", "$1\n$2");
    "a hint more" => |page, random| quiet(page, random, r"\n## Permissions\n", "\n> [!TIP]\n> Take a walk meanwhile.\n\n## Permissions\n");
    "the same sentence twice" => |page, random| one_match(page, random, r"\n(If successful[^\n]*)\n", |found| format!("\n{}\n\n{}\n", &found[1], &found[1]));
    "returns in other words" => |page, _| every(page, r"If successful, this (?:method|action|function) returns a `(\d+ [A-Za-z ]+)` response code", "A successful call returns `$1`");
    "members as a table" => |page, _| members_as_table(page);
    "no time in the example of a time" => |page, _| every(page, r" For example, midnight UTC on Jan 1, 20\d\d,? is `[^`]+`\.", "");
    "an example announced in short" => |page, _| every(page, r"For example, midnight", "E.g., midnight");
    "a name of the page's own include" => |page, _| every(page, r"\[!INCLUDE \[beta-disclaimer\]", "[!INCLUDE [beta disclaimer]");
    "the table of headers in other words" => |page, _| every(page, r"Learn more about \[authentication and authorization\]\(/graph/auth/auth-concepts\)\.", "See [authentication](/graph/auth).");
    "includes in lower case" => |page, _| every(page, r"\[!INCLUDE ", "[!include ");
    "a character set in examples" => |page, _| every(page, r"(?m)^Content-Type: application/json$", "Content-Type: application/json; charset=utf-8");
    "other companies" => |page, _| every(page, r"contoso", "northwind");
    "the type in the form without its mark" => |page, _| every(page, r##""#microsoft\.graph\.(\w+)",\n  "id": "String"##, "\"microsoft.graph.$1\",\n  \"id\": \"String");
    "examples that look like this" => |page, _| every(page, r"The following example shows (?:a|the) (request|response)\.", "The $1 looks like this:");
    "names of properties as code" => |page, _| every(page, r"\*\*(\w+)\*\*([^:])", "`$1`$2");
    "two sentences joined" => |page, random| one_match(page, random, r"([a-z])\. (This|The|If) ([a-z])", |found| format!("{}; {} {}", &found[1], &found[2], &found[3]));
    "other fences" => |page, _| every(page, r"(?ms)^``` ?(http|json)\n(.*?)^```", "~~~ $1\n$2~~~");
    "collections in brackets" => |page, random| one_match(page, random, r"\|String collection\|", |_| "|Collection(String)|".to_owned());
    "no relationships in other words" => |page, _| every(page, r"## Relationships\n+None\.\n", "");
    "the name of the call as code" => |page, _| every(page, r"\*\*migrate\*\* API", "`migrate` API");
    "odd times without fractions" => |page, _| every(page, r#"(T\d\d:\d\d:\d\d)\.\d+Z""#, "${1}Z\"");
    "headers of every exchange" => |page, _| every(page, r"(?m)^Content-Type: application/json$", "Content-Type: application/json\nContent-Length: 412\nrequest-id: 7");
    "the version before the path" => |page, _| every(page, r"(?m)^(GET|POST|PATCH|DELETE) /solutions", "$1 /beta/solutions");
    "older words on permissions" => |page, _| every(page, r"(?m)^Choose the permission or permissions[^\n]*", "One of the following permissions is required to call this API. To learn more, including how to choose permissions, see [Permissions](/graph/permissions-reference).");
    "a longer remark on shortening" => |page, _| every(page, r">\*\*Note:\*\* The response object[^\n]*", "> [!NOTE]\n> The response object shown here might be shortened for readability. All the properties are returned from an actual call.");
    "no body in few words" => |page, _| every(page, r"Don't supply a request body for this method\.", "This method takes no request body.");
    "to learn more about queries" => |page, _| every(page, r"For general information, see", "To learn more, see");
    "unsuccessful" => |page, _| every(page, r"If not successful,", "If unsuccessful,");
    "who answers" => |page, _| every(page, r"a (`409 \w+`) response (?:code )?is returned", "the service returns a $1 response");
    "final, not terminal or final" => |page, _| every(page, r"a terminal or final state", "a final state");
    "rows named by what one does" => |page, _| every(page, r"\|Retrieve a specific", "|Retrieves a specific");
    "has to be" => |page, _| every(page, r"\b([a-z]+) must be (in|unique|specified|migrated)\b", "$1 has to be $2");
    "now, not at this time" => |page, _| every(page, r"supported at this time", "currently supported");
    "before, not previously" => |page, _| every(page, r"was previously created", "has been created before");
    "a table announced" => |page, _| every(page, r"## Properties\n+\|", "## Properties\n\nThe following table lists the properties.\n\n|");
    "methods announced" => |page, _| every(page, r"## Methods\n+\|", "## Methods\n\nThe following methods are available.\n\n|");
    "a compound written as one" => |page, _| every(page, r"nick name", "nickname");
}
