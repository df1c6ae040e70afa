"""What every PDF says of itself, so that a reader by ear knows what it is and in which language it is read."""

import re
from xml.sax.saxutils import escape


def said_of_itself(made: bytes, title: str, language: str) -> None:
    """Fails where the PDF has no tags, or another title or language than those."""
    assert made.startswith(b"%PDF-") and b"/MarkInfo" in made and b"/StructTreeRoot" in made and b"pdfuaid" in made
    assert re.search(rb"/Lang\s*\(" + language.encode() + rb"\b", made)
    assert escape(title).encode() in re.sub(
        rb"&#39;", b"'", made.partition(b"<dc:title>")[2].partition(b"</dc:title>")[0]
    )
