"""The catalogues: `renew` collects the texts and compiles; `check` fails if any is untranslated or uncompiled."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
LANGUAGES = ("fi", "sv")
EXTRACT = [
    sys.executable,
    "-m",
    "babel.messages.frontend",
    "-q",
    "extract",
    "-F",
    "babel.cfg",
    "-k",
    "_",
    "-k",
    "t",
    "-k",
    "Message",
    "-k",
    "ngettext:1,2",
    "-k",
    "N_",
]


def texts() -> Catalog:
    """Every text of the code and the templates."""
    with tempfile.NamedTemporaryFile(suffix=".pot") as file:
        subprocess.run([*EXTRACT, "--no-location", "--sort-output", "-o", file.name, "."], cwd=ROOT, check=True,
                       env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
        return read_po(io.BytesIO(Path(file.name).read_bytes()))


def catalogue(language: str) -> tuple[Path, Catalog]:
    path = ROOT / "torni" / "locale" / language / "LC_MESSAGES" / "torni.po"
    return path, read_po(io.BytesIO(path.read_bytes()), locale=language)


def renew() -> int:
    wanted = texts()
    for language in LANGUAGES:
        path, had = catalogue(language)
        new = Catalog(locale=language, project="Torni", version="0.1", charset="utf-8", fuzzy=False)
        for message in wanted:
            if message.id:
                before = had.get(message.id if isinstance(message.id, str) else message.id[0])
                new.add(message.id, before.string if before else "", flags=message.flags & {"python-format"})
        for date in ("creation_date", "revision_date"):
            setattr(new, date, getattr(had, date))
        with path.open("wb") as file:
            write_po(file, new, sort_output=True, width=0)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, new)
    return check()


def check() -> int:
    wanted = {m.id if isinstance(m.id, str) else m.id[0] for m in texts() if m.id}
    faults = []
    for language in LANGUAGES:
        path, have = catalogue(language)
        by_id = {m.id if isinstance(m.id, str) else m.id[0]: m for m in have if m.id}
        faults += [f"{language}: not in the catalogue: {text!r}" for text in sorted(wanted - by_id.keys())]
        faults += [f"{language}: no longer used: {text!r}" for text in sorted(by_id.keys() - wanted)]
        for text, message in sorted(by_id.items()):
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            if not all(strings):
                faults.append(f"{language}: not translated: {text!r}")
            names = {n for n in _names(text) if n != "}"}
            faults += [f"{language}: {text!r} lacks {n}" for s in strings for n in names if s and n not in s]
            # on a page a text's % begins a value: where the text itself has none, its translation would fail there
            faults += [
                f"{language}: {text!r} has no %, its translation has" for s in strings if _bare(s) and not _bare(text)
            ]
        compiled = path.with_suffix(".mo")  # not kept in the repository: the build makes it
        if not compiled.exists() or _strings(read_mo(io.BytesIO(compiled.read_bytes()))) != _strings(have):
            faults.append(f"{language}: torni.mo is not what torni.po compiles to; run `./do texts`")
    print("\n".join(faults) or f"{len(wanted)} texts, all in {', '.join(LANGUAGES)}")
    return int(bool(faults))


def _strings(catalogue: Catalog) -> dict[str, object]:
    """Each text and its translation, in one piece or by number."""
    return {
        m.id if isinstance(m.id, str) else m.id[0]: m.string if isinstance(m.string, str) else [*m.string]
        for m in catalogue
        if m.id
    }


def _names(text: str) -> list[str]:
    return re.findall(r"\{\w+\}|%\(\w+\)s", text)


def _bare(text: str) -> bool:
    return bool(re.search(r"%(?!%|\()", text.replace("%%", "")))


if __name__ == "__main__":
    sys.exit({"renew": renew, "check": check}[sys.argv[1]]())
