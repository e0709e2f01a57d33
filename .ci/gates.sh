# What the scripts beside this one share: gates, each in a shell of its own, and a verdict as the last line.
# Source it with `set -euo pipefail`, call `gate NAME COMMAND…` for each check and `verdict` at the end.

results=()
failed=()
skipped=()

# Runs a gate in a shell of its own, so that any failing command in it fails it. Exit code 75 means: skipped.
gate() {
  local name=$1 status=0 started=$SECONDS verdict
  shift
  printf '\n=== %s\n' "$name"
  set +e
  (
    set -euo pipefail
    "$@"
  )
  status=$?
  set -e
  case $status in
    0) verdict=passed ;;
    75) verdict=SKIPPED skipped+=("$name") ;;
    *) verdict=FAILED failed+=("$name") ;;
  esac
  printf -- '--- %s: %s, %d s\n' "$name" "$verdict" $((SECONDS - started))
  results+=("$(printf '%-8s %5d s  %s' "$verdict" $((SECONDS - started)) "$name")")
}

# Says why a gate cannot run here.
skip() {
  echo "SKIPPED: $*"
  exit 75
}

has_python() {
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
}

# The C compiler is for aws-lc and ring, the headers are for the feature native-tls, Java is for openapi-generator. More of
# Debian's packages may be named.
tools() {
  local packages=("$@") missing=()
  cc --version >/dev/null 2>&1 || packages+=(gcc libc6-dev)
  curl --version >/dev/null 2>&1 || packages+=(curl)
  pkg-config --exists openssl 2>/dev/null || packages+=(pkg-config libssl-dev)
  has_python >/dev/null 2>&1 || packages+=(python3 python3-venv)
  node --version >/dev/null 2>&1 || packages+=(nodejs)
  npm --version >/dev/null 2>&1 || packages+=(npm)
  java -version >/dev/null 2>&1 || packages+=(default-jre-headless)
  if [ ${#packages[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
      echo "install what these packages of Debian provide: ${packages[*]}" >&2
      return 1
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}"
  fi
  cargo fmt --version || missing+=(rustfmt)
  cargo clippy --version || missing+=(clippy)
  if [ ${#missing[@]} -gt 0 ]; then
    echo "this Rust lacks components; run: rustup component add ${missing[*]}" >&2
    return 1
  fi
  rustc --version
}

# Prints the summary; the exit code says whether every gate passed or was skipped.
verdict() {
  printf '\n=== Summary\n'
  printf '%s\n' "${results[@]}"
  if [ ${#skipped[@]} -gt 0 ]; then
    printf 'not checked: %s\n' "${skipped[@]}"
  fi
  if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}"
    echo "FAILED: ${#failed[@]} of ${#results[@]} gates, after $SECONDS s"
    exit 1
  fi
  echo "PASSED: $((${#results[@]} - ${#skipped[@]})) of ${#results[@]} gates, ${#skipped[@]} skipped, after $SECONDS s"
}
