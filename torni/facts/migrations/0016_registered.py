"""Residents registered at a page: the identity code, the language, and numbers of our own. The text is the SQL file beside."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations

_HERE = Path(__file__)
_BEFORE = max(p.stem for p in _HERE.parent.glob("0*.py") if p.stem < _HERE.stem)


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("facts", _BEFORE)]
    operations: ClassVar[list[object]] = [migrations.RunSQL(_HERE.with_suffix(".sql").read_text(encoding="utf-8"))]
