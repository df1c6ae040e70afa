"""`python -m torni` is the same as `torni`."""

import sys

from torni.cli import main

sys.exit(main())
