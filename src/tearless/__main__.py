"""``python -m tearless``: the same as the command ``tearless``."""

from __future__ import annotations

import sys

from tearless.cli import main

if __name__ == "__main__":
    sys.exit(main())
