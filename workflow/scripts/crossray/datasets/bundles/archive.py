"""The zip files of invitations and bundles: uncompressed, so that equal content has equal bytes; read without trust."""

import io
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from crossray.datasets.archives import BROKEN, opened_zip
from crossray.errors import UserError
from crossray.files import replacing

#: the time of all members: a date of making would change the bytes
_TIME = (1980, 1, 1, 0, 0, 0)


def write(path: Path, members: Mapping[str, bytes | Path]) -> None:
    """Write an archive, whole or not at all.

    Args:
        path: the file.
        members: name -> content, or the file that holds it; in this order.
    """
    with replacing(path) as partial, partial.open("wb") as file:
        _pack(file, members)


def _pack(file: IO[bytes], members: Mapping[str, bytes | Path]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system, info.external_attr = 3, 0o644 << 16
            # by which zipfile decides on the kind of header, the same for a file and for its bytes
            info.file_size = content.stat().st_size if isinstance(content, Path) else len(content)
            with archive.open(info, "w") as member:
                if isinstance(content, Path):
                    with content.open("rb") as source:
                        shutil.copyfileobj(source, member)
                else:
                    member.write(content)


def read(path: Path, *choices: Sequence[str]) -> dict[str, bytes]:
    """Read an archive that :func:`write` wrote; nothing is unpacked to a file, whatever its names say.

    Args:
        path: the file.
        choices: the members that it may have, in order, one choice after another.

    Raises:
        UserError: if it has other members, is damaged or larger than is read, or has a byte that :func:`write` would
            have written otherwise.
    """
    refused = UserError(
        f"{path}: not as it was made: it is damaged, was changed, or is something else; ask for it again, and pass it "
        "on as it is"
    )
    try:
        with opened_zip(str(path)) as archive:
            listed = archive.infolist()
            if [one.filename for one in listed] not in [list(names) for names in choices]:
                raise refused
            # What is stored as it is cannot grow beyond the file, whose size is known to be small.
            if any(one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 1 for one in listed):
                raise refused
            content = {one.filename: archive.read(one) for one in listed}
    except (*BROKEN, RuntimeError, ValueError) as error:
        raise refused from error
    again = io.BytesIO()
    _pack(again, content)
    if again.getvalue() != path.read_bytes():
        raise refused
    return content
