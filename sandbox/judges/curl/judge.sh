#!/usr/bin/env bash
# Lists jobs and users with curl alone, following next links as they stand, and counts what arrives.
set -euo pipefail
URL=$SANDBOX_URL
# Without the job that other judges need.
curl --silent --show-error --fail --output /dev/null -X POST "$URL/_sandbox/reset"

fetch() {
    curl --silent --show-error --fail --globoff -H "Authorization: Bearer $SANDBOX_TOKEN" "$@"
}

# Prints how many items the collection at $1 has when every page of it is fetched.
count() {
    link=$1 total=0 pages=0
    while [ -n "$link" ]; do
        page=$(fetch "$link")
        items=$(python3 -c 'import json, sys; print(len(json.load(sys.stdin)["value"]))' <<<"$page")
        link=$(python3 -c 'import json, sys; print(json.load(sys.stdin).get("@odata.nextLink", ""))' <<<"$page")
        total=$((total + items)) pages=$((pages + 1))
    done
    echo "$total $pages"
}

expect() {
    if [ "$2" != "$3" ]; then
        echo "$1: expected $3, got $2" >&2
        exit 1
    fi
    echo "$1: $2"
}

job=$(curl --silent --fail -X POST "$URL/_sandbox/jobs?count=53&users=45" | python3 -c 'import json, sys; print(json.load(sys.stdin)["value"][0])')
jobs=$URL/v1.0/solutions/migrations/crossTenantMigrationJobs
expect 'jobs and pages of 20' "$(count "$jobs")" '53 3'
expect 'jobs and pages of 7, by name' "$(count "$jobs?\$top=7&\$orderby=displayName%20desc&\$select=id")" '53 8'
expect 'users of a job and pages of 20' "$(count "$jobs/$job/users")" '45 3'
expect 'jobs by $count' "$(fetch "$jobs/\$count")" 53
expect 'without a token' "$(curl --silent --output /dev/null --write-out '%{http_code}' "$jobs")" 401
expect 'validation' "$(fetch -X POST --data '' --output /dev/null --write-out '%{http_code}' "$jobs('$job')/validate")" 200
expect 'a POST without a length' "$(curl --silent --output /dev/null --write-out '%{http_code}' -X POST -H "Authorization: Bearer $SANDBOX_TOKEN" "$jobs/$job/cancel")" 411
curl --silent --fail --output /dev/null -X POST "$URL/_sandbox/advance?seconds=3600"
status=$(fetch "$jobs(displayName='Preloaded%20batch%201')" | python3 -c 'import json, sys; print(json.load(sys.stdin)["status"])')
expect 'status after an hour' "$status" validatePassed
