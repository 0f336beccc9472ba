"""The text of the configuration, checked before it is used: a key that is given twice would win without a word."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, "workflow/scripts")

from crossray.configfiles import check_text
from crossray.errors import UserError


def check_configuration(*files):
    """Check the text of configuration files; stop with one clear line."""
    try:
        for file in files:
            check_text(Path(file))
    except UserError as error:
        raise WorkflowError(str(error)) from None
