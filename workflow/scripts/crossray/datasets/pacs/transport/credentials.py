"""Who asks: credentials of the environment, or of netrc. They are never written anywhere, and no message has them."""

import os
import re
from dataclasses import dataclass, field

from crossray.errors import UserError


@dataclass(frozen=True)
class Credentials:
    """A token, or a user with a password; without either netrc is looked into."""

    token: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def variable(dataset: str, kind: str) -> str:
    """Return the name of the variable of a data set's archive, such as CROSSRAY_ARCHIVE_OURS_TOKEN."""
    return f"CROSSRAY_ARCHIVE_{re.sub('[^A-Z0-9]', '_', dataset.upper())}_{kind}"


def credentials_of(dataset: str) -> Credentials:
    """Return what the environment says of a data set's archive.

    Raises:
        UserError: if it says a user without a password, or the other way round, or a token too.
    """
    token, user, password = (os.environ.get(variable(dataset, kind), "") for kind in ("TOKEN", "USER", "PASSWORD"))
    if bool(user) != bool(password) or (token and user):
        raise UserError(
            f"environment: {variable(dataset, 'USER')} and {variable(dataset, 'PASSWORD')} go together, and exclude "
            f"{variable(dataset, 'TOKEN')}; set both, or the token alone"
        )
    if any(sign in part for part in (token, user, password) for sign in "\r\n"):
        raise UserError(f"environment: a credential of data set {dataset} has a line break; set it without")
    return Credentials(token, user, password)
