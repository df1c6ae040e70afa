"""Which regions there are: one folder each, found by id, by name in any language, or by county code."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from torni.core import places
from torni.core.faults import BadInput, Fault, bad_input, nearest_name
from torni.core.language import t
from torni.core.texts import Text
from torni.services.reading import parse, read
from torni.services.schema import Authority, RegionFile
from torni.sources import shipped


@dataclass(frozen=True)
class Region:
    """A region's name and extent, and the folders that hold what differs in it (shipped first, the user's own last)."""

    id: str
    name: Text
    counties: tuple[str, ...]
    municipalities: tuple[str, ...]
    folders: tuple[Path, ...]
    names: tuple[str, ...]
    authority: Authority | None = None

    def codes(self) -> tuple[str, ...]:
        """Every municipality of the region by its number, in order: those of its counties, and those named alone."""
        table = shipped.municipalities()
        inside = table["county"].is_in(list(self.counties)) | table["municipality"].is_in(list(self.municipalities))
        return tuple(sorted(table.filter(inside)["municipality"].to_list()))

    def file(self, name: str) -> Path | None:
        """The region's file of this name; the user's own comes before the shipped."""
        for folder in reversed(self.folders):
            if (folder / name).exists():
                return folder / name
        return None

    def writes(self, name: str, root: Path) -> bool:
        """Is this file, named from the definitions' folder or, where it is not in it, by its own path, the region's?"""
        return any(path.is_relative_to(folder) for folder in self.folders for path in (root / name, Path(name)))


def all_regions(root: Path | None = None) -> list[Region]:
    """Every region, shipped and the user's own, in the order of their ids."""
    return list(_read_regions(_files(root)))


Files = tuple[tuple[Path, Path, int], ...]


def _files(root: Path | None) -> Files:
    bases = ((root or places.definitions()) / "regions", places.own_regions())
    return tuple((base, path, path.stat().st_mtime_ns) for base in bases for path in sorted(base.glob("*/region.yaml")))


@lru_cache(maxsize=8)
def _read_regions(files: Files) -> tuple[Region, ...]:
    found: dict[str, Region] = {}
    faults: list[Fault] = []
    for base, path, _changed in files:
        document = read(path, base.parent)
        value = [document] if isinstance(document, Fault) else parse(document, RegionFile)
        if isinstance(value, list):
            faults += value
            continue
        name = path.parent.name
        below = found[name].folders if name in found else ()
        found[name] = Region(
                name, value.name, tuple(value.counties), tuple(value.municipalities), (*below, path.parent),
                (name, value.name.fi, value.name.sv, value.name.en, *value.also_called),
                value.authority or (found[name].authority if name in found else None),
            )  # fmt: skip
    if faults:
        raise BadInput(*faults)
    return tuple(found[name] for name in sorted(found))


def find(name: str, *, root: Path | None = None) -> Region:
    """The region of this id, name or county code. Case, spaces and hyphens do not matter; a near miss is suggested."""
    known = _known(_files(root))
    if folded(name) in known:
        return known[folded(name)]
    near = nearest_name(folded(name), known)
    raise bad_input(
        f'region "{name}"',
        t("no such region"),
        (t('Did you mean "{near}"?', near=known[near].id) + " " if near else "")
        + t("`torni region list` names them all."),
    )


@lru_cache(maxsize=8)
def _known(files: Files) -> dict[str, Region]:
    known: dict[str, Region] = {}
    for region in _read_regions(files):
        for called in (*region.names, *(region.counties if len(region.counties) == 1 else ())):
            known.setdefault(folded(called), region)
    return known


def folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in plain if c.isalnum())
