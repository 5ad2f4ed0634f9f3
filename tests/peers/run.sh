#!/usr/bin/env bash
# Puts independent programs at the other end of the line: the public `twilio` and `fast-bitrix24` packages and Debian's own
# mail server. Starts the demo (binary: the argument, or VEKHA_BIN) and closes with `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/../.."

binary=${1:-${VEKHA_BIN:-target/debug/vekha}}
python=.peers/venv/bin/python
folder=$(mktemp -d)
# The mail server writes with a stranger's rights: its folder must not stand inside one of ours.
letters=$(mktemp -d)
passed=0 failed=0 skipped=0
demo_pids=() smtp_pid=""

stop() {
  for pid in "${demo_pids[@]}"; do
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  [[ -z $smtp_pid ]] || kill "$smtp_pid" 2>/dev/null
  rm -rf "$folder" "$letters"
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
elif port=$(bash tests/peers/smtp/start.sh "$letters"); then
  smtp_pid=$(cat "$letters/smtpd.pid")
  smtp="127.0.0.1:$port"
else
  mail_skip=""
fi

# Starts a demo in a folder of its own; what it told stands in FOLDER/told.
start() { # start NAME LISTEN
  mkdir -p "$folder/$1"
  VEKHA_LOG=warn "$binary" demo --virtual-clock --data "$folder/$1/data" --listen "$2" >"$folder/$1/lines" 2>"$folder/$1/log" &
  local pid=$!
  demo_pids+=("$pid")
  for _ in $(seq 300); do
    grep -m 1 '^{' "$folder/$1/lines" >"$folder/$1/told" && return
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$folder/$1/log"
  printf '0 passed, 1 failed\n'
  exit 1
}
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$folder/$1/told" "$2"; }

VEKHA_DEMO_SMTP=$smtp start plain 127.0.0.1:0
url=$(field plain url) webhook=$(field plain webhook) landing=$(field plain landing)
# As behind a proxy: the public name is another one than where it listens.
free=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
VEKHA_PUBLIC_URL=https://crm.example.com start public "127.0.0.1:$free"

check "Twilio's own library signs what we must accept" "$python" tests/peers/twilio_signature.py "$url"
check "and so behind a public name" "$python" tests/peers/twilio_signature.py https://crm.example.com "http://127.0.0.1:$free"
check "Twilio's own client talks to the played Twilio" "$python" tests/peers/twilio_client.py "$url"
if [[ -n $smtp ]]; then
  check "Debian's mail server receives our letters" "$python" tests/peers/smtp/letters.py "$url" "$webhook" "$landing" "$letters/maildir"
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
  tail -n 40 "$folder/plain/log" "$folder/public/log"
fi
printf '\n%d passed, %d failed' "$passed" "$failed"
((skipped)) && printf ', %d skipped' "$skipped"
printf '\n'
((failed == 0))
