"""Each event has its sender, and so has what waits to be mended. The text is the SQL file beside."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("facts", "0019_backup_tried")]
    operations: ClassVar[list[object]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    ]
