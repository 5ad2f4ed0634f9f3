"""Twilio's own Python package signs calls; our hook must take every rightly signed one and no other.

    python3 twilio_signature.py URL [REACH]

URL is what `vekha demo` told; REACH is where the server really listens when URL is a public name in front of it.
"""

import hashlib
import json
import sys
import uuid
from urllib.parse import urlencode, urlsplit, urlunsplit

import requests
from twilio.request_validator import RequestValidator

from told import AUTH_TOKEN, addresses, check, done

URL = sys.argv[1].rstrip("/")
REACH = (sys.argv[2] if len(sys.argv) > 2 else URL).rstrip("/")
AT = addresses(REACH)
HOOK = AT["hook"]
OURS = RequestValidator(AUTH_TOKEN)


def sid(prefix: str = "SM") -> str:
    return prefix + uuid.uuid4().hex


def inbound(**changes: str) -> dict:
    """A message of a client as Twilio posts it."""
    form = {
        "AccountSid": AT["account_sid"],
        "ApiVersion": "2010-04-01",
        "Body": "Добрый день, это Иван + ещё 100% & «кавычки»",
        "From": "whatsapp:+79990001122",
        "MessageSid": sid(),
        "NumMedia": "0",
        "ProfileName": "Иван Иванов",
        "SmsStatus": "received",
        "To": f"whatsapp:{AT['number']}",
        "WaId": "79990001122",
    }
    return {**form, **changes}


def status(message: str, state: str, **changes: str) -> dict:
    """A status callback."""
    form = {
        "AccountSid": AT["account_sid"],
        "ApiVersion": "2010-04-01",
        "ChannelPrefix": "whatsapp",
        "From": f"whatsapp:{AT['number']}",
        "MessageSid": message,
        "MessageStatus": state,
        "SmsSid": message,
        "SmsStatus": state,
        "To": "whatsapp:+79990001122",
    }
    return {**form, **changes}


def reach(url: str) -> str:
    """The same path at the address where the server really is."""
    real, wanted = urlsplit(REACH), urlsplit(url)
    return urlunsplit((real.scheme, real.netloc, wanted.path, wanted.query, ""))


def send(url: str, body: bytes, signature: str | None, kind: str = "application/x-www-form-urlencoded; charset=UTF-8") -> int:
    headers = {"Content-Type": kind, "Host": urlsplit(url).netloc}
    if signature is not None:
        headers["X-Twilio-Signature"] = signature
    return requests.post(reach(url), data=body, headers=headers, timeout=30).status_code


def form(url: str, fields: object, signature: str | None = None, signed_url: str | None = None, validator: RequestValidator = OURS) -> int:
    """Posts a form; signs it over `signed_url` unless a signature is given."""
    if signature is None:
        signature = validator.compute_signature(signed_url or url, fields)
    pairs = fields.items() if isinstance(fields, dict) else fields
    return send(url, urlencode(list(pairs), doseq=True).encode(), signature)


def taken(code: int) -> bool:
    return 200 <= code < 300


def refused(code: int) -> bool:
    return code in (400, 401, 403)


def with_port(url: str, port: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, f"{parts.hostname}{port}", parts.path, parts.query, ""))


# ── what must be taken ──
message = inbound()
check("a message of a client is taken", taken(code := form(HOOK, message)), code)
check("the same message again is answered the same", (again := form(HOOK, message)) == code, again)
check("a text with a space at its end is taken as it is", taken(code := form(HOOK, inbound(Body=" да "))), code)
check("an empty text is taken", taken(code := form(HOOK, inbound(Body=""))), code)
check("4 096 Cyrillic characters are taken", taken(code := form(HOOK, inbound(Body="ж" * 4096))), code)
check("emoji and line ends are taken", taken(code := form(HOOK, inbound(Body="👍\r\nпока\n"))), code)
check("parameters that Twilio adds without notice are taken", taken(code := form(HOOK, inbound(SomethingNew="1", Ещё="да"))), code)
for state in ["sent", "delivered", "read"]:
    check(f"the status {state} of a message that we did not send is acknowledged", taken(code := form(HOOK, status(sid(), state))), code)
check("a failed status with a code is acknowledged", taken(code := form(HOOK, status(sid(), "undelivered", ErrorCode="63024"))), code)
check("a status that nobody knows is acknowledged", taken(code := form(HOOK, status(sid(), "teleported"))), code)

query = f"{HOOK}?tenant=1&name=%D0%98%D0%B2%D0%B0%D0%BD"
check("a query belongs to the signature", taken(code := form(query, inbound())), code)
if urlsplit(HOOK).port is None:
    default = ":443" if HOOK.startswith("https") else ":80"
    check("an address signed with the default port is taken", taken(code := form(HOOK, inbound(), signed_url=with_port(HOOK, default))), code)

document = json.dumps({**inbound(), "hello": "мир"}, ensure_ascii=False).encode()
with_hash = f"{HOOK}?bodySHA256={hashlib.sha256(document).hexdigest()}"
code = send(with_hash, document, OURS.compute_signature(with_hash, {}), "application/json")
check("a JSON body whose hash stands in the signed address is taken for ours", code not in (401, 403) and code < 500, code)

# ── what must be refused ──
good = inbound()
signature = OURS.compute_signature(HOOK, good)
other = RequestValidator("00000000000000000000000000000000")
check("another token is refused", refused(code := form(HOOK, inbound(), validator=other)), code)
check("no signature is refused", refused(code := send(HOOK, urlencode(good).encode(), None)), code)
for what, broken in {
    "empty": "",
    "cut": signature[:-4],
    "lengthened": signature + "A",
    "lower": signature.lower(),
    "hexadecimal": "0" * 40,
    "not base64": "@@@@",
    "Cyrillic": "подпись".encode().decode("latin-1"),
    "huge": "A" * 6000,
}.items():
    check(f"a signature that is {what} is refused", refused(code := form(HOOK, good, signature=broken)) or code == 431, code)
for name in good:
    changed = {**good, name: good[name] + "1"}
    check(f"a changed {name} is refused", refused(code := form(HOOK, changed, signature=signature)), code)
    fewer = {key: value for key, value in good.items() if key != name}
    check(f"a missing {name} is refused", refused(code := form(HOOK, fewer, signature=signature)), code)
check("an added parameter is refused", refused(code := form(HOOK, {**good, "ButtonPayload": "yes"}, signature=signature)), code)
check("a trimmed text is refused", refused(code := form(HOOK, inbound(Body="да"), signature=OURS.compute_signature(HOOK, inbound(Body="да ")))), code)
check("another query is refused", refused(code := form(f"{HOOK}?tenant=2", good, signature=OURS.compute_signature(f"{HOOK}?tenant=1", good))), code)
check("an added query is refused", refused(code := form(f"{HOOK}?tenant=1", good, signature=signature)), code)
check("another host is refused", refused(code := form(HOOK, good, signed_url=HOOK.replace("://", "://evil."))), code)
check("another scheme is refused", refused(code := form(HOOK, good, signed_url=HOOK.replace("http:", "ftp:").replace("https:", "ftp:"))), code)
code = send(with_hash, document + b" ", OURS.compute_signature(with_hash, {}), "application/json")
check("a JSON body that does not fit its hash is refused", refused(code), code)
code = send(HOOK, document, OURS.compute_signature(HOOK, {}), "application/json")
check("a JSON body without a hash in the address is refused", refused(code), code)
check("bytes that are not UTF-8 are refused", refused(code := send(HOOK, b"Body=\xff\xfe&From=%FF", signature)), code)
check("a body of ten megabytes is refused", (code := send(HOOK, b"Body=" + b"a" * 10_000_000, signature)) in (400, 401, 403, 413), code)
elsewhere = HOOK.rsplit("/", 1)[0] + "/nobody"
check("an account that does not exist is not found", (code := form(elsewhere, inbound())) == 404, code)

done()
