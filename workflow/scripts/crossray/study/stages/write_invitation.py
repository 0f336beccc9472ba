"""Settings of an invitation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossray.study.stages.binding import InvitationTerms


@dataclass(frozen=True, kw_only=True)
class WriteInvitation(InvitationTerms):
    """Settings of the rule ``write_invitation``."""

    configuration: Mapping[str, Any]
    "What a site's configuration must have, with the names of models' files in the invitation."
