"""Validate an RO-Crate by roc-validator, which has an environment of its own.

    PYTHON tests/validate_crate.py CONTEXT FOLDER

The validator asks the network for the context of RO-Crate; CONTEXT is the file that the package rocrate has, which
stands in for it, so that nothing is asked. Exits with 1, and prints what is wrong, if anything that is required is.
"""

import email.message
import io
import json
import sys
import urllib.response
from pathlib import Path

import rdflib.parser
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

TYPE = "application/ld+json"


def validate(context, folder):
    """Return what is wrong."""
    headers = email.message.Message()
    headers["Content-Type"] = TYPE
    rdflib.parser._urlopen = lambda request: urllib.response.addinfourl(
        io.BytesIO(context), headers, request.full_url, 200
    )
    HttpRequester.get = lambda *words, **named: Answer(context)
    settings = services.ValidationSettings(
        rocrate_uri=folder, profile_identifier="process-run-crate-0.5", skip_availability_check=True,
        requirement_severity=models.Severity.REQUIRED,
    )  # fmt: skip
    result = services.validate(settings)
    return [f"{issue.check.identifier}: {issue.message}" for issue in result.get_issues()]


class Answer:
    """What a request for the context is answered with."""

    status_code = 200
    ok = True

    def __init__(self, content):
        self.content, self.text = content, content.decode()
        self.headers = {"Content-Type": TYPE}

    def json(self):
        """Return the context."""
        return json.loads(self.content)


if __name__ == "__main__":
    wrong = validate(Path(sys.argv[1]).read_bytes(), sys.argv[2])
    print(*wrong, sep="\n")
    sys.exit(bool(wrong))
