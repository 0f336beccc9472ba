"""Seeds of random draws, each derived from a run's seed and the name of what is drawn."""

from crossray.files import text_digest


def derived_seed(seed: int, *names: str) -> int:
    """Derive a seed from a run's seed and the name of the thing drawn, so that one draw never moves another."""
    return int(text_digest(str(seed), *names)[:15], 16)
