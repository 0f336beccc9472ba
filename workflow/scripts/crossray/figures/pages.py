"""The templates of pages: the report and the decision sheet."""

from pathlib import Path

import jinja2

from crossray.figures.report_tables import number, word


def page_template(path: Path) -> jinja2.Template:
    """Return a template of HTML; what it does not know is an error, and texts are escaped.

    Args:
        path: the template; others are found beside it.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(path.parent), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"number": number, "word": word}
    return environment.get_template(path.name)
