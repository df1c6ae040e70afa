"""Sessions end when nobody uses them, and know how they began. The text is the SQL file beside."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("facts", "0022_known_browsers")]
    operations: ClassVar[list[object]] = [
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    ]
