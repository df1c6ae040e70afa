"""`torni demo`: the main job, then the pages."""

from __future__ import annotations

import argparse
import sys

from torni.cli.check import load, print_picture
from torni.cli.main import later
from torni.tower import picture


def demo(args: argparse.Namespace) -> int:
    print_picture(picture(load(args)))
    sys.stdout.flush()
    return 0 if args.no_serve else later("torni.web.serve:serve")(args)
