"""No link leads nowhere, or where its reader may not go; from a promise to its cell in the matrix and back."""

from __future__ import annotations

import os
import re
from collections import Counter
from html import unescape
from urllib.parse import parse_qs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")

import pytest
from django.test import Client
from django.urls import resolve

from tests.pages.conftest import BASE, ROLES, page

CAST = [None, *ROLES, "unit-head", "relative"]
MOST_OF_ONE_SORT = 2  # pages of one address pattern that are opened: a hundred cells are made alike
LEFT = ("/static/", "/language/", "/sign-out/", "/sign-in/")


def links(text: str) -> list[str]:
    """The addresses of a page's links within the house, the menu's too."""
    return [unescape(a).partition("#")[0] for a in re.findall(r'<a [^>]*href="(/[^"]*)"', text)]


@pytest.mark.parametrize("name", CAST)
def test_every_link_that_is_shown_leads_somewhere_and_may_be_followed(browsers, signed, name):
    """From the first page on, as each of the cast: each link's own page opens, whatever its query asks for, and is followed further."""
    browser = browsers.get(name) or signed(Client(headers={"host": "127.0.0.1"}), name)
    opened, seen, faults = Counter(), set(), []
    waiting = [("/", "the first page"), (f"{BASE}/", "the first page")]
    while waiting:
        address, found_on = waiting.pop(0)
        sort = (resolve(address.partition("?")[0]).route, *sorted(parse_qs(address.partition("?")[2])))
        if address in seen or opened[sort] >= MOST_OF_ONE_SORT or address.startswith(LEFT):
            continue
        seen.add(address)
        opened[sort] += 1
        answer = browser.get(address)
        if answer.status_code == 302 and "/sign-in/" in answer["Location"] and name is None:
            continue
        if answer.status_code >= 400 or "/sign-in/" in answer.get("Location", ""):
            faults.append(f"{address}, linked on {found_on}: {answer.status_code}")
        elif answer.status_code == 302:
            waiting.append((answer["Location"], address))
        elif answer.get("Content-Type", "").startswith("text/html"):
            waiting += [(to, address) for to in links(answer.content.decode())]
    assert not faults, "\n".join(faults)
    assert len(opened) >= 4, opened


def test_the_matrix_shows_every_promise_in_its_cell_and_the_promise_leads_there(browsers):
    from torni.web import record_room

    library = record_room.days("keski-suomi").on(record_room.about()[1]).library
    cells: dict[str, list[str]] = {}
    for service, promise in library.promises():
        cells.setdefault(f"/sapluuna/{service.id}/{promise.column}/", []).append(f"{service.id}.{promise.id}")
    browser = browsers["director"]
    for cell, promises in cells.items():
        text = page(browser, cell)
        assert "nobody has written this cell" not in text, cell
        for promise in promises:
            assert f'href="{BASE}/promise/{promise}/"' in text, f"{promise} is not in {cell}"
    matrix = page(browser, "/sapluuna/")
    shown = sum(
        int(n) for n in re.findall(r'<span class="mark" aria-hidden="true"></span>(\d+)<span class="hide">', matrix)
    )
    assert shown == sum(map(len, cells.values())), "every promise is counted in its cell"
    first = next(iter(cells.values()))[0]
    assert f'href="{BASE}{next(iter(cells))}"' in page(browser, f"/promise/{first}/")


@pytest.mark.parametrize("address", ["/", "/alerts/", "/promise/home_care.visits_made/", "/promise/home_care.visits_made/rows/", "/moments/", "/report/", "/waiting/"])  # fmt: skip
def test_a_figure_of_an_invented_sample_says_so_in_place(browsers, address):
    text = page(browsers["director"], address)
    assert "of 2,000 invented residents, not of the region" in text
    if address == "/":
        assert "what happens is told of 2,000 invented ones" in text, "beside the region's residents"
        assert text.count('class="note sample') == 2, "beside clients in service and beside spending"
