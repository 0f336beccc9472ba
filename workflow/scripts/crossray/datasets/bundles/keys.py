"""Keys and signatures of sites: Ed25519 (RFC 8032), in PEM files."""

from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from crossray.errors import UserError
from crossray.files import replacing, write_text
from crossray.pseudonyms import close_folder

#: what is signed begins with this, so that a signature of something else is none of a bundle
_PURPOSE = b"CrossRay bundle\n"


def make_keys(private: Path, public: Path) -> str:
    """Make a pair of keys; the private one is readable by its owner alone from the first byte on.

    Returns:
        The fingerprint of the pair (:func:`fingerprint`).

    Raises:
        UserError: if one of the files is there: bundles that were signed with its key would be refused.
    """
    for path in (private, public):
        if path.exists():
            raise UserError(f"{path}: is there already, and a key is not overwritten; name another file")
    key = Ed25519PrivateKey.generate()
    if not private.parent.exists():
        close_folder(private.parent)
    with replacing(private, private=True) as partial:
        partial.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_text(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
    return fingerprint(public)


def fingerprint(public: Path) -> str:
    """Return what two people compare to know that they speak of one key: 32 hexadecimal digits, in fours."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(_public_key(public).public_bytes(Encoding.Raw, PublicFormat.Raw))
    text = digest.finalize().hex()[:32]
    return " ".join(text[start : start + 4] for start in range(0, 32, 4))


def sign(message: bytes, private: Path) -> bytes:
    """Return the signature of a message, 64 bytes.

    Raises:
        UserError: if the file is no private key of a site, or others than its owner can read it.
    """
    if private.stat().st_mode & 0o077:
        raise UserError(f"{private}: others can read this private key; close it (chmod 600 {private})")
    try:
        key = load_pem_private_key(private.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(f"{private}: not a private key of make_keys.py; make a pair with it")
    return key.sign(_PURPOSE + message)


def is_signed(message: bytes, signature: bytes, public: Path) -> bool:
    """Return whether a message was signed with the private key that belongs to a public one.

    Raises:
        UserError: if the file is no public key of a site.
    """
    try:
        _public_key(public).verify(signature, _PURPOSE + message)
    except InvalidSignature:
        return False
    return True


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise UserError(f"{path}: not a site's public key; ask the site for the file that make_keys.py wrote")
    return key
