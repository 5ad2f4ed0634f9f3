#!/usr/bin/env bash
# Installs what the tests need and is missing: Debian's packages, cargo-nextest, the PyPI and npm peers.
# As root it installs; as anybody else it says the one command to run. Where everything is there it takes about a second.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "setup: $*" >&2; }

# What must be there after it: a command or a file, and Debian's package that brings it.
missing=()
need() { # need PACKAGE COMMAND-OR-FILE
  if [[ $2 == /* ]]; then [[ -e $2 ]] || missing+=("$1"); else command -v "$2" >/dev/null || missing+=("$1"); fi
}
need gcc cc
need make make
[[ -n "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' || true)" ]] || missing+=(postgresql)
need chromium /usr/bin/chromium
need fonts-dejavu-core /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
need nodejs node
need npm npm
need python3 python3
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
# Another mail server on this machine must not be pushed out by the one of the tests.
if [[ ! -x /usr/sbin/smtpd ]]; then
  if dpkg-query -W -f '${Status} ${Provides}\n' 2>/dev/null | grep -q '^install ok installed .*mail-transport-agent'; then
    say "this machine has a mail server of its own: opensmtpd is not installed, the SMTP check will be skipped"
  else
    missing+=(opensmtpd)
  fi
fi

if ((${#missing[@]})); then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  if ((EUID != 0)); then
    say "run this once: sudo apt-get install -y --no-install-recommends ${missing[*]}"
    exit 1
  fi
  say "installing ${missing[*]}"
  # The services are started by the tests themselves, with their own settings: none may start by itself.
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if ! cargo nextest --version >/dev/null 2>&1; then
  say "installing cargo-nextest (some minutes)"
  cargo install --locked cargo-nextest
fi

# The stamp holds what was installed: a changed list installs again.
fresh() { [[ -f $1 ]] && [[ "$(cat "$1")" == "$(sha256sum "${@:2}" | sha256sum)" ]]; }
stamp() { sha256sum "${@:2}" | sha256sum >"$1"; }

if ! fresh .peers/venv/.stamp tests/peers/requirements.txt; then
  say "installing the PyPI peers"
  rm -rf .peers/venv
  python3 -m venv .peers/venv
  .peers/venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/peers/requirements.txt
  stamp .peers/venv/.stamp tests/peers/requirements.txt
fi

if [[ -f tests/browser/package-lock.json ]] && ! fresh tests/browser/node_modules/.stamp tests/browser/package-lock.json; then
  say "installing the npm peers"
  (cd tests/browser && npm ci --no-audit --no-fund --loglevel=error)
  stamp tests/browser/node_modules/.stamp tests/browser/package-lock.json
fi
