"""Values that show themselves in a notebook: each names the function that draws it, which is read only when it is shown.

The drawing knows texts, maps and pages, which the value itself must not: so it is named, as a command's code is.
"""

from __future__ import annotations

from typing import ClassVar

from torni.core.brought import found


class Shown:
    """What Jupyter asks of a value: HTML that needs no script and loads nothing."""

    _shown_by: ClassVar[str] = ""

    def _repr_html_(self) -> str:
        return str(found(self._shown_by, "_shown_by")(self))
