"""Drives our server with the public client library fast-bitrix24, over plain http.

    python3 fast_bitrix24_check.py WEBHOOK_URL

WEBHOOK_URL is an administrator's incoming webhook, ending in a slash. Needs `pip install fast-bitrix24`.
Prints `ok` when everything is as the library expects it; else stops with the first difference.
"""

import asyncio
import sys
import uuid
import warnings

from fast_bitrix24 import BitrixAsync

DEALS = 137


async def check(webhook: str) -> None:
    bitrix = BitrixAsync(webhook, verbose=False)
    mark = uuid.uuid4().hex[:12]

    # single calls
    profile = await bitrix.call("profile", raw=True)
    assert profile["result"]["ADMIN"] is True, profile
    contact = await bitrix.call(
        "crm.contact.add",
        {"fields": {"NAME": "Иван", "LAST_NAME": "Иванов", "PHONE": [{"VALUE": "+79990001122", "VALUE_TYPE": "MOBILE"}]}},
    )
    assert isinstance(contact, int), contact

    # many calls, packed into batches by the library
    added = await bitrix.call(
        "crm.deal.add",
        [
            {"fields": {"TITLE": f"{mark} № {number} & [скобки]=%", "OPPORTUNITY": number, "CURRENCY_ID": "RUB", "CONTACT_ID": contact, "ORIGIN_ID": mark}}
            for number in range(DEALS)
        ],
    )
    assert len(added) == DEALS and len(set(added)) == DEALS, added
    assert all(isinstance(one, int) for one in added), added
    # The library sends its batches at once: which deal got which number is not said.
    added = sorted(added)

    # a new deal stands on the first stage of the default pipeline
    stages = await bitrix.get_all("crm.status.list", {"filter": {"ENTITY_ID": "DEAL_STAGE"}})
    first = min(stages, key=lambda stage: int(stage["SORT"]))["STATUS_ID"]

    # a list of more than one page
    rows = await bitrix.get_all("crm.deal.list", {"filter": {"ORIGIN_ID": mark}, "select": ["ID", "TITLE", "OPPORTUNITY", "CONTACT_ID", "STAGE_ID"]})
    assert len(rows) == DEALS, len(rows)
    assert {int(row["ID"]) for row in rows} == set(added)
    by_title = {row["TITLE"]: row for row in rows}
    for number in range(DEALS):
        row = by_title[f"{mark} № {number} & [скобки]=%"]
        assert len(row) == 5, row
        assert row["OPPORTUNITY"] == f"{number}.00" and row["CONTACT_ID"] == str(contact) and row["STAGE_ID"] == first, row

    # the universal way lists the same
    items = await bitrix.get_all("crm.item.list", {"entityTypeId": 2, "filter": {"originId": mark}, "select": ["id", "opportunity"]})
    assert len(items) == DEALS and {item["id"] for item in items} == set(added), len(items)

    # by number
    some = added[:60]
    got = await bitrix.get_by_ID("crm.deal.get", some)
    assert len(got) == 60, len(got)
    assert got[str(some[0])]["TITLE"].startswith(mark), got[str(some[0])]

    # update many, then read what changed; the stage wants a reason, and gets it with the move
    moved = {"OPPORTUNITY": 5000, "STAGE_ID": "LOST", "UF_CRM_TERMINATION_REASON": "expensive"}
    await bitrix.call("crm.deal.update", [{"ID": one, "fields": moved} for one in some])
    lost = await bitrix.get_all("crm.deal.list", {"filter": {"ORIGIN_ID": mark, "STAGE_ID": "LOST", ">=OPPORTUNITY": 5000}})
    assert {int(row["ID"]) for row in lost} == set(some), len(lost)
    single = await bitrix.call("crm.deal.update", {"ID": some[0], "fields": {"TITLE": f"{mark} переименована"}})
    assert single is True or single == {"order0000000000": True}, single

    # a batch of our own with references between its commands
    results = await bitrix.call_batch(
        {
            "halt": 0,
            "cmd": {
                "deals": f"crm.deal.list?filter[ORIGIN_ID]={mark}&order[ID]=ASC&start=-1",
                "first": "crm.deal.get?ID=$result[deals][0][ID]",
                "contact": "crm.contact.get?ID=$result[first][CONTACT_ID]",
            },
        }
    )
    assert len(results["deals"]) == 50, len(results["deals"])
    assert results["first"]["TITLE"] == f"{mark} переименована", results["first"]
    assert results["contact"]["PHONE"][0]["VALUE"] == "+79990001122", results["contact"]

    # old lists take no notice of what is no field
    everything = await bitrix.get_all("crm.deal.list", {"filter": {"ORIGIN_ID": mark, "<>STATUS_ID": "NEW"}, "select": ["ID"]})
    assert len(everything) == DEALS and all(len(row) == 1 for row in everything), len(everything)

    fields = await bitrix.get_all("crm.deal.fields")
    assert "STAGE_ID" in str(fields), fields
    known = await bitrix.call("crm.duplicate.findbycomm", {"type": "PHONE", "values": ["8 999 000 11 22"], "entity_type": "CONTACT"}, raw=True)
    assert contact in known["result"]["CONTACT"], known

    deleted = await bitrix.call("crm.deal.delete", [{"ID": one} for one in added])
    assert len(deleted) == DEALS and all(one is True for one in deleted), deleted
    left = await bitrix.get_all("crm.deal.list", {"filter": {"ORIGIN_ID": mark}})
    assert left == [], left
    await bitrix.call("crm.contact.delete", {"ID": contact})


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    # The library warns when a server's totals and pages do not fit together: here that is a failure.
    warnings.simplefilter("error", RuntimeWarning)
    asyncio.run(check(sys.argv[1]))
    print("ok")


if __name__ == "__main__":
    main()
