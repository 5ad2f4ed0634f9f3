#!/usr/bin/env bash
# Every test, stage by stage, and one summary at the end. A failed stage does not stop the others.
#   test.sh              everything
#   test.sh check        only lints and licences
#   test.sh STAGE...     only these stages: licences clippy new rust doc browser peers
set -uo pipefail
cd "$(dirname "$0")/.."

stages=(licences clippy new rust doc browser peers)
case "${1:-}" in
  "") ;;
  check) stages=(licences clippy) ;;
  *) stages=("$@") ;;
esac

target=${CARGO_TARGET_DIR:-target}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
# One set of features for every stage: another set would build everything again.
features=(--features app/crash)

licences() { cargo metadata --format-version 1 --locked | python3 scripts/licences.py deny.toml; }
clippy() { cargo clippy --workspace --all-targets --locked "${features[@]}" -- -D warnings; }
rust() {
  cargo nextest run --no-run --workspace --locked "${features[@]}" || return 1
  # Built first: the database stops by itself when nobody has been connected for a while.
  VEKHA_TEST_POSTGRES=$(VEKHA_POSTGRES_QUIET=30 bash scripts/postgres.sh url) && export VEKHA_TEST_POSTGRES || return 1
  cargo nextest run --workspace --locked "${features[@]}"
}
doc() { cargo test --workspace --doc --locked "${features[@]}"; }
browser() { with_binary bash -c 'cd tests/browser && exec npm test --silent'; }
peers() { with_binary bash tests/peers/run.sh; }

# What `make new` writes must compile. The copy stands in the target folder, so that its parts are built only once.
new() {
  local copy="$target/new"
  rm -rf "$copy" && mkdir -p "$copy" && cp -r Cargo.toml Cargo.lock clippy.toml crates packs scripts "$copy"
  (
    export CARGO_TARGET_DIR && CARGO_TARGET_DIR=$(realpath "$target")
    cd "$copy" && bash scripts/new.sh robot call_again && bash scripts/new.sh trigger called_again && bash scripts/new.sh provider pigeon_post && cargo check --package channels --package automation
  )
}

with_binary() { cargo build --locked --package app "${features[@]}" && VEKHA_BIN="$(realpath "$target/debug/vekha")" "$@"; }

# Reads how many tests a stage counted out of what its runner printed: "passed failed skipped".
counted() {
  case "$1" in
    rust) sed -nE 's/^ *Summary .* tests? run: (.*)$/\1/p' "$2" | tail -n 1 | awk '{
        for (i = 1; i < NF; i++) { n = $i; w = $(i + 1); if (w ~ /^passed/) p += n; if (w ~ /^(failed|timed|exec)/) f += n; if (w ~ /^skipped/) s += n } }
        END { print p + 0, f + 0, s + 0 }' ;;
    doc) sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored.*/\1 \2 \3/p' "$2" | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' ;;
    browser) sed -nE 's/^(#|ℹ) (pass|fail|cancelled|skipped) ([0-9]+).*/\2 \3/p' "$2" | awk '{ n[$1] += $2 } END { print n["pass"] + 0, n["fail"] + n["cancelled"], n["skipped"] + 0 }' ;;
    peers) sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/p' "$2" | tail -n 1 | awk '{ print $1 + 0, $2 + 0, $3 + 0 } END { if (!NR) print 0, 0, 0 }' ;;
    *) echo "0 0 0" ;;
  esac
}

passed=0 failed=0 skipped=0
lines=()
bash scripts/setup.sh || exit 1
for stage in "${stages[@]}"; do
  declare -F "$stage" >/dev/null || { echo "test.sh: there is no stage $stage" >&2; exit 2; }
  printf '\n── %s ──\n' "$stage"
  begun=$SECONDS
  "$stage" </dev/null 2>&1 | tee "$logs/$stage"
  end=${PIPESTATUS[0]}
  read -r p f s < <(counted "$stage" "$logs/$stage")
  case "$stage" in
    # These have no tests to count: each is one.
    licences | clippy | new) ((end == 0)) && p=1 || f=1 ;;
    # A crate without examples in its documentation has none to run.
    doc) ((end != 0 && f == 0)) && f=1 ;;
    # A runner that fails without a failed test, or ends well without any, has not done its work.
    *) (((end != 0 && f == 0) || p + f == 0)) && f=$((f + 1)) ;;
  esac
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  lines+=("$(printf '%-9s %5d passed %4d failed %4d skipped %5d s' "$stage" "$p" "$f" "$s" $((SECONDS - begun)))")
done

printf '\n'
printf '%s\n' "${lines[@]}"
printf '\n%d passed, %d failed' "$passed" "$failed"
((skipped)) && printf ', %d skipped' "$skipped"
printf '\n'
((failed == 0))
