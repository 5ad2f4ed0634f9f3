"""Checks that every crate the product is built from has a licence that deny.toml allows.

    cargo metadata --format-version 1 --locked | python3 scripts/licences.py deny.toml

Only what stands in the binary counts (dependencies of tests too: they are compiled by whoever works on it).
"""

import json
import re
import sys
import tomllib


def allowed(expression: str, allow: set[str]) -> bool:
    """An SPDX expression with AND, OR, WITH and brackets; the old `/` means OR."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    place = 0

    def peek() -> str:
        return tokens[place] if place < len(tokens) else ""

    def word() -> str:
        nonlocal place
        place += 1
        return tokens[place - 1]

    def one() -> bool:
        if peek() == "(":
            word()
            inside = any_of()
            word()
            return inside
        name = word()
        if peek() == "WITH":
            word()
            name = f"{name} WITH {word()}"
        # `Apache-2.0 WITH …` only widens the licence.
        return name in allow or name.split(" WITH ")[0] in allow

    def all_of() -> bool:
        good = one()
        while peek() == "AND":
            word()
            good = one() and good
        return good

    def any_of() -> bool:
        good = all_of()
        while peek() == "OR":
            word()
            good = all_of() or good
        return good

    return any_of()


def main() -> None:
    with open(sys.argv[1], "rb") as file:
        rules = tomllib.load(file)
    allow = set(rules["licenses"]["allow"])
    assert allowed("MIT/Apache-2.0", {"MIT"}) and allowed("(MIT OR GPL-3.0) AND Zlib", {"MIT", "Zlib"}) and not allowed("MIT AND GPL-3.0", {"MIT"})
    packages = json.load(sys.stdin)["packages"]
    foreign = [package for package in packages if package["source"]]
    wrong = [f"{package['name']} {package['version']}: {package['license'] or package['license_file']}" for package in foreign if not allowed(package["license"] or "none", allow)]
    strange = [f"{package['name']} comes from {package['source']}" for package in foreign if not package["source"].startswith("registry+")]
    for line in wrong + strange:
        print(f"licences: {line}", file=sys.stderr)
    if wrong or strange or not foreign:
        sys.exit(1)
    print(f"licences: {len(foreign)} crates are allowed by {sys.argv[1]}")


main()
