"""Where this workflow lies, and the text of the configuration, checked before it is used: of a key that is given twice
the last would win without a word."""

import sys
from importlib.util import find_spec
from pathlib import Path

from snakemake.exceptions import WorkflowError

#: where these rules lie; it may be called from another folder, or be a module of another workflow
HERE = Path(workflow.current_basedir.get_path_or_uri(secret_free=True))
if HERE.is_dir():
    sys.path.insert(0, str(HERE.resolve().parent / "scripts"))
elif not find_spec("crossray"):  # of a repository single files are fetched, which are no library
    raise WorkflowError("CrossRay is not installed: rules of a repository need the library, pip install its checkout")

from crossray import own_files
from crossray.configfiles import check_text
from crossray.errors import UserError, raised_as, told_at_once

#: what is CrossRay's own
CHECKOUT = own_files.home()
#: a resource of every rule with a program, as nothing reruns for another resource
SCRIPTS = str(own_files.programs())
TEMPLATES = str(own_files.templates())


def check_configuration(*files):
    """Check the text of configuration files; stop with one clear line."""
    with told_at_once():
        for file in files:
            check_text(Path(file))
