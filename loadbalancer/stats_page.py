"""The stats page: the JSON twin of `status`, for eyes. Imported when first viewed: a template engine is 3 MB."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_TEMPLATES = Environment(loader=PackageLoader("loadbalancer"), autoescape=True, undefined=StrictUndefined)


def _duration(seconds: float | None) -> str:
    """A duration as people read it."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:g} ms"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


_TEMPLATES.filters.update(duration=_duration, bytes=_bytes)


def render(status: dict[str, Any], recent: list[dict[str, Any]]) -> str:
    """The page for one status document and the latest requests, newest first."""
    return _TEMPLATES.get_template("stats.html").render(status=status, recent=recent)
