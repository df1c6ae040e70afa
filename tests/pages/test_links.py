"""No link of a page leads nowhere, or where its reader may not go; from a promise to its cell in the matrix and back."""

from __future__ import annotations

import os
import re
from collections import Counter
from html import unescape

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "torni.web.settings")

import pytest
from django.test import Client
from django.urls import resolve

from tests.pages.conftest import BASE, ROLES, page
from torni.simulation.cast import HEAD, RELATIVE

MOST_OF_ROUTE = 2  # pages of one address pattern that are opened: a hundred cells are made alike
FILES = (".pdf", ".json")


def links(text: str) -> list[str]:
    """The addresses of a page's links, within the house: the menu's, the way's and the main content's."""
    return [unescape(a).partition("#")[0] for a in re.findall(r'<a [^>]*href="(/[^"]*)"', text)]


@pytest.mark.parametrize("name", [None, *ROLES, HEAD[0], RELATIVE[0]])
def test_every_link_of_every_page_leads_somewhere(browsers, signed, name):
    """From where each of the cast begins and from the whole menu, as that reader: each link's own page opens, and is followed further.
    Nobody is shown a link that they may not open."""
    if name not in browsers:
        browsers[name] = signed(Client(headers={"host": "127.0.0.1"}), name)
        browsers[name].cookies["language"] = "en"
    browser, opened, seen = browsers[name], Counter(), set()
    begins = f"{BASE}/" if name is None else browser.get("/")["Location"]
    waiting = [(begins, "the first page"), (f"{BASE}/", "the brand")]
    while waiting:
        address, found_on = waiting.pop(0)
        route = resolve(address.partition("?")[0]).route
        if address in seen or opened[route] >= MOST_OF_ROUTE or address.startswith("/language/"):
            continue
        seen.add(address)
        opened[route] += 1
        answer = browser.get(address)
        if answer.status_code == 302 and "/sign-in/" in answer["Location"]:
            assert name is None, f"{address}, linked on {found_on}, asks to sign in"
            continue
        assert answer.status_code in (200, 302), f"{address}, linked on {found_on}: {answer.status_code}"
        kind = answer.get("Content-Type", "")
        if answer.status_code == 200 and kind.startswith("text/html") and not address.endswith(FILES):
            waiting += [(to, address) for to in links(answer.content.decode())]
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
