//! Every way to break the spec ends in one line that names the file, the line and the column of the culprit.

use std::collections::BTreeSet;
use std::fs;

use crate::build_script::run;
use crate::support::spec;

const JOBS: &str = "/solutions/migrations/crossTenantMigrationJobs";

/// A way to break the spec.
struct Break {
    /// What is broken.
    what: &'static str,
    /// What stands in the spec.
    from: &'static str,
    /// What is put in its place, with `«` before the culprit.
    to: &'static str,
    /// A part of the message.
    says: &'static str,
}

macro_rules! breaks {
    ($($what:literal: $from:literal => $to:literal, $says:literal;)*) => {
        &[$(Break { what: $what, from: $from, to: $to, says: $says }),*]
    };
}

const BREAKS: &[Break] = breaks! {
    // YAML.
    "a bracket that does not close": "tags: [jobs]\n      summary: List the" => "tags: [jobs\n      summary«: List the", "is not YAML";
    "a tab for an indent": "      operationId: listJobs\n" => "\t«operationId: listJobs\n", "is not YAML";
    "a key twice": "      operationId: listJobs\n" => "      operationId: listJobs\n      «operationId: listJobs\n", "duplicated key";
    "a quote that does not close": "openapi: 3.0.3\n" => "openapi: «'3.0.3\n", "is not YAML";
    "an alias": "tags: [jobs]" => "tags: «*jobs", "is not YAML";
    "a tag of YAML": "tags: [jobs]" => "tags: «!seq [jobs]", "without tags";
    "a key that is a list": "      operationId: listJobs\n" => "      operationId: listJobs\n      ? «[a, b]\n      : c\n", "not a plain scalar";
    "two documents": "openapi: 3.0.3\n" => "openapi: 3.0.3\n---\n«a: 1\n", "2 YAML documents";
    // The document.
    "another version of OpenAPI": "openapi: 3.0.3" => "openapi: «3.1.0", "3.0";
    "a version that is a number": "openapi: 3.0.3" => "openapi: «3.0", "3.0";
    "no title": "  title: Microsoft Graph cross-tenant migration\n" => "", "/info: `title` is missing";
    "a title that is a list": "  title: Microsoft Graph cross-tenant migration\n" => "  «title: [a]\n", "has to be text";
    "a misspelt member of the document": "tags:\n  - name: jobs" => "«tag:\n  - name: jobs", "`tag`";
    "no schemas": "\n  schemas:\n" => "\n  «schemata:\n", "`schemata`";
    // Paths and operations.
    "a path without a slash": "  /solutions/migrations/crossTenantMigrationJobs:\n" => "  «solutions/migrations/crossTenantMigrationJobs:\n", "begins with a slash";
    "an unknown method": "    get:\n      operationId: listJobs" => "    «fetch:\n      operationId: listJobs", "`fetch`";
    "two paths for the same requests": "crossTenantMigrationJobs/{crossTenantMigrationJobId}/cancel:\n" => "crossTenantMigrationJobs/{other}:\n", "matches the same requests";
    "no operationId": "      operationId: cancelJob\n" => "", "`operationId` is missing";
    "an operationId twice": "operationId: listJobs" => "operationId: createJob", "become one method";
    "two operationIds that become one method": "operationId: listJobs" => "operationId: create_job", "`createJob` and `create_job` of line 49 become one method";
    "an operationId that becomes no method": "operationId: listJobs" => "operationId: «2jobs", "becomes no name";
    "no responses": "      responses:\n        '202':\n          description: The deletion was accepted and will be carried out later. There is no body.\n          headers:\n            request-id: {$ref: '#/components/headers/requestId'}\n            client-request-id: {$ref: '#/components/headers/clientRequestId'}\n        '409':\n          description: |\n            Not deleted" => "      x-was:\n        '202':\n          description: The deletion was accepted and will be carried out later. There is no body.\n          headers:\n            request-id: {$ref: '#/components/headers/requestId'}\n            client-request-id: {$ref: '#/components/headers/clientRequestId'}\n        '409':\n          description: |\n            Not deleted", "`responses` is missing";
    "a tenth of a status": "        '202':\n          description: The deletion" => "        «'20':\n          description: The deletion", "`20` is no status";
    "a status in words": "        '202':\n          description: The deletion" => "        «accepted:\n          description: The deletion", "`accepted` is no status";
    "a status beyond all classes": "        '202':\n          description: The deletion" => "        «'602':\n          description: The deletion", "`602` is no status";
    "a response without a description": "          description: The deletion was accepted and will be carried out later. There is no body.\n" => "", "`description` is missing";
    "a response with an unknown member": "          description: The deletion was accepted and will be carried out later. There is no body.\n" => "          description: It was.\n          «body: none\n", "`body`";
    "another media type": "            application/json:\n              schema: {$ref: '#/components/schemas/crossTenantMigrationJobCollectionResponse'}" => "            «application/xml:\n              schema: {$ref: '#/components/schemas/crossTenantMigrationJobCollectionResponse'}", "`application/xml`";
    "a security scheme that does not exist": "        - delegated: [CrossTenantContentMigration.Read.All]" => "        - «delegate: [CrossTenantContentMigration.Read.All]", "no security scheme `delegate`";
    // Parameters.
    "an unknown parameter place": "name: $count\n      in: query" => "name: $count\n      in: «thought", "`thought` is none of";
    "a parameter without a schema": "          schema: {type: array, items: {type: string}}\n          example: [id, displayName, status]" => "          example: [id, displayName, status]", "`schema` is missing";
    "a parameter without a name": "        - name: $orderby\n          in: query" => "        - «in: query", "`name` is missing";
    "a parameter twice": "        - name: $orderby" => "        - «name: $select", "a parameter twice";
    "a placeholder without a parameter": "      - $ref: '#/components/parameters/crossTenantMigrationJobId'\n" => "", "has no parameter";
    "a parameter without a placeholder": "    parameters:\n      - $ref: '#/components/parameters/clientRequestId'\n    get:\n      operationId: listJobs" => "    parameters:\n      - «$ref: '#/components/parameters/crossTenantMigrationJobId'\n    get:\n      operationId: listJobs", "has no placeholder";
    // References.
    "a reference to nothing": "$ref: '#/components/parameters/top'" => "$ref: «'#/components/parameters/tpo'", "does not exist";
    "a reference to another file": "$ref: '#/components/parameters/top'" => "$ref: «'other.yaml#/top'", "outside of this file";
    "a reference to another kind of thing": "$ref: '#/components/parameters/top'" => "$ref: «'#/components/headers/requestId'", "is none of parameters";
    "a reference in a circle": "    crossTenantMigrationJobType:\n" => "    turning: {$ref: «'#/components/schemas/turning'}\n    crossTenantMigrationJobType:\n", "leads back to itself";
    "something beside a reference": "        exchangeSettings:\n          $ref: '#/components/schemas/exchangeOnlineCrossTenantMigrationSettings'\n" => "        exchangeSettings:\n          $ref: '#/components/schemas/exchangeOnlineCrossTenantMigrationSettings'\n          «nullable: true\n", "beside `$ref`";
    // Schemas.
    "a type that OpenAPI lacks": "type: boolean" => "type: «truth", "`truth` is no type";
    "a list of types": "type: boolean" => "«type: [boolean, string]", "a type is one name";
    "an unknown format": "format: date-time" => "format: «datetime", "`datetime` is no format";
    "a format of another type": "format: date-time" => "format: «int32", "`int32` is no format";
    "an array without items": "{type: array, items: {type: string}}\n          example: [id, displayName, status]" => "{type: array}\n          example: [id, displayName, status]", "parameters/0/schema: an array needs `items`";
    "a misspelt keyword": "          minLength: 1\n          description: The name of the job; has" => "          «minLenght: 1\n          description: The name of the job; has", "`minLenght`";
    "nullable in words": "          nullable: true" => "          nullable: «'yes'", "has to be true or false";
    "a required property that is none": "required: [displayName, completeAfterDateTime, sourceTenantId, resourceType, resources]" => "required: [«displayname, completeAfterDateTime, sourceTenantId, resourceType, resources]", "none of the properties";
    "not": "          minLength: 1\n          description: The name of the job; has" => "          «not: {maxLength: 1}\n          description: The name of the job; has", "`not`";
    "anyOf": "          minLength: 1\n          description: The name of the job; has" => "          «anyOf: [{maxLength: 1}]\n          description: The name of the job; has", "`anyOf`";
    "a union without a discriminator": "      oneOf:\n        - $ref: '#/components/schemas/sharePointUserMigrationTaskParameters'\n        - $ref: '#/components/schemas/sharePointSiteMigrationTaskParameters'\n        - $ref: '#/components/schemas/sharePointGroupMigrationTaskParameters'\n      discriminator:" => "      «oneOf:\n        - $ref: '#/components/schemas/sharePointUserMigrationTaskParameters'\n        - $ref: '#/components/schemas/sharePointSiteMigrationTaskParameters'\n        - $ref: '#/components/schemas/sharePointGroupMigrationTaskParameters'\n      x-discriminator:", "needs a `discriminator`";
    "a discriminator without a mapping": "        propertyName: '@odata.type'\n        mapping:" => "        propertyName: '@odata.type'\n        x-mapping:", "`mapping` is missing";
    "a mapping without a member": "        - $ref: '#/components/schemas/sharePointSiteMigrationTaskParameters'\n" => "", "`oneOf` does not list";
    "a member without a mapping": "          '#microsoft.graph.sharePointSiteMigrationTaskParameters': '#/components/schemas/sharePointSiteMigrationTaskParameters'\n" => "", "does not know this member";
    "a union of another name": "    anySharePointMigrationTaskParameters:\n" => "    unionOfParameters:\n", "";
    "two properties with one Rust name": "        displayName:\n" => "        display_name: {type: string}\n        displayName:\n", "become one field";
    "two schemas with one Rust name": "    crossTenantMigrationJobCreate:\n" => "    «CrossTenantMigrationJob: {type: object, properties: {a: {type: string}}}\n    crossTenantMigrationJobCreate:\n", "become one Rust type";
    "a part of allOf that has no properties": "        - $ref: '#/components/schemas/sharePointMigrationTaskParameters'\n        - type: object\n          properties:\n            '@odata.type':\n              type: string\n              enum: ['#microsoft.graph.sharePointUserMigrationTaskParameters']" => "        - «type: string\n        - type: object\n          properties:\n            '@odata.type':\n              type: string\n              enum: ['#microsoft.graph.sharePointUserMigrationTaskParameters']", "is not an object with properties";
    // Enums.
    "a member without a meaning": "        - approved\n" => "        - approved\n        - «approvedTwice\n", "does not describe";
    "a meaning without a member": "{value: approved, description" => "{value: «approval, description", "is no member of the enum";
    "a member that is the name of the variant for all others": "        - approved\n" => "        - approved\n        - «unknown\n", "cannot be told apart";
    "two members that differ in capitals": "        - approved\n" => "        - approved\n        - «Approved\n", "`Approved` cannot be told apart from approved";
    "a member twice": "        - approved\n" => "        - approved\n        - «approved\n", "cannot be told apart";
    "a member that no Rust name can be made of": "        - approved\n" => "        - approved\n        - «2fa\n", "becomes no name";
    "a member that is no text": "        - approved\n" => "        - approved\n        - «7\n", "is no text";
    "an enum without members": "      enum: [validate, migrate, unknownFutureValue]" => "      «enum: []", "at least one member";
    "an enum inside of an object": "          minLength: 1\n          description: The name of the job; has" => "          «enum: [a, b]\n          description: The name of the job; has", "a schema of its own";
};

fn text() -> String {
    fs::read_to_string(spec::path()).expect("the spec")
}

/// Line and column of what begins at an offset, counted from 1.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    (
        before.matches('\n').count() + 1,
        before[start..].chars().count() + 1,
    )
}

/// What is wrong with the one line that a text ends in; its place when that is all right.
fn one_line(text: &str, says: &str) -> Result<(usize, usize), String> {
    let run = run(text.as_bytes());
    let [error] = run.errors.as_slice() else {
        return Err(format!("not one line: {}", run.all_output));
    };
    let rest = error
        .strip_prefix("openapi/cross-tenant-migration.yaml:")
        .ok_or_else(|| format!("no file: {error}"))?;
    let mut parts = rest.splitn(3, ':');
    let mut number = || parts.next().and_then(|part| part.parse::<usize>().ok());
    let (Some(line), Some(column)) = (number(), number()) else {
        return Err(format!("no line and column: {error}"));
    };
    if !error.contains(says) {
        return Err(format!("does not say {says:?}: {error}"));
    }
    if run.all_output.contains("panicked") || run.all_output.contains("backtrace") {
        return Err(run.all_output);
    }
    if run.generated.is_some() {
        return Err("code was written all the same".to_owned());
    }
    Ok((line, column))
}

#[test]
fn every_way_to_break_the_spec_ends_in_one_line_that_names_the_culprit() {
    let text = text();
    let mut failures = Vec::new();
    let mut kinds = BTreeSet::new();
    for Break {
        what,
        from,
        to,
        says,
    } in BREAKS
    {
        assert!(kinds.insert(*what), "{what} stands in the table twice");
        assert!(text.contains(from), "{what}: the spec has no {from}");
        let marked = text.replacen(from, to, 1);
        let spoilt = marked.replace('«', "");
        let expected = marked.find('«').map(|offset| place(&marked, offset));
        match one_line(&spoilt, says) {
            Err(fault) => failures.push(format!("{what}: {fault}")),
            Ok(found) => {
                if let Some(expected) = expected
                    && found != expected
                {
                    failures.push(format!("{what}: at {found:?} instead of {expected:?}"));
                }
            }
        }
    }
    println!("{} ways to break the spec", BREAKS.len());
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        BREAKS.len(),
        failures.join("\n")
    );
}

#[test]
fn what_is_no_text_no_document_or_outdated_ends_in_one_line_too() {
    let spec = text();
    let run_bytes = run(b"openapi: 3.0.3\ninfo: \xff\n");
    assert_eq!(
        run_bytes.errors,
        ["openapi/cross-tenant-migration.yaml:2:7: is not UTF-8"]
    );
    assert_eq!(one_line("", "YAML documents"), Ok((1, 1)));
    assert_eq!(one_line("- 1\n", "has to be an object"), Ok((1, 1)));
    // A lowering with nothing to do is a fault of the build and not of a line.
    let obsolete = spec.replace("format: uuid", "pattern: .*");
    assert_eq!(
        one_line(&obsolete, "`keep_guids_as_text` was never applied"),
        Ok((1, 1))
    );
    let empty = spec.replacen("\npaths:\n", "\npaths: {}\nx-paths:\n", 1);
    assert!(spec.contains(JOBS));
    one_line(&empty, "").expect("no paths");
}
