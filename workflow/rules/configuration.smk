"""Where this workflow lies, and the text of the configuration, checked before it is used: of a key that is given twice
the last would win without a word."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

#: where this workflow lies: by its own files, as it may be called from another folder, or be a module of another one;
#: below the working folder the path is relative, so that jobs and logs are the same wherever a checkout lies
CHECKOUT = Path(workflow.current_basedir.get_path_or_uri(secret_free=True)).resolve().parents[1]
if CHECKOUT.is_relative_to(Path.cwd()):
    CHECKOUT = CHECKOUT.relative_to(Path.cwd())
#: a resource of every rule with a program, as nothing reruns for another resource
SCRIPTS = str(CHECKOUT / "workflow/scripts")
sys.path.insert(0, SCRIPTS)

from crossray.configfiles import check_text
from crossray.errors import raised_as


def check_configuration(*files):
    """Check the text of configuration files; stop with one clear line."""
    with raised_as(WorkflowError):
        for file in files:
            check_text(Path(file))
