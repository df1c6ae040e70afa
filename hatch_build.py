"""The catalogues are compiled whenever Torni is built, into a wheel or into the environment: a repository holds what people write, not
what is made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Catalogues(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
    """Beside each torni.po the torni.mo that it compiles to."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for path in sorted(Path(self.root).glob("torni/locale/*/LC_MESSAGES/torni.po")):
            with path.open("rb") as written, path.with_suffix(".mo").open("wb") as compiled:
                write_mo(compiled, read_po(written, locale=path.parts[-3]))
