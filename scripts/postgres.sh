#!/usr/bin/env bash
# A private PostgreSQL for tests. It lives in a folder under /tmp, listens on a socket there and on no port, and stops by
# itself when nobody has been connected for a while.
#
#   scripts/postgres.sh url     starts it unless it runs, and prints its address (a superuser, trusted)
#   scripts/postgres.sh stop    stops it now and removes its folder
#
# PostgreSQL is installed from Debian's package when it is missing and this runs as root. Not for data that matters:
# fsync is off.
set -euo pipefail

folder="${VEKHA_POSTGRES_DIR:-/tmp/vekha-postgres-$(id -u)}"
quiet_minutes="${VEKHA_POSTGRES_QUIET:-3}"
self="$(readlink -f "$0")"

say() { echo "postgres.sh: $*" >&2; }

# Where initdb, pg_ctl and psql are.
find_programs() {
    local newest
    newest="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)"
    if [ -n "$newest" ]; then
        echo "$newest"
    elif command -v initdb >/dev/null; then
        dirname "$(readlink -f "$(command -v initdb)")"
    fi
}

install_programs() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        say "PostgreSQL is missing: install the package postgresql"
        exit 1
    fi
    say "installing the package postgresql"
    # Only the programs: no cluster that starts with the machine.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } >&2
}

# PostgreSQL refuses to run as root.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

answers() { as_owner "$bin/psql" -h "$folder" -U postgres -d postgres -Atqc "select 1" >/dev/null 2>&1; }

stop() {
    [ -d "$folder/data" ] && as_owner "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}

# Stops the server when three looks in a row find nobody. Runs on its own, long after the tests.
watch() {
    local empty=0 count
    while sleep $((quiet_minutes * 20)); do
        count="$(as_owner "$bin/psql" -h "$folder" -U postgres -d postgres -Atqc \
            "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()" 2>/dev/null)" || break
        if [ "$count" = 0 ]; then empty=$((empty + 1)); else empty=0; fi
        if [ "$empty" -ge 3 ]; then
            exec 9>"$folder.lock"
            flock 9
            stop
            break
        fi
    done
}

start() {
    rm -rf "$folder"
    mkdir -p "$folder"
    chmod 700 "$folder"
    [ "$(id -u)" -eq 0 ] && chown postgres "$folder"
    cd /
    # The plain locale on purpose: nothing may depend on the server's own order of letters.
    as_owner "$bin/initdb" --no-sync -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C >"$folder.log" 2>&1 || return 1
    as_owner "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/server.log" -o "-c listen_addresses='' -k $folder -c fsync=off -c full_page_writes=off -c max_connections=300 -c shared_buffers=64MB -c max_wal_size=512MB" \
        start >>"$folder.log" 2>&1 9>&- || return 1
    setsid "$self" watch </dev/null >/dev/null 2>&1 9>&- &
}

bin="$(find_programs)"
if [ -z "$bin" ]; then
    install_programs
    bin="$(find_programs)"
fi

case "${1:-}" in
url)
    # Many tests ask at once; one of them starts it.
    exec 9>"$folder.lock"
    flock 9
    answers || start || { cat "$folder.log" >&2; exit 1; }
    echo "postgres://postgres@${folder//\//%2F}/postgres"
    ;;
stop)
    exec 9>"$folder.lock"
    flock 9
    stop
    ;;
watch)
    watch
    ;;
*)
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
