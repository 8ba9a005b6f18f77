"""Jinja2, set up once: everything is escaped, and a value that a template misses is an error."""

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from shared.clock import as_datetime

NEVER = "never"


def render(template: str, values: Mapping[str, object]) -> str:
    return _templates().get_template(template).render(values)


def moment(at_ms: int | None) -> str:
    """A policy instant as people read it, to the second; `never` for None."""
    if at_ms is None:
        return NEVER
    at = as_datetime(at_ms)
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M:%S}")


def day(at_ms: int) -> str:
    """A policy instant as its day."""
    at = as_datetime(at_ms)
    return Markup('<time datetime="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d}")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("node.pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "day": day}
    return environment
