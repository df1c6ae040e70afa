"""What a region approved before the promises stood in one list still holds: its log is not rewritten."""

import json
from datetime import date

from torni.services import load_library

TEXT = """name: Before
services:
  ward:
    availability:
      promises:
        - {id: within_60_min, share: 0.91}
  home_care:
    followed:
      - {id: visits_made, share: 0.92}
"""


def test_an_approved_change_of_the_two_lists_of_before_is_read_as_it_was_meant(own_regions):
    folder = own_regions / "keski-suomi"
    folder.mkdir()
    proposed = {"event": "proposed", "id": "2026-1", "region": "keski-suomi", "name": "Before", "why": "", "text": TEXT, "by": "A", "at": "2026-01-01T09:00", "rehearsal": {}, "diff": []}  # fmt: skip
    approved = {"event": "approved", "id": "2026-1", "by": "B", "at": "2026-01-02T09:00", "start": "2026-02-01"}
    (folder / "changes.jsonl").write_text("\n".join(map(json.dumps, (proposed, approved))) + "\n", encoding="utf-8")

    def shares(day):
        found = {f"{s.id}.{p.id}": p.target for s, p in load_library("keski-suomi", on=day).promises()}
        return found["ward.within_60_min"], found["home_care.visits_made"]

    assert shares(date(2026, 1, 31)) == (0.95, 0.98)
    assert shares(date(2026, 2, 1)) == (0.91, 0.92)
