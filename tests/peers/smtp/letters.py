"""The firm's letters go through Debian's own mail server and are read by Python's own library.

    python3 letters.py URL WEBHOOK LANDING MAILDIR

A visitor fills in the form, his lead is moved to the stage whose robot writes after two hours, the clock is moved; the letter
must lie in the Maildir as the template says, character by character.
"""

import email
import email.policy
import html.parser
import re
import sys
import time
import uuid
from pathlib import Path

import requests

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from told import call, check, done  # noqa: E402

URL, WEBHOOK, LANDING, MAILDIR = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3], Path(sys.argv[4])
LEAD, TEMPLATE = 1, 504


class Form(html.parser.HTMLParser):
    """Reads the page's form: where it goes, and what its fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attributes: list) -> None:
        given = dict(attributes)
        if tag == "form" and given.get("method", "").lower() == "post":
            self.action = given["action"]
        if tag in ("input", "textarea", "select") and "name" in given:
            self.fields[given["name"]] = "1" if given.get("type") == "checkbox" else given.get("value", "")


def apply(name: str, phone: str, address: str) -> None:
    """Fills the form in as a person would, in a person's time."""
    visitor = requests.Session()
    form = Form()
    form.feed(visitor.get(LANDING, timeout=30).text)
    advance("10s")
    answers = {"contact.first_name": name, "contact.phone": phone, "contact.email": address, "lead.debt_total": "850000"}
    missing = [field for field in answers if field not in form.fields]
    assert not missing, f"the form has no {missing}: {sorted(form.fields)}"
    answer = visitor.post(requests.compat.urljoin(LANDING, form.action), data={**form.fields, **answers}, timeout=30)
    check(f"the form of {address} is accepted", answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}")


def advance(span: str) -> None:
    requests.post(f"{URL}/demo/clock", json={"advance": span}, timeout=120).raise_for_status()


def letters() -> list[email.message.EmailMessage]:
    paths = sorted((MAILDIR / "new").glob("*"))
    return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]


def one_letter(address: str) -> email.message.EmailMessage | None:
    """The only letter to this address; waits for the mail server."""
    for _ in range(150):
        found = [letter for letter in letters() if address in letter["To"]]
        if found:
            time.sleep(0.5)
            found = [letter for letter in letters() if address in letter["To"]]
            check(f"exactly one letter came to {address}", len(found) == 1, len(found))
            return found[0]
        time.sleep(0.1)
    check(f"a letter came to {address}", False, f"{len(letters())} letters in all")
    return None


def text(letter: email.message.EmailMessage) -> str:
    return letter.get_body(("plain",)).get_content().replace("\r\n", "\n")


def lead_of(phone: str) -> int:
    contacts = call(WEBHOOK, "crm.contact.list", filter={"PHONE": phone}, select=["ID"])["result"]
    assert len(contacts) == 1, contacts
    leads = call(WEBHOOK, "crm.item.list", entityTypeId=LEAD, filter={"contactId": contacts[0]["ID"]}, select=["id"])["result"]["items"]
    assert len(leads) == 1, leads
    return leads[0]["id"]


def story(name: str, phone: str, address: str) -> tuple[email.message.EmailMessage | None, int]:
    apply(name, phone, address)
    advance("1s")
    lead = lead_of(phone)
    # What the operator hears in the call: without it there is no consultation.
    heard = {"ufCrmRegion": "54", "ufCrmOverdueState": "over_90", "ufCrmFsspState": "open", "ufCrmPropertyFlags": ["only_home"]}
    call(WEBHOOK, "crm.item.update", entityTypeId=LEAD, id=lead, fields={**heard, "stageId": "CONSULT"})
    advance("2h")
    advance("1m")
    return one_letter(address), lead


mark = uuid.uuid4().hex[:8]

# ── the template of the pack ──
address = f"ivanov-{mark}@example.com"
letter, lead = story("Иван", "+79161234501", address)
if letter:
    check("the subject is right to the letter", letter["Subject"] == f"Итоги консультации по вашей заявке № {lead}", letter["Subject"])
    body = text(letter)
    pattern = r"Здравствуйте, Иван!\n\nСпасибо за разговор\. Ваш специалист \S.* готовит расчёт и свяжется с вами\.\nЕсли удобнее написать, просто ответьте на это письмо\.\n?"
    check("the text is right to the letter", re.fullmatch(pattern, body) is not None, repr(body))
    check("the sender has a name", letter["From"].addresses[0].display_name != "" and "@" in letter["From"].addresses[0].addr_spec, letter["From"])
    check("the letter has its own number", re.fullmatch(r"<[^<>\s]+@[^<>\s]+>", letter["Message-ID"].strip()) is not None, letter["Message-ID"])
    check("the letter has a date", letter["Date"].datetime is not None, letter["Date"])
    check("the letter says that it is MIME", letter["MIME-Version"] == "1.0", letter["MIME-Version"])
    check("nothing in it is broken", all(not part.defects for part in letter.walk()), [part.defects for part in letter.walk()])

# ── a template that is hard to carry ──
hard = "\n".join([
    "Здравствуйте, {{Имя клиента}}!",
    ".",
    ".точка в начале строки",
    "..две точки",
    "From here on: строка, которая начинается с From",
    "= знаки =3D и =20, + % & < > \" ' \\",
    "ж" * 1200,
    "👍 ёЁ № — «кавычки» \u00a0неразрывный",
    "строка с пробелами в конце   ",
    "конец",
])
subject = "Очень длинная тема письма, которая не помещается в одну строку заголовка и должна быть разбита: № 1 — «проверка»"
rows = call(WEBHOOK, "crm.item.list", entityTypeId=TEMPLATE, filter={"ufCrmCode": "consultation_summary"})["result"]["items"]
check("the template is found over REST", len(rows) == 1, rows)
before = {"ufCrmSubject": rows[0]["ufCrmSubject"], "ufCrmBody": rows[0]["ufCrmBody"]}
call(WEBHOOK, "crm.item.update", entityTypeId=TEMPLATE, id=rows[0]["id"], fields={"ufCrmSubject": subject, "ufCrmBody": hard})
address = f"petrova-{mark}@example.com"
letter, _ = story("Мария", "+79161234502", address)
call(WEBHOOK, "crm.item.update", entityTypeId=TEMPLATE, id=rows[0]["id"], fields=before)
if letter:
    check("a long subject is right to the letter", letter["Subject"] == subject, letter["Subject"])
    expected = hard.replace("{{Имя клиента}}", "Мария")
    check("a hard text is right to the letter", text(letter).rstrip("\n") == expected, repr(text(letter)))
    check("no line is longer than mail allows", all(len(line) <= 998 for line in letter.as_bytes(policy=email.policy.SMTP).split(b"\r\n")))

done()
