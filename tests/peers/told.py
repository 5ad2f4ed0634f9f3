"""What every check shares: counting aloud, and where the demo's played vendors are."""

import sys

import requests

# The account at the demo's played Twilio (crates/app/src/demo/mod.rs): published on purpose, it opens nothing else.
AUTH_TOKEN = "12345678901234567890123456789012"

failed = 0


def check(what: str, good: bool, seen: object = "") -> None:
    """Counts one expectation; `seen` explains a broken one."""
    global failed
    if good:
        print(f"ok - {what}", flush=True)
    else:
        failed += 1
        print(f"not ok - {what}: {str(seen)[:600]}", flush=True)


def done() -> None:
    """Ends with what was counted."""
    sys.exit(1 if failed else 0)


def addresses(url: str) -> dict:
    """Where the played vendors listen."""
    answer = requests.get(f"{url}/demo/addresses", timeout=10)
    answer.raise_for_status()
    return answer.json()


def call(webhook: str, method: str, **parameters: object) -> dict:
    """One call of the REST dialect; an error of ours ends the check."""
    answer = requests.post(f"{webhook}{method}.json", json=parameters, timeout=30).json()
    if "result" not in answer:
        raise RuntimeError(f"{method}: {answer}")
    return answer
