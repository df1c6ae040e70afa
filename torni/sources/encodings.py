"""Texts that are not UTF-8: in which of the old encodings their letters are those of names here.

The same byte is ä in one, „ in another and Š in a third. A word that is known (a municipality, a column) settles it; else the
encoding in which the letters are the usual ones; and where two are as likely and read otherwise, nobody chooses but the person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from torni.core.faults import BadInput, Fault, bad_input
from torni.core.language import t
from torni.sources import shipped

# UTF-8 read as another encoding and saved again (Ã¤, ├ñ, √§), a letter replaced by a sign (a question mark before a letter ends no
# question), a control character that nobody sees
_LOST = re.compile(
    'Ã[¤¶¥„–…]|Â[\u00a0°§]|├[ñÂÑäûà╢]|√[§∂•ÑñÖ]|[\ufffd\u0080-\u009f]|(?:(?<=[^\\W\\d_])|(?<![^\\s;,|"(-]))\\?+(?=[^\\W\\d_])'
)
_ADDRESS = re.compile(
    r'[^\s;,|"]*(?:://|www\.|\w\.\w+/)[^\s;|"]*'
)  # a question mark in one parts it from what it asks for
OLD = {
    "cp1252": "Windows-1252",
    "iso8859_15": "ISO 8859-15",
    "cp1257": "Windows-1257",
    "mac_roman": "Mac Roman",
    "cp858": "CP850",
}


def lost(text: str) -> list[tuple[int, str]]:
    """The lines of which a letter was lost where the file was made, each with its number from 1."""
    if not _LOST.search(text):
        return []
    return [(n, line) for n, line in enumerate(text.split("\n"), 1) if _LOST.search(_ADDRESS.sub(" ", line))]


_USUAL = frozenset("äöåÄÖÅ")
_RARE = frozenset("éÉèÈêëüÜõÕšŠžŽøØæÆáÁàâíîïóôúûçñßčČđĐ")  # of other languages' names; a text here has few of them
_SIGNS = frozenset("–—‘’“”„…•€§°²³½·«»£®©™´×±\u00a0\u00ad")
_ENOUGH = 2  # rare letters more, by which one encoding is less likely than another
_MOST_SHOWN = 60  # characters


def decoded(file: str, data: bytes) -> tuple[str, tuple[Fault, ...]]:
    """The text of UTF-8 or UTF-16, a mark of the order of bytes left out; or `old_text`, with what tells which encoding it was read in."""
    try:
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return data.decode("utf-16"), ()
        if len(data) > 3 and data[1:4:2] == b"\x00\x00" and b"\x00" not in data[:4:2]:
            return data.decode("utf-16-le"), ()
        return data.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        if b"\x00" in data:
            raise bad_input(file, t("not a text file"), t("Give a CSV or xlsx file.")) from error
    return old_text(file, data)


def old_text(file: str, data: bytes) -> tuple[str, tuple[Fault, ...]]:
    """The text, and what tells in which encoding it was read, with an example. Raises BadInput where none is likely, or two are."""
    if "Ã" in (windows := data.decode("cp1252", errors="replace")) and re.search("Ã[¤¶¥„–…]|Â[\u00a0°§]", windows):
        row = next(i for i, line in enumerate(data.split(b"\n"), 1) if not _utf8(line))
        raise bad_input(t("{file}, row {row}", file=file, row=row), t("some rows are UTF-8 and some are not"), t("Save the file as CSV UTF-8."))  # fmt: skip
    likely: dict[str, tuple[int, int, str]] = {}
    for name in OLD:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if (unusual := _unusual(text)) is not None:
            likely[name] = (-_known(text), unusual, text)
    if not likely:
        row = next(i for i, line in enumerate(data.split(b"\n"), 1) if not _utf8(line))
        raise bad_input(
            t("{file}, row {row}", file=file, row=row),
            t("neither UTF-8 nor Windows-1252 text, nor another in which the letters are those of names here"),
            t("Save the file as CSV UTF-8."),
        )
    best = min(likely, key=lambda name: likely[name][:2])
    known, unusual, text = likely[best]
    # Table programs here save Windows-1252: with usual letters alone it needs no more; the others need some letters to tell.
    margin = 0 if best == "cp1252" and not unusual else _ENOUGH
    for other, found in likely.items():
        if found[0] == known and found[1] <= unusual + margin and found[2] != text:
            raise BadInput(_two_readings(file, best, other, text, found[2]))
    row, word = _example(text)
    return text, (
        Fault(t("{file}, row {row}", file=file, row=row), t("the file is not UTF-8; it was read as {encoding}, such as: {text}", encoding=OLD[best], text=word), t("Check the letters; if they are wrong, save the file as CSV UTF-8.")),
    )  # fmt: skip


def _two_readings(file: str, one: str, other: str, text: str, otherwise: str) -> Fault:
    lines = enumerate(zip(text.split("\n"), otherwise.split("\n"), strict=True), 1)
    row, (a, b) = next((n, pair) for n, pair in lines if pair[0] != pair[1])
    words = next((x, y) for x, y in zip(re.split(r"[;,\t|]", a), re.split(r"[;,\t|]", b), strict=False) if x != y)
    return Fault(
        t("{file}, row {row}", file=file, row=row),
        t('"{one}" if the file is {first}, "{other}" if it is {second}', one=words[0][:_MOST_SHOWN], first=OLD[one], other=words[1][:_MOST_SHOWN], second=OLD[other]),
        t("Save the file as CSV UTF-8."),
    )  # fmt: skip


def _unusual(text: str) -> int | None:
    """How many rare letters the text has; None where it has signs that no name here has, or signs and capitals inside words."""
    foreign = {c for c in set(text) if not c.isascii()}
    if foreign - _USUAL - _RARE - _SIGNS:
        return None
    inner = re.search(r"[^\W\d_][–—„…•€§°²³£®©™×±“”][^\W\d_]|(?<!\S)[–—…•°²³½·»©™][^\W\d_]", text)
    capital = next((found for found in re.finditer(r"[a-zäöå]([^\x00-\x7f])", text) if found[1].isupper()), None)
    if inner or capital:
        return None
    return sum(text.count(c) for c in foreign & _RARE)


def _known(text: str) -> int:
    """How many of the text's words with a letter beyond a–z are known."""
    return sum(word in _words() for word in re.findall(r"[^\W\d_]+", text.casefold()) if not word.isascii())


@cache
def _words() -> frozenset[str]:
    """Words of municipalities' and postal areas' names, and of columns, that have a letter beyond a–z."""
    from torni.sources.intake import POPULATION_COLUMNS, UNIT_COLUMNS

    names: list[str] = []
    for column in ("name_fi", "name_sv"):
        names += shipped.municipalities()[column].to_list()
    names += shipped.table("postal_areas")["name"].to_list()
    names += [name for known in (UNIT_COLUMNS, POPULATION_COLUMNS) for others in known.values() for name in others]
    words = (
        word
        for name in names
        if name
        for word in re.findall(r"[^\W\d_]+", unicodedata.normalize("NFC", name.casefold()))
    )
    return frozenset(word for word in words if not word.isascii())


def _example(text: str) -> tuple[int, str]:
    """The first cell that has a letter beyond a–z, under the first row where one has, and its row."""
    lines: Sequence[str] = re.split(r"\r\n|\r|\n", text)
    found = [(i, cell) for i, line in enumerate(lines, 1) if not line.isascii() for cell in re.split(r'[;,\t|"]', line) if not cell.isascii()][:200]  # fmt: skip
    row, cell = next((pair for pair in found if pair[0] > 1), found[0])
    return row, cell.strip()[:_MOST_SHOWN]


def _utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
