# Starts the sandbox for a script: `. running.sh; start_sandbox --demo` sets URL and stops it at exit.

sandbox_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project_folder=$(dirname "$sandbox_folder")
target_folder=${CARGO_TARGET_DIR:-$project_folder/target}

# Starts the program on a free port with the given flags.
start_sandbox() {
    cargo build --quiet --manifest-path "$project_folder/Cargo.toml" -p msgraph-migrations-sandbox
    sandbox_log=$(mktemp)
    "$target_folder/debug/msgraph-migrations-sandbox" "$@" >"$sandbox_log" &
    sandbox_process=$!
    trap stop_sandbox EXIT
    until [ -s "$sandbox_log" ]; do
        if ! kill -0 "$sandbox_process" 2>/dev/null; then
            echo "the sandbox did not start" >&2
            exit 1
        fi
        sleep 0.1
    done
    URL=$(head -n 1 "$sandbox_log")
    URL=${URL#listening on }
}

stop_sandbox() {
    kill "$sandbox_process" 2>/dev/null || true
    wait "$sandbox_process" 2>/dev/null || true
    rm -f "$sandbox_log"
}
