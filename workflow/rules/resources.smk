"""What jobs ask for."""


def grows(amount):
    """Return a resources function: an amount, or one for the wildcards, once more for each further attempt."""
    return lambda wildcards, attempt: attempt * (amount(wildcards) if callable(amount) else amount)
