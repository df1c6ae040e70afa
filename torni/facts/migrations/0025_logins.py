"""Each part of the server connects as itself, and a reading opens nothing to the transaction that writes it. The text is the SQL file beside."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("facts", "0024_clock_seen")]
    operations: ClassVar[list[object]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    ]
