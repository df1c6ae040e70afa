"""Texts to translate in Python files, also those inside f-strings, which Babel's own extractor does not see."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import IO, Any

FUNCTIONS = {"_", "t", "Message", "ngettext", "N_"}


def extract(
    file: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, str, Any, list[str]]]:
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if texts:
                yield node.lineno, node.func.id, tuple(texts) if node.func.id == "ngettext" else texts[0], []
