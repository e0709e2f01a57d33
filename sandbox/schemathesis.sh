#!/usr/bin/env bash
# Runs Schemathesis against the sandbox with the specification: seeded, bounded in time, versions pinned.
# Fails on a server error and on an answer that the specification does not describe.
set -euo pipefail
cd "$(dirname "$0")"
. ./running.sh

seed=${SEED:-20261120}
seconds=${SECONDS_EACH:-50}
environment=$target_folder/schemathesis
if ! cmp --silent requirements.txt "$environment/requirements.txt"; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --requirement requirements.txt
    cp requirements.txt "$environment/requirements.txt"
fi

start_sandbox --demo --seed 1

# The examples of the specification name a job, a user, sources and a group; let them exist.
# A job is found by its name too, so the name of this one is the id of the example.
send() {
    curl --silent --show-error --fail --output /dev/null -H 'Authorization: Bearer rehearsal' \
        -H 'Content-Type: application/json' -X "$1" --data "$3" "$URL/beta/solutions/$2"
}
tenant=5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90
group=3d7c0a15-8b46-49e2-af01-d5c8e23b7964
send POST migrations/crossTenantMigrationJobs "{
    \"displayName\": \"a35e80d7-4b19-4c6f-92d8-e17f0b6c5a24\", \"completeAfterDateTime\": \"2026-12-12T20:00:00Z\",
    \"sourceTenantId\": \"$tenant\", \"resourceType\": \"Users\", \"workloads\": [\"Teams\"],
    \"resources\": [\"84c0d5ab-7e21-4936-bf1a-0d9e63c2f754\"]}"
send PATCH sharePoint/migrations/crossOrganizationUserMappings "{\"@context\": \"#\$delta\", \"value\": [{
    \"sourceOrganizationId\": \"$tenant\", \"userType\": \"regularUser\",
    \"sourceUserIdentity\": {\"userPrincipalName\": \"ines.moreau@alderwood.example\"},
    \"targetUserIdentity\": {\"userPrincipalName\": \"ines.moreau@harborlane.example\"}}]}"
send PATCH sharePoint/migrations/crossOrganizationGroupMappings "{\"@context\": \"#\$delta\", \"value\": [{
    \"sourceOrganizationId\": \"$tenant\", \"groupType\": \"m365Group\",
    \"sourceGroupIdentity\": {\"id\": \"$group\"}, \"targetGroupIdentity\": {\"id\": \"$group\"}}]}"
send POST sharePoint/migrations/crossOrganizationMigrationTasks '{"parameters": {
    "@odata.type": "#microsoft.graph.sharePointUserMigrationTaskParameters",
    "sourceUserIdentity": {"userPrincipalName": "ines.moreau@alderwood.example"},
    "targetUserIdentity": {"userPrincipalName": "ines.moreau@harborlane.example"}}}'
send POST sharePoint/migrations/crossOrganizationMigrationTasks '{"parameters": {
    "@odata.type": "#microsoft.graph.sharePointSiteMigrationTaskParameters",
    "sourceSiteUrl": "https://alderwood.sharepoint.example/sites/Finance",
    "targetSiteUrl": "https://harborlane.sharepoint.example/sites/Finance"}}'
send POST sharePoint/migrations/crossOrganizationMigrationTasks '{"parameters": {
    "@odata.type": "#microsoft.graph.sharePointGroupMigrationTaskParameters",
    "sourceGroupIdentity": {"mailNickname": "alderwood-projects"},
    "targetGroupIdentity": {"mailNickname": "harborlane-projects"}}}'

check() {
    echo "== $1"
    # One worker: several share caches of data generation that are not made for it. Inside the environment, where
    # its own cache does not get into the repository.
    (cd "$environment" && bin/st run "$project_folder/openapi/cross-tenant-migration.yaml" --url "$URL/$1" \
        --header 'Authorization: Bearer rehearsal' --seed "$seed" --max-time "$seconds" --workers 1 \
        --phases examples,coverage,fuzzing --max-examples 200 --continue-on-failure --warnings off \
        --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
        "${@:2}")
}
check beta
check v1.0 --include-tag jobs

# A run that only met refusals would have checked little.
answers=$(tail -n +2 "$sandbox_log" | awk '{ for (i = 4; i <= NF; i++) if ($i ~ /^[0-9][0-9][0-9]$/) { print $2, $i; break } }' |
    sort | uniq -c)
echo "== answers by method and status"
echo "$answers"
for wanted in 'GET 200' 'POST 200' 'POST 201' 'PATCH 200' 'PATCH 204'; do
    if ! grep --quiet --fixed-strings " $wanted" <<<"$answers"; then
        echo "no request was answered with $wanted; the preparation no longer fits the examples" >&2
        exit 1
    fi
done
