#!/usr/bin/env bash
# Starts Debian's OpenSMTPD on a free port of the loopback address, delivering everything into one Maildir.
#   start.sh FOLDER      prints the port; the process id stands in FOLDER/smtpd.pid
# Needs root: the server gives its own rights away.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

# The Maildir belongs to an ordinary user, as root's own mail is never delivered directly.
user=nobody
mkdir -p "$folder/maildir"
chmod 755 "$folder"
chown "$user" "$folder/maildir"
cat >"$folder/smtpd.conf" <<CONF
table everybody { "@" = "$user" }
listen on 127.0.0.1 port $port hostname mail.example.com
action keep maildir "$folder/maildir" virtual <everybody>
match from any for any action keep
CONF

smtpd -d -f "$folder/smtpd.conf" >"$folder/smtpd.log" 2>&1 &
echo $! >"$folder/smtpd.pid"
for _ in $(seq 100); do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "$port"
    exit 0
  fi
  sleep 0.05
done
cat "$folder/smtpd.log" >&2
exit 1
