"""The command line: thin over the same functions as the pages and the notebook. `torni --help` lists the commands."""

from torni.cli.main import main

__all__ = ["main"]
