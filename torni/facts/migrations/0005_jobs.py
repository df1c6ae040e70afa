"""The job queue (Procrastinate's own tables), and what the jobs find: verifications and measured indicators."""

from pathlib import Path
from typing import ClassVar

from django.db import migrations
from procrastinate.schema import SchemaManager


class Migration(migrations.Migration):
    dependencies: ClassVar[list[tuple[str, str]]] = [("facts", "0004_access")]
    operations: ClassVar[list[object]] = [
        migrations.RunSQL(SchemaManager.get_schema()),
        migrations.RunSQL(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")),
    ]
