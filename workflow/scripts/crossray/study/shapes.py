"""The name of images of one size and kind, and so of the folder with their shards."""


def shape_of(size: int, fit: str, colour: str) -> str:
    """Return the name of a folder of shards: ``64px``, ``224px-pad``, ``64px-rgb``."""
    return f"{size}px{'' if fit == 'crop' else f'-{fit}'}{'' if colour == 'grey' else f'-{colour}'}"
