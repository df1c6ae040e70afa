"""The room knows when it was last seen alive, so that a clock that has leapt is doubted. The text is the SQL file beside."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("facts", "0023_sessions")]
    operations: ClassVar[list[object]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    ]
