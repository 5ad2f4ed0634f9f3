#!/usr/bin/env bash
# Puts independent programs at the other end of the line: the public `twilio` and `fast-bitrix24` packages and Debian's own
# mail server. Starts the demo (binary: the argument, or VEKHA_BIN) and closes with `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/../.."

binary=${1:-${VEKHA_BIN:-target/debug/vekha}}
python=.peers/venv/bin/python
folder=$(mktemp -d)
passed=0 failed=0 skipped=0
demo_pid="" smtp_pid=""

stop() {
  [[ -z $demo_pid ]] || { kill "$demo_pid" 2>/dev/null; wait "$demo_pid" 2>/dev/null; }
  [[ -z $smtp_pid ]] || kill "$smtp_pid" 2>/dev/null
  rm -rf "$folder"
}
trap stop EXIT

# Runs one check and counts what it says of itself: lines `ok - …`, `not ok - …`, `skip - …`.
check() {
  local log="$folder/check.log" end
  printf '\n# %s\n' "$1"
  shift
  timeout 300 "$@" 2>&1 | tee "$log"
  end=${PIPESTATUS[0]}
  local good bad left
  good=$(grep -cE '^ok( |$)' "$log") bad=$(grep -c '^not ok ' "$log") left=$(grep -c '^skip ' "$log")
  # A check that breaks off, or says nothing, has failed whatever it counted before.
  if ((end != 0 && bad == 0)) || ((good + bad + left == 0)); then bad=$((bad + 1)); fi
  passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
}

# The mail server first: the demo has to know its port.
smtp=""
if [[ ! -x /usr/sbin/smtpd ]]; then
  mail_skip="opensmtpd is not installed"
elif ((EUID != 0)); then
  mail_skip="opensmtpd starts only as root"
elif port=$(bash tests/peers/smtp/start.sh "$folder/smtp"); then
  smtp_pid=$(cat "$folder/smtp/smtpd.pid")
  smtp="127.0.0.1:$port"
else
  mail_skip=""
fi

VEKHA_LOG=warn VEKHA_DEMO_SMTP=$smtp "$binary" demo --virtual-clock --data "$folder/data" --listen 127.0.0.1:0 >"$folder/told" 2>"$folder/demo.log" &
demo_pid=$!
for _ in $(seq 300); do
  told=$(grep -m 1 '^{' "$folder/told") && break
  kill -0 "$demo_pid" 2>/dev/null || break
  sleep 0.1
done
if [[ -z ${told:-} ]]; then
  cat "$folder/demo.log"
  printf '0 passed, 1 failed\n'
  exit 1
fi
field() { printf '%s' "$told" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
url=$(field url) webhook=$(field webhook) landing=$(field landing)

check "Twilio's own library signs what we must accept" "$python" tests/peers/twilio_signature.py "$url"
check "Twilio's own client talks to the played Twilio" "$python" tests/peers/twilio_client.py "$url"
if [[ -n $smtp ]]; then
  check "Debian's mail server receives our letters" "$python" tests/peers/smtp/letters.py "$url" "$webhook" "$landing" "$folder/smtp/maildir"
elif [[ -n $mail_skip ]]; then
  printf '\nskip - letters through a real mail server: %s\n' "$mail_skip"
  skipped=$((skipped + 1))
else
  printf '\nnot ok - the mail server did not start\n'
  failed=$((failed + 1))
fi
check "fast-bitrix24 drives the REST dialect" "$python" crates/rest/tests/peers/fast_bitrix24_check.py "$webhook"

if ((failed)); then
  printf '\n# what the demo said\n'
  tail -n 40 "$folder/demo.log"
fi
printf '\n%d passed, %d failed' "$passed" "$failed"
((skipped)) && printf ', %d skipped' "$skipped"
printf '\n'
((failed == 0))
