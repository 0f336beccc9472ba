"""``python -m crossray``: the command, where it is not on the PATH."""

import sys

from crossray.shell.command import main

sys.exit(main())
