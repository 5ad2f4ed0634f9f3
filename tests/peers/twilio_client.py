"""Twilio's own Python client talks to the played Twilio, and Twilio's own validator checks what it signs.

    python3 twilio_client.py URL
"""

import json
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

import requests
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from told import AUTH_TOKEN, addresses, check, done

AT = addresses(sys.argv[1].rstrip("/"))
SID = "HX" + "0123456789abcdef" * 2
# Nobody's: the chats of the small cast stay as they are.
TO = "whatsapp:+79997776655"
FROM = f"whatsapp:{AT['number']}"

heard: list[tuple[dict, bool]] = []


class Hook(BaseHTTPRequestHandler):
    """The firm's side, written by somebody else."""

    def do_POST(self) -> None:
        fields = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True))
        valid = RequestValidator(AUTH_TOKEN).validate(f"{CALLBACK.rsplit('/', 1)[0]}{self.path}", fields, self.headers["X-Twilio-Signature"])
        heard.append((fields, valid))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


server = HTTPServer(("127.0.0.1", 0), Hook)
CALLBACK = f"http://127.0.0.1:{server.server_port}/status"
threading.Thread(target=server.serve_forever, daemon=True).start()


def client(token: str = AUTH_TOKEN, account: str = AT["account_sid"]) -> Client:
    made = Client(account, token)
    made.api.base_url = AT["twilio"]
    return made


def refused(what: str, code: int, **changes: object) -> None:
    given = {"to": TO, "from_": FROM, "body": "Здравствуйте", **changes}
    try:
        client().messages.create(**given)
        check(f"{what} is refused with {code}", False, "it was accepted")
    except TwilioRestException as error:
        check(f"{what} is refused with {code}", error.code == code and error.status == 400, f"{error.status} {error.code} {error.msg}")


def states(sid: str) -> list[str]:
    return [fields["MessageStatus"] for fields, _ in heard if fields["MessageSid"] == sid]


def wait(until) -> bool:
    for _ in range(200):
        if until():
            return True
        time.sleep(0.025)
    return False


def weather(**changes: object) -> None:
    requests.post(f"{AT['twilio']}/weather", json={"step_ms": 5, **changes}, timeout=10).raise_for_status()


weather()
variables = json.dumps({"1": "Иван", "2": "Анна"}, ensure_ascii=False)
requests.post(f"{AT['twilio']}/inbound", json={"from": TO.removeprefix("whatsapp:"), "text": "Здравствуйте"}, timeout=30)

sent = client().messages.create(to=TO, from_=FROM, body="Добрый день, Иван & Анна + 100%", status_callback=CALLBACK)
check("a message is accepted as queued", sent.status == "queued" and sent.sid.startswith("SM") and len(sent.sid) == 34, sent.status)
check("its fields are read by the client", (sent.to, sent.from_, sent.error_code, sent.direction) == (TO, FROM, None, "outbound-api"), vars(sent))
# The demo's clock may have been moved; it never runs behind.
check("its date is a date", sent.date_created >= datetime.now(timezone.utc) - timedelta(minutes=1), sent.date_created)
check("its states are reported", wait(lambda: states(sent.sid) == ["sent", "delivered"]), states(sent.sid))
check("Twilio's validator accepts every callback", heard and all(valid for _, valid in heard), heard)
fetched = client().messages(sent.sid).fetch()
check("it is fetched with its state", fetched.status == "delivered" and fetched.body == "Добрый день, Иван & Анна + 100%", vars(fetched))
day = sent.date_created.date()
check("it is found by recipient and day", sent.sid in [one.sid for one in client().messages.list(to=TO, date_sent_after=day)])
check("it is not found under another recipient", client().messages.list(to="whatsapp:+79990000000") == [])
for number in range(7):
    client().messages.create(to=TO, from_=FROM, body=f"№ {number}")
pages = [one.sid for one in client().messages.list(to=TO, page_size=3)]
check("a long list comes page by page", len(pages) >= 8 and len(set(pages)) == len(pages), len(pages))

refused("a recipient that is no phone", 21211, to="whatsapp:8999")
refused("a sender that is not ours", 63007, from_="whatsapp:+19990001122")
refused("an SMS from a WhatsApp number", 21910, to=TO.removeprefix("whatsapp:"))
refused("a message without a text", 21619, body="")
refused("a text of 1 601 characters", 21617, body="я" * 1601)
refused("a ContentSid of another form", 21655, content_sid="HX1")
try:
    client("wrong").messages.create(to=TO, from_=FROM, body="x")
    check("a wrong token is refused", False)
except TwilioRestException as error:
    check("a wrong token is refused", (error.status, error.code) == (401, 20003), error)

weather(duplicates=1, reorder=True, reads=True)
sent = client().messages.create(to=TO, from_=FROM, body="Непогода", status_callback=CALLBACK)
check("in bad weather every state comes twice", wait(lambda: sorted(states(sent.sid)) == sorted(["sent", "delivered", "read"] * 2)), states(sent.sid))
check("and is still signed rightly", all(valid for _, valid in heard))
weather(too_many=1)
try:
    client().messages.create(to=TO, from_=FROM, body="x")
    check("too many sends are refused with 20429", False)
except TwilioRestException as error:
    check("too many sends are refused with 20429", (error.status, error.code) == (429, 20429), error)
weather(wrong_signature=True)
heard.clear()
sent = client().messages.create(to=TO, from_=FROM, body="Чужая подпись", status_callback=CALLBACK)
wait(lambda: len(heard) == 4)
check("a forged callback is seen through by Twilio's validator", [valid for _, valid in heard] == [False, True, False, True], heard)
requests.post(f"{AT['twilio']}/weather", json={}, timeout=10)

done()
