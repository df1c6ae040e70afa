"""Definition files of a region that nothing reads, and amounts that nothing asks for: told, so that nobody takes as in force what is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.services.bounded import Texts, bounds_in
from torni.services.labels import called, key_meant
from torni.services.reading import Document, read
from torni.services.schema import Parameter
from torni.sources import shipped

READ = ("region", "parameters", "tables", "formulas", "fields", "forms", "code_lists")


def unread(folder: Path, root: Path) -> Iterator[Fault]:
    """Every YAML file in the region's folder, however deep, whose name or place is none that is read."""
    names = [f"{name}.yaml" for name in READ]
    for path in sorted(p for p in folder.rglob("*.y*ml") if p.is_file()):
        inside = path.relative_to(folder)
        here = path.parent == folder
        if here and (any(fnmatch(path.name, f"{name}*.yaml") for name in READ[1:]) or path.name == "region.yaml"):
            continue
        if path.parent == folder / "services" and path.suffix == ".yaml":
            continue
        if inside.parts[0] in READ[1:]:  # as the shared definitions are laid out
            kind, *rest = inside.with_suffix("").parts
            end = "" if rest == [kind] else "_" + "_".join(rest)
            remedy = t('Write it as "{near}".', near=f"{kind}{end}.yaml")
        elif here:
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


def misnamed(document: Document, stem: str) -> Iterator[Fault]:
    """What a service's file says against its own name, the service and, after @, the first day: neither is taken before the other."""
    content = document.content if isinstance(document.content, dict) else {}
    name, at, day = stem.partition("@")
    if content.get("id") not in (None, name):
        yield Fault(
            document.where(("id",)),
            t('"{found}" is not the file\'s name', found=content["id"]),
            t("Write id: {name}", name=name),
        )
    first = content.get("valid_from")
    if at and str(first) != day:
        what = t('the file\'s name says {day}, and its "valid_from" {first}', day=day, first=first or t("nothing"))
        written = day if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day) else first
        remedy = t("Write the same day in both, such as {name}.", name=f"{name}@{written or date.min}.yaml")
        yield Fault(document.where(("valid_from",)), what, remedy)


def unasked(
    texts: Texts[Parameter], folders: Sequence[Path], root: Path, layers: Sequence[Document]
) -> Iterator[Fault]:
    """Every parameter that only the region writes and that nothing asks for: most often the misspelt name of a shared one."""
    bounds = bounds_in(texts)
    own = [name for name, written in texts.items() if written[0].own and not bounds[name]]
    if not own:
        return
    paths = [p for f in (root / "formulas", root / "services", *folders) for p in sorted(f.rglob("*.yaml"))]
    documents = [*layers, *(d for p in paths if isinstance(d := read(p, root), Document))]
    asked = {word for document in documents for word in _words(document.content)}
    shared = [name for name, written in texts.items() if not written[0].own]
    for name in own:
        if name not in asked:
            document = texts[name][0].document
            near = key_meant(name, called({n: texts[n][0].said for n in shared}))
            remedy = (
                t('Did you mean "{near}"?', near=near)
                if near
                else t("Name it in a rule, a formula or a promise, or remove it.")
            )
            yield Fault(
                document.where(("parameters", name)), t('nothing asks for the parameter "{name}"', name=name), remedy
            )


def _words(content: Any) -> Iterator[str]:
    """The names that a definition asks for: every word of its values, and of none of its keys."""
    if isinstance(content, str):
        yield from (word.removeprefix("param.") for word in re.findall(r"[A-Za-z0-9_.]+", content))
    elif isinstance(content, dict | list):
        for value in content.values() if isinstance(content, dict) else content:
            yield from _words(value)
