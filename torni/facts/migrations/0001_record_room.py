"""The log, the state the door looks up, the tallies, marks and seals. The text is the SQL file beside."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[object]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    ]
