#!/bin/sh
# The rate limits against a limiter by other people: nginx with limit_req, in real time, on this machine only.
#
#     benches/rate_limits/nginx.sh [program of the benchmark]
#
# Needs nginx. 150 requests at 20/s are 7.5 s; each line tells how long they took and how many were refused.
set -eu
cd "$(dirname "$0")/../.."

nginx=$(command -v "${NGINX:-nginx}" || command -v /usr/sbin/nginx) || {
    echo "skipped: there is no nginx" >&2
    exit 0
}
program=${1:-$(cargo bench --bench rate_limits --no-run --message-format=json \
    | sed -n 's/.*"executable":"\([^"]*rate_limits[^"]*\)".*/\1/p' | tail -n 1)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
mkdir "$folder/www"
echo '{"id":"x"}' > "$folder/www/job.json"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
failed=0

# $1: the burst; $2: Retry-After, or nothing; $3: the most seconds.
measure() {
    header=${2:+add_header Retry-After $2 always;}
    cat > "$folder/nginx.conf" << END
worker_processes 1; daemon off; pid $folder/pid; error_log $folder/errors crit;
events { worker_connections 256; }
http {
    access_log $folder/log; client_body_temp_path $folder/a; proxy_temp_path $folder/b;
    fastcgi_temp_path $folder/c; uwsgi_temp_path $folder/d; scgi_temp_path $folder/e;
    limit_req_zone \$binary_remote_addr zone=all:1m rate=20r/s;
    limit_req_status 429;
    server {
        listen 127.0.0.1:$port; root $folder/www; default_type application/json;
        location / { limit_req zone=all burst=$1 nodelay; error_page 429 @refused; try_files /job.json =404; }
        location @refused { $header return 429 '{}'; }
    }
}
END
    : > "$folder/log"
    "$nginx" -p "$folder" -c "$folder/nginx.conf" 2> "$folder/warnings" &
    server=$!
    while [ ! -s "$folder/pid" ]; do
        kill -0 $server || { cat "$folder/warnings" >&2; exit 1; }
        sleep 0.1
    done
    begin=$(date +%s%N)
    RATE_LIMITS_BENCH_WORKER=$(printf 'http://127.0.0.1:%s\njob\nalone\n-' "$port") "$program"
    took=$((($(date +%s%N) - begin) / 1000000))
    kill $server
    wait $server || true
    passed=$(grep -c '" 200 ' "$folder/log" || true)
    refused=$(grep -c '" 429 ' "$folder/log" || true)
    verdict=reached
    if [ "$took" -gt "$3" ] || [ "$passed" -ne 150 ]; then
        verdict=MISSED failed=1
    fi
    echo "burst $1, Retry-After ${2:-missing}: $took ms of $3, $passed passed, $refused refused  $verdict"
}

measure 20 "" 9750
measure 20 1 10500
measure 20 5 23250
exit $failed
