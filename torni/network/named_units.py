"""Units that a promise names and the region does not have: told at the definition's own line, with the nearest id."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.services import Library
from torni.services.reading import Loc


def unknown_units(library: Library, known: Collection[str]) -> Iterator[Fault]:
    """Each id in `unit_ids` that is none of the region's units, open or closed, invented ones too: a slip of the pen would be
    measured as a promise broken for everyone.

    A shipped promise is held against the shipped units alone: where the region has brought a list of its own instead, a unit
    that is not on it is told by the finding.
    """
    own = library.region.file("units.csv")
    brought = own is not None and not own.is_relative_to(library.root)
    for service, promise in library.of_network():
        document = library.documents[service.id]
        number = next(i for i, p in enumerate(service.promises) if p is promise)
        for i, unit in enumerate(promise.unit.unit_ids):
            at: Loc = ("promises", number, "unit", "unit_ids", i)
            if unit in known or (brought and not _own(library, document.file(at))):
                continue
            near = nearest_name(unit, known)
            yield Fault(
                document.where(at),
                t('"{found}" is not a unit of the region', found=unit),
                t('Did you mean "{near}"?', near=near)
                if near
                else t("Write the unit's id as the list of units has it."),
            )


def _own(library: Library, file: str) -> bool:
    """Is the file in a folder that the region has of its own?"""
    folders = (folder for folder in library.region.folders if not folder.is_relative_to(library.root))
    return any(Path(file).is_relative_to(folder) for folder in folders) and Path(file).exists()
