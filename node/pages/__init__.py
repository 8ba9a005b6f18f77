"""What a browser sees: Jinja2 templates, one module a page."""

from collections.abc import Mapping
from functools import cache

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from node.answers import html_answer


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("node.pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(
    template: str, values: Mapping[str, object], *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """A rendered template as an answer."""
    return html_answer(_templates().get_template(template).render(values), status, headers)
