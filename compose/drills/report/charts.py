"""The charts, drawn by matplotlib as SVG: rates and latencies over real time, with limits, faults and jumps.

Importing matplotlib takes most of a second, so it is imported where it is used. Colours are drawn as stand-ins that
are then replaced by the page's own, so that one picture serves light and dark. The same data gives the same bytes.
"""

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from compose.drills.history.history import NEVER_NS
from compose.drills.report.measured import Limit, Slices, failure_limits, latency_limits, rate_limits, slices_of
from compose.drills.report.variant import Variant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {
    "ink": "#000001",
    "soft": "#000002",
    "line": "#000003",
    "ok-line": "#000004",
    "fail-line": "#000005",
    "unknown-line": "#000006",
    "fault": "#000007",
    "paper": "#000008",
}
_STYLE: Any = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": _COLOURS["line"],
    "axes.labelcolor": _COLOURS["soft"],
    "xtick.color": _COLOURS["soft"],
    "ytick.color": _COLOURS["soft"],
    "text.color": _COLOURS["ink"],
    "grid.color": _COLOURS["line"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def draw(variants: Sequence[Variant]) -> list[tuple[Variant, Slices, Markup]]:
    """One picture for each variant, all to one scale."""
    import matplotlib

    matplotlib.set_loglevel("ERROR")
    sliced = [slices_of(variant) for variant in variants]
    pictures = []
    with matplotlib.rc_context(_STYLE):
        for variant, slices in zip(variants, sliced, strict=True):
            pictures.append((variant, slices, _picture(variant, slices, sliced)))
    return pictures


def _picture(variant: Variant, slices: Slices, everyone: Sequence[Slices]) -> Markup:
    from matplotlib import rcParams
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    rcParams["svg.hashsalt"] = variant.prefix
    thresholds = variant.judgement.thresholds
    failures = failure_limits(thresholds)
    rows = 3 if failures else 2
    figure = Figure(figsize=(9.4, 1.9 * rows + 0.4), layout="constrained")
    FigureCanvasSVG(figure)
    figure.patch.set_alpha(0)
    axes: list[Axes] = list(figure.subplots(rows, 1, sharex=True))
    _rates(axes[0], variant, slices, everyone, rate_limits(thresholds))
    _latencies(axes[1], variant, slices, everyone, latency_limits(thresholds))
    if failures:
        _failures(axes[2], variant, slices, failures)
    for axis in axes:
        _common(axis, variant)
    axes[-1].set_xlabel("seconds since the run began (real)")
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(buffer.getvalue(), variant)


def _rates(axis: "Axes", variant: Variant, slices: Slices, everyone: Sequence[Slices], limits: Sequence[Limit]) -> None:
    x = slices.middles_s
    axis.fill_between(x, slices.failed, step="mid", color=_COLOURS["fail-line"], alpha=0.5, linewidth=0, label="failed")
    axis.step(x, slices.offered, where="mid", color=_COLOURS["soft"], linestyle="--", linewidth=1.2, label="offered")
    axis.step(x, slices.completed, where="mid", color=_COLOURS["ok-line"], linewidth=1.5, label="completed")
    highest = max((value for one in everyone for value in (*one.offered, *one.completed)), default=1)
    axis.set_ylim(0, max([highest * 1.15, 1, *(limit.value * 1.15 for limit in limits)]))
    axis.set_ylabel("requests/s (real)")
    _limit_lines(axis, variant, limits)


def _latencies(
    axis: "Axes", variant: Variant, slices: Slices, everyone: Sequence[Slices], limits: Sequence[Limit]
) -> None:
    x = slices.middles_s
    axis.plot(
        x, _gaps(slices.slowest), color=_COLOURS["soft"], linestyle="none", marker=".", markersize=4, label="slowest"
    )
    axis.plot(
        x, _gaps(slices.p95), color=_COLOURS["unknown-line"], linewidth=1.5, marker=".", markersize=2, label="p95"
    )
    axis.plot(x, _gaps(slices.p50), color=_COLOURS["ok-line"], linewidth=1.5, marker=".", markersize=2, label="p50")
    axis.set_yscale("log")
    seen = [value for one in everyone for some in (one.p50, one.slowest) for value in some if value]
    values = [*seen, *(limit.value for limit in limits if limit.value > 0)] or [1.0, 10.0]
    axis.set_ylim(min(values) / 1.6, max(values) * 2.2)
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.minorticks_off()
    axis.set_ylabel("latency, ms (real)")
    _limit_lines(axis, variant, limits)


def _failures(axis: "Axes", variant: Variant, slices: Slices, limits: Sequence[Limit]) -> None:
    shares = [None if share is None else 100 * share for share in slices.failed_share]
    axis.plot(slices.middles_s, _gaps(shares), color=_COLOURS["fail-line"], linewidth=1.5, marker=".", markersize=3)
    highest = max([*(share for share in shares if share is not None), *(100 * limit.value for limit in limits), 1])
    axis.set_ylim(0, highest * 1.25)
    axis.set_ylabel("failed, %")
    _limit_lines(axis, variant, [limit._replace(value=100 * limit.value) for limit in limits])


def _limit_lines(axis: "Axes", variant: Variant, limits: Sequence[Limit]) -> None:
    """Each over the phase it is limited to."""
    for limit in limits:
        starts_s, ends_s = (real_ns / 1e9 for real_ns in _stretch(variant, limit.phase))
        axis.hlines(limit.value, starts_s, ends_s, color=_COLOURS["fail-line"], linewidth=1.3, linestyle=(0, (6, 3)))
        axis.annotate(
            f"limit {limit.words}",
            (starts_s, limit.value),
            textcoords="offset points",
            xytext=(3, 3),
            fontsize=8,
            color=_COLOURS["fail-line"],
        )


def _stretch(variant: Variant, phase: str | None) -> tuple[int, int]:
    history, timeline = variant.history, variant.timeline
    begins = None if phase is None else history.first_mark(phase)
    ends = None if phase is None else history.first_mark(f"{phase}:end")
    return (
        timeline.starts_ns if begins is None else max(begins.real_ns, timeline.starts_ns),
        history.ends_ns if ends is None else ends.real_ns,
    )


def _common(axis: "Axes", variant: Variant) -> None:
    """What every chart has behind it: faults shaded, jumps of policy time hatched."""
    axis.set_xlim(variant.timeline.starts_ns / 1e9, variant.timeline.ends_ns / 1e9)
    axis.grid(axis="y", linewidth=0.6)
    axis.set_axisbelow(True)
    axis.patch.set_alpha(0)
    for band in variant.history.faults:
        ends_ns = variant.history.ends_ns if band.ends_ns == NEVER_NS else band.ends_ns
        axis.axvspan(band.starts_ns / 1e9, ends_ns / 1e9, color=_COLOURS["fault"], alpha=0.16, linewidth=0)
    least_s = (variant.timeline.ends_ns - variant.timeline.starts_ns) / 1e9 * 0.004
    for jump in variant.timeline.merged_jumps():
        middle = (jump.starts_ns + jump.ends_ns) / 2e9
        half = max((jump.ends_ns - jump.starts_ns) / 2e9, least_s / 2)
        axis.axvspan(
            middle - half, middle + half, facecolor="none", edgecolor=_COLOURS["soft"], hatch="////", linewidth=0
        )
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=3, fontsize=8, borderaxespad=0)


def _gaps(values: Sequence[float | None]) -> list[float]:
    """matplotlib leaves a gap where there is no number."""
    return [float("nan") if value is None else value for value in values]


def _inline(svg: str, variant: Variant) -> Markup:
    """The picture as part of a page: its own ids, the page's colours and letters, a name for screen readers."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{variant.prefix}-chart-", body)
    for name, colour in _COLOURS.items():
        body = body.replace(colour, f"var(--{name})")
    body = re.sub(r"\n\s*", "\n", body).replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans', sans-serif")
    body = re.sub(r' (?:width|height)="[\d.]+pt"', "", body, count=2)
    label = f"Rates and latencies of {variant.title} over real time; the table below has the numbers"
    return Markup(body.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1))
