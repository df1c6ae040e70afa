"""Definition files of a region that nothing reads: told, so that nobody takes as in force what is not."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.services.reading import read
from torni.sources import shipped

READ = ("region", "parameters", "tables", "formulas", "fields", "forms", "code_lists")


def unread(folder: Path, root: Path) -> Iterator[Fault]:
    """Every YAML file of the region's folder, and of its services, whose name or place is none that is read."""
    names = [f"{name}.yaml" for name in READ]
    for path in sorted(p for p in (*folder.glob("*.y*ml"), *(folder / "services").rglob("*.y*ml")) if p.is_file()):
        inside = path.relative_to(folder).as_posix()
        if any(fnmatch(inside, f"{name}*.yaml") for name in READ[1:]) or inside == "region.yaml":
            continue
        if path.parent == folder / "services" and path.suffix == ".yaml":
            continue
        if path.parent == folder:
            near = nearest_name(f"{path.stem}.yaml", names)
            remedy = (
                t('Did you mean "{near}"?', near=near)
                if near
                else t("The files here are: {names}.", names=", ".join(names))
            )
        else:
            remedy = t('Write it as "{near}".', near=f"services/{path.stem}.yaml")
        told = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        yield Fault(f"{told}:1", t("the file is not read: no definitions have this name"), remedy)


def unknown_places(folder: Path, root: Path) -> Iterator[Fault]:
    """Every municipality of the region's file that is none of the country's: its people would be nobody's."""
    document = read(folder / "region.yaml", root)
    if isinstance(document, Fault):
        return  # told where regions are read
    known = dict(shipped.municipalities().select("municipality", "name_fi").iter_rows())
    for i, code in enumerate(document.content.get("municipalities") or ()):
        if code not in known:
            near = nearest_name(str(code), known)
            yield Fault(
                document.where(("municipalities", i)),
                t('"{found}" is not the number of a municipality', found=code),
                t('Did you mean "{near}"?', near=f"{near} ({known[near]})")
                if near
                else t("Write its three digits, such as 179."),
            )
