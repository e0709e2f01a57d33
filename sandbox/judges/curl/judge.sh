#!/usr/bin/env bash
# Lists jobs and users with curl alone, following next links as they stand, and counts what arrives.
set -euo pipefail
URL=$SANDBOX_URL
README=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/README.md
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

# The README's ten minutes, word for word but for the address and the token.
curl --silent --show-error --fail --output /dev/null -X POST "$URL/_sandbox/reset"
cd "$(mktemp -d)"
sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$README" >session.sh
sed -i "1s|http://127.0.0.1:4300|$URL|; 1s|Bearer any|Bearer $SANDBOX_TOKEN|" session.sh
lines=$(grep -c '^curl ' session.sh)
# One command after the other, since the answers say whether it went well.
bash -euo pipefail session.sh >answers.txt
refusals=$(python3 - <<'PYTHON'
import json

decoder, text, codes = json.JSONDecoder(), open("answers.txt", encoding="utf-8").read(), []
while text.strip():
    answer, end = decoder.raw_decode(text.lstrip())
    text = text.lstrip()[end:]
    codes += [answer["error"]["code"]] if "error" in answer else []
print(" ".join(codes))
PYTHON
)
expect "refusals in the README's $lines commands" "$refusals" GatewayTimeout
effects=$(curl --silent --fail "$URL/_sandbox/requests?top=1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["effects"])')
expect 'what they changed' "$effects" "{'cancelJob': 1, 'migrateJob': 1, 'validateJob': 1}"
status=$(curl --silent --fail "$URL/_sandbox/jobs" | python3 -c 'import json, sys; print(json.load(sys.stdin)["jobs"][0]["history"][-1]["to"])')
case $status in inProgress | cuttingOver | completed) echo "status after the import: $status" ;; *) expect 'status after the import' "$status" inProgress ;; esac
