//! Changes of what a page states.

use regex::{Captures, Regex};

use super::{Mutator, Random};

/// Replaces one match of a pattern, chosen at random.
pub fn one_match(
    page: &str,
    random: &mut Random,
    pattern: &str,
    change: impl Fn(&Captures<'_>) -> String,
) -> Option<String> {
    let pattern = Regex::new(pattern).expect("a pattern");
    let found: Vec<Captures<'_>> = pattern.captures_iter(page).collect();
    let chosen = random.one(&found)?;
    let whole = chosen.get(0)?;
    Some(format!(
        "{}{}{}",
        &page[..whole.start()],
        change(chosen),
        &page[whole.end()..]
    ))
}

/// The part of a page that is prose: neither front matter nor code nor includes.
fn prose_match(
    page: &str,
    random: &mut Random,
    pattern: &str,
    change: impl Fn(&Captures<'_>) -> String,
) -> Option<String> {
    let start = page.find("\n# ")?;
    let end = page.find("\n## Example").unwrap_or(page.len());
    let body = page.get(start..end)?;
    let permissions = body.find("\n## Permissions");
    // The text on permissions is the same on every page.
    let (before, rest) = match permissions {
        Some(at) => body.split_at(at),
        None => ("", body),
    };
    let after = rest
        .get(1..)
        .and_then(|tail| tail.find("\n## "))
        .map_or("", |at| &rest[at + 1..]);
    let candidates: Vec<&str> = [before, after]
        .into_iter()
        .filter(|part| Regex::new(pattern).expect("a pattern").is_match(part))
        .collect();
    let part = if permissions.is_none() {
        body
    } else {
        random.one(&candidates)?
    };
    let changed = one_match(part, random, pattern, change)?;
    Some(page.replacen(part, &changed, 1))
}

fn after_heading(page: &str, heading: &str, text: &str) -> Option<String> {
    let at = page.find(&format!("\n## {heading}"))?;
    let end = page.get(at + 1..)?.find('\n')? + at + 2;
    Some(format!("{}\n{text}\n{}", &page[..end], &page[end..]))
}

fn row(page: &str, random: &mut Random, heading: &str) -> Option<(usize, usize)> {
    let start = page.find(&format!("\n## {heading}"))?;
    let end = page
        .get(start + 1..)?
        .find("\n## ")
        .map_or(page.len(), |at| at + start + 1);
    let pattern = Regex::new(r"(?m)^\|[^\n:-][^\n]*\|[^\n]*\n").expect("a pattern");
    let rows: Vec<(usize, usize)> = pattern
        .find_iter(page.get(start..end)?)
        .skip(1)
        .map(|row| (start + row.start(), start + row.end()))
        .collect();
    random.one(&rows).copied()
}

fn edit_row(
    page: &str,
    random: &mut Random,
    heading: &str,
    change: impl Fn(&str) -> String,
) -> Option<String> {
    let (start, end) = row(page, random, heading)?;
    Some(format!(
        "{}{}{}",
        &page[..start],
        change(&page[start..end]),
        &page[end..]
    ))
}

fn properties(page: &str, random: &mut Random, change: impl Fn(&str) -> String) -> Option<String> {
    let heading = if page.contains("\n## Properties") {
        "Properties"
    } else {
        "Request body"
    };
    edit_row(page, random, heading, change)
}

macro_rules! mutators {
    ($($name:literal => $change:expr;)*) => {
        /// Every kind.
        pub const MUTATORS: [Mutator; mutators!(@count $($name)*)] = [
            $(Mutator { name: $name, change: $change }),*
        ];
    };
    (@count) => { 0 };
    (@count $head:literal $($tail:literal)*) => { 1 + mutators!(@count $($tail)*) };
}
pub(super) use mutators;

mutators! {
    "the success status is another" => |page, random| prose_match(page, random, r"`20\d [A-Za-z ]+`", |_| "`206 Partial Content`".to_owned());
    "a status of the error table is another" => |page, random| one_match(page, random, r"\| `4\d\d [A-Za-z ]+` \|", |_| "| `423 Locked` |".to_owned());
    "a row of the error table is gone" => |page, random| one_match(page, random, r"\| `4\d\d [A-Za-z ]+` \|[^\n]*\n", |_| String::new());
    "the error table has a row more" => |page, random| one_match(page, random, r"\| `4\d\d [A-Za-z ]+` \|[^\n]*\n", |found| format!("{}| `412 Precondition Failed` | The etag is stale. |\n", &found[0]));
    "an allowed status is removed from an error row" => |page, random| one_match(page, random, r"`[a-zA-Z]+`, or `([a-zA-Z]+)` status", |found| format!("`{}` status", &found[1]));
    "an allowed status is added to an error row" => |page, random| one_match(page, random, r"must be (?:in )?`", |_| "must be in `approved` or `".to_owned());
    "a limit is another" => |page, random| prose_match(page, random, r"\b(\d[\d,]*|two|three|seven|thirty) (days|hours|users|resources|months|items|characters|entries)", |found| format!("17 {}", &found[2]));
    "a negation is taken away" => |page, random| prose_match(page, random, r"\b(can|is|does|are|was|do|has)n?'t\b", |found| found[1].to_owned());
    "a negation is added" => |page, random| prose_match(page, random, r"\b(is|are|must|does|can) (be |in |returned |used |required |available |supported |migrated |created |set )", |found| format!("{} not {}", &found[1], &found[2]));
    "what continues stops" => |page, random| prose_match(page, random, r"\bcontinues\b", |_| "stops".to_owned());
    "a body is asked for" => |page, random| one_match(page, random, r"(?i)(?:don't|do not) supply a request body for this method\.", |_| "In the request body, supply a JSON object.".to_owned());
    "no body is asked for any more" => |page, random| one_match(page, random, r"In the request body,[^\n]*", |_| "Don't supply a request body for this method.".to_owned());
    "a property is added" => |page, random| properties(page, random, |row| format!("|retryBudget|Int32|How often it is tried again.|\n{row}"));
    "a property is gone" => |page, random| properties(page, random, |_| String::new());
    "the type of a property is another" => |page, random| properties(page, random, |row| {
        let mut cells: Vec<&str> = row.split('|').collect();
        if let Some(cell) = cells.get_mut(2) { *cell = "Edm.Duration"; }
        cells.join("|")
    });
    "a property has another name" => |page, random| properties(page, random, |row| row.replacen('|', "|renamed", 1));
    "a property is required now" => |page, random| properties(page, random, |row| if row.contains("equired") { row.to_owned() } else { format!("{} Required.|\n", row.trim_end().trim_end_matches('|')) });
    "a property is read-only now" => |page, random| one_match(page, random, r"(\|[a-zA-Z]+\|String\|)([^|\n]*)\|\n", |found| if found[2].contains("Read-only") { found[0].replace(" Read-only.", "") } else { format!("{}{} Read-only.|\n", &found[1], &found[2]) });
    "a property is no longer nullable" => |page, random| one_match(page, random, r" Nullable\.", |_| String::new());
    "an enumeration has a member more" => |page, random| one_match(page, random, r"possible values are: `", |_| "possible values are: `quarantined`, `".to_owned());
    "an enumeration has a member less" => |page, random| one_match(page, random, r"possible values are:? `[a-zA-Z]+`(?: \([^)]*\))?,? ", |_| "possible values are: ".to_owned());
    "a member has another name" => |page, random| one_match(page, random, r"possible values are:? `[a-zA-Z]+`", |_| "possible values are: `begun`".to_owned());
    "a supported value more" => |page, random| one_match(page, random, r"(Supported|Allowed|Valid) (\w+) are `", |found| format!("{} {} are `Planner`, `", &found[1], &found[2]));
    "a method is added to its type" => |page, random| edit_row(page, random, "Methods", |row| format!("|[Pause](../api/crosstenantmigrationjob-pause.md)|None|Pause it.|\n{row}"));
    "a method is gone from its type" => |page, random| edit_row(page, random, "Methods", |_| String::new());
    "a method returns another type" => |page, random| edit_row(page, random, "Methods", |row| {
        let mut cells: Vec<&str> = row.split('|').collect();
        if let Some(cell) = cells.get_mut(2) { *cell = "[sharePointReceipt](../resources/sharepointreceipt.md)"; }
        cells.join("|")
    });
    "a relationship is added" => |page, random| edit_row(page, random, "Relationships", |row| format!("|wave|[migrationWave](../resources/migrationwave.md)|The wave.|\n{row}"));
    "a segment of the path is another" => |page, random| one_match(page, random, r"(?m)^((?:GET|POST|PATCH|DELETE) /solutions/\w+)/", |found| format!("{}/moved/", &found[1]));
    "the method of the call is another" => |page, random| one_match(page, random, r"(?m)^(?:GET|POST|PATCH|DELETE) /solutions/", |_| "PUT /solutions/".to_owned());
    "a header is asked for" => |page, random| edit_row(page, random, "Request headers", |row| format!("{row}|If-Match|The etag. Required.|\n"));
    "a header is not named any more" => |page, random| edit_row(page, random, "Request headers", |_| String::new());
    "an example answers another status" => |page, random| one_match(page, random, r"HTTP/1.1 20\d [A-Za-z ]+", |_| "HTTP/1.1 206 Partial Content".to_owned());
    "an example shows a member more" => |page, random| one_match(page, random, r#"\n(\s+)"(id|status|message|displayName)":"#, |found| format!("\n{}\"checkpoint\": 4,{}", &found[1], &found[0]));
    "an example shows a member of another type" => |page, random| one_match(page, random, r#""(displayName|message|id)": "[^"]*""#, |found| format!("\"{}\": 7", &found[1]));
    "an example shows a status that no type has" => |page, random| one_match(page, random, r#""status": "[a-zA-Z]+""#, |_| "\"status\": \"evaporated\"".to_owned());
    "an example has another content type" => |page, random| one_match(page, random, r"(?m)^Content-[Tt]ype: application/json[^\n]*", |_| "Content-Type: application/xml".to_owned());
    "an example answers where the thing is" => |page, random| one_match(page, random, r"HTTP/1.1 20\d [A-Za-z ]+\n", |found| format!("{}Location: https://graph.microsoft.com/beta/operations/7\n", &found[0]));
    "an example sends a precondition" => |page, random| one_match(page, random, r"\n((?:GET|POST|PATCH|DELETE) https://[^\n]*)\n", |found| format!("\n{}\nIf-Match: *\n", &found[1]));
    "a banner says that the page is deprecated" => |page, random| one_match(page, random, r"\n# [^\[\n][^\n]*\n", |found| format!("{}\n> [!CAUTION]\n> This API is deprecated and will stop returning data on August 20, 2027. Use the new one.\n", &found[0]));
    "the title says deprecated" => |page, random| one_match(page, random, r"\n# ([^\[\n][^\n]*)\n", |found| format!("\n# {} (deprecated)\n", &found[1]));
    "a property is deprecated" => |page, random| properties(page, random, |row| row.replacen('|', "\u{0}", 1).replacen('|', " (deprecated)|", 1).replace('\u{0}', "|"));
    "a method is deprecated in its type" => |page, random| edit_row(page, random, "Methods", |row| row.replacen("](", " (deprecated)](", 1));
    "a free note says deprecated" => |page, random| one_match(page, random, r"\n## Permissions\n", |found| format!("\nThis method is deprecated and retires on June 30, 2027.\n{}", &found[0]));
    "a property's words say that it retires" => |page, random| properties(page, random, |row| format!("{} This property will be removed on March 31, 2027.|\n", row.trim_end().trim_end_matches('|')));
    "a table of codes is added" => |page, random| one_match(page, random, r"\n## (Examples?|JSON representation)", |found| format!("\n| Error code | Meaning |\n|:---|:---|\n| MailboxOnHold | The mailbox is on hold. |\n{}", &found[0]));
    "a table of HTTP status codes is added" => |page, random| one_match(page, random, r"\n## Examples?", |found| format!("\n| HTTP status code | Meaning |\n|:---|:---|\n| 423 | The mailbox is on hold. |\n{}", &found[0]));
    "a table of response codes is added" => |page, random| one_match(page, random, r"\n## Examples?", |found| format!("\n| Response code | Cause |\n|:---|:---|\n| 507 Insufficient Storage | The archive is full. |\n{}", &found[0]));
    "a bare error body is added" => |page, _| Some(format!("{page}\n\n```json\n{{\n  \"error\": {{\n    \"code\": \"mailboxOnHold\",\n    \"message\": \"No.\"\n  }}\n}}\n```\n"));
    "an answer is appended" => |page, _| Some(format!("{page}\n\n```http\nHTTP/1.1 423 Locked\n\n```\n"));
    "a sentence names another status" => |page, random| one_match(page, random, r"\n## Examples?", |found| format!("\nWhile the mailbox is on hold, the service answers `423 Locked`.\n{}", &found[0]));
    "a limit without a unit is added" => |page, random| one_match(page, random, r"\n## (?:Permissions|Properties|Methods)", |found| format!("\nUp to 500 can be sent at once.\n{}", &found[0]));
    "a member is named only for those who ask" => |page, random| one_match(page, random, r"(\| ?)([a-zA-Z]+Status\|[^|\n]*)\|", |found| format!("{}{} Use the `Prefer: include-unknown-enum-members` request header to get the following value in this evolvable enum: `hibernated`.|", &found[1], &found[2]));
    "other national clouds" => |page, random| one_match(page, random, r"\[!INCLUDE \[national-cloud-support\]\([^)]*\)\]", |_| "[!INCLUDE [national-cloud-support](../../includes/all-clouds.md)]".to_owned());
    "the preview is over" => |page, random| one_match(page, random, r"\[!INCLUDE \[beta-disclaimer\]\([^)]*\)\]\n", |_| String::new());
    "another role is asked for" => |page, random| one_match(page, random, r"\n## HTTP request", |found| format!("\nThe signed-in user must be an Exchange Administrator.\n{}", &found[0]));
    "another permission is named" => |page, random| one_match(page, random, r"`[A-Z][A-Za-z]+\.ReadWrite\.All`", |_| "`Mailbox.Migrate.All`".to_owned());
    "source and target are exchanged" => |page, random| prose_match(page, random, r"from (a|the) source (\w+) to (a|the) target", |found| format!("from {} target {} to {} source", &found[1], &found[2], &found[3]));
    "an obligation becomes a choice" => |page, random| prose_match(page, random, r"\bmust be\b", |_| "may be".to_owned());
    "a choice becomes an obligation" => |page, random| prose_match(page, random, r"\b(can|may|might) (be|complete|contain|differ|take)\b", |found| format!("must {}", &found[2]));
    "an alert with an obligation" => |page, random| one_match(page, random, r"\n## (?:Permissions|Properties|Methods)", |found| format!("\n> [!IMPORTANT]\n> Call it only from the target tenant.\n{}", &found[0]));
    "a section that nothing reads" => |page, _| after_heading(page, "Response", "### Throttling\n\nThis call is limited to 12 in 10 seconds.\n").or_else(|| after_heading(page, "Properties", "### Throttling\n\nLimited to 12 in 10 seconds.\n"));
    "a default is named" => |page, random| properties(page, random, |row| format!("{} The default is `true`.|\n", row.trim_end().trim_end_matches('|')));
    "a value of the words is another" => |page, random| prose_match(page, random, r"`(validatePassed|failed|completed|completedWithErrors|submitted|inProgress|processing|notStarted|cancelled)`", |_| "`sleeping`".to_owned());
    "the base type is another" => |page, random| one_match(page, random, r"Inherits from \[entity\]", |_| "Inherits from [directoryObject]".to_owned());
    "only some are supported" => |page, random| prose_match(page, random, r"Only `(\w+)` (is|are)", |found| format!("`{}` and `Groups` {}", &found[1], &found[2]));
    "asynchronous becomes synchronous" => |page, random| prose_match(page, random, r"\basynchronous(ly)?\b", |found| format!("synchronous{}", found.get(1).map_or("", |ending| ending.as_str())));
    "an option of the query is named" => |page, random| one_match(page, random, r"`\$(select|top|orderby|count|filter|expand)`", |_| "`$search`".to_owned());
    "another content type is asked for" => |page, random| one_match(page, random, r"\|Content-Type\|application/json\.", |_| "|Content-Type|application/merge-patch+json.".to_owned());
    "times are in another zone" => |page, random| one_match(page, random, r"always in UTC", |_| "always in local time".to_owned());
    "a sentence beside an include" => |page, random| one_match(page, random, r"(?m)^\[!INCLUDE \[[a-z-]+\]\([^)]*\)\]$", |found| format!("{} This action cannot be undone.", &found[0]));
    "a demand among the links below" => |page, _| Some(format!("{page}\n## Related content\n\n- Each user must hold an E5 licence.\n"));
    "a loss is announced" => |page, random| one_match(page, random, r"\n\n## (?:HTTP request|Properties)", |found| format!("\n\nA failed call removes the mailbox for good.{}", &found[0]));
    "before becomes after" => |page, random| prose_match(page, random, r"\bbefore\b", |_| "after".to_owned());
    "days become hours" => |page, random| prose_match(page, random, r"\b(\d+|two|three|seven|thirty) days\b", |found| format!("{} hours", &found[1]));
    "unique within another thing" => |page, random| one_match(page, random, r"unique per tenant", |_| "unique per user".to_owned());
    "a refusal has another reason" => |page, random| one_match(page, random, r"(\| `409 Conflict` \| )[^|\n]*\|", |found| format!("{}The archive of the mailbox is on hold. |", &found[1]));
    "the key of a function has another name" => |page, random| one_match(page, random, r"\b(sourceSiteUrl|sourcePrincipalName|sourceGroupMailNickname)=", |_| "siteAddress=".to_owned());
    "the section on the response is gone" => |page, random| one_match(page, random, r"(?s)\n## Response\n.*?\n## ", |_| "\n## ".to_owned());
    "days become business days" => |page, random| prose_match(page, random, r"\b(\d+|seven|two|thirty) days\b", |found| format!("{} business days", &found[1]));
    "what had to be unique need not be" => |page, random| prose_match(page, random, r"Must be unique per tenant", |_| "Doesn't have to be unique".to_owned());
    "two steps change places" => |page, random| one_match(page, random, r"call \[validate\](\([^)]*\)) ([^\n]*?)then call \[migrate\](\([^)]*\))", |found| format!("call [migrate]{} {}then call [validate]{}", &found[3], &found[2], &found[1]));
    "one of two becomes both" => |page, random| one_match(page, random, r"must be in `(\w+)` or `(\w+)` status", |found| format!("must be in `{}` and `{}` status", &found[1], &found[2]));
    "an example calls another cloud" => |page, random| one_match(page, random, r"\n(GET|POST|PATCH|DELETE) https://graph\.microsoft\.com", |found| format!("\n{} https://graph.microsoft.us", &found[1]));
    "the heading names another action" => |page, random| one_match(page, random, r"\n# (\w+: (?:cancel|validate|migrate))\n", |found| format!("\n# {}All\n", &found[1]));
    "a list of things is returned" => |page, random| prose_match(page, random, r"and an? (\[[^\]]+\]\([^)]*\)) object in the response body", |found| format!("and a collection of {} objects in the response body", &found[1]));
    "an example asks to wait" => |page, random| one_match(page, random, r"\nHTTP/1\.1 20\d [^\n]*\n", |found| format!("{}Retry-After: 120\n", &found[0]));
    "a member means another thing" => |page, random| one_match(page, random, r"`validate` \([^)]*\)", |_| "`validate` (content is copied without its history)".to_owned());
    "what is required only sometimes never is" => |page, random| one_match(page, random, r"Optional, but required if [^.|]*\.", |_| "Optional.".to_owned());
    "an address instead of a principal name" => |page, random| one_match(page, random, r"[Uu]ser principal name \(UPN\)", |_| "mail address".to_owned());
    "names instead of ids" => |page, random| one_match(page, random, r"\|IDs? \(GUID\) of", |_| "|Names of".to_owned());
    "a short sentence says the opposite" => |page, random| one_match(page, random, r"This action is asynchronous\.", |_| "This action is synchronous.".to_owned());
    "a word of a short sentence is another" => |page, random| prose_match(page, random, r"(?:currently in progress|Jobs in progress) can't", |_| "queued can't".to_owned());
    "what was made by the service is given by the caller" => |page, random| one_match(page, random, r"Generated automatically", |_| "Given by the caller".to_owned());
    "what had to be included has to be left out" => |page, random| one_match(page, random, r"must be included in the request body", |_| "must be left out of the request body".to_owned());
    "a body is asked for" => |page, random| one_match(page, random, r"Don't supply a request body for this method\.", |_| "In the request body, supply a JSON representation of the reason.".to_owned());
    "a body need not be given" => |page, random| one_match(page, random, r"In the request body, supply a JSON", |_| "In the request body, you can supply a JSON".to_owned());
    "no body is taken any more" => |page, random| one_match(page, random, r"In the request body, supply a JSON[^\n]*", |_| "This method takes no body.".to_owned());
    "the context of an answer is of another version" => |page, random| one_match(page, random, r"com/beta/\$metadata", |_| "com/v1.0/$metadata".to_owned());
    "the context of an answer is of another thing" => |page, random| one_match(page, random, r#"\$metadata#[^"]*""#, |_| "$metadata#solutions/operations\"".to_owned());
}
