"""Drills in words: the list, what one would do, and how one ended."""

import random
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compose.drills.faults import make_fault
from compose.drills.judging.judgement import Verdicted
from compose.drills.runner.run import Ran
from compose.drills.scenario.check import known_names
from compose.drills.scenario.drill import Drill, Theme
from compose.drills.scenario.load import LoadedDrill
from compose.drills.scenario.steps import Act, Step
from compose.drills.targets import TargetKind, resolve
from compose.drills.verdict import Verdict, headline

EVIDENCE_SHOWN = 3
_STYLES = {Verdict.PASS: "bold blue", Verdict.FAIL: "bold magenta", Verdict.UNKNOWN: "bold yellow"}


def catalog_table(drills: Sequence[LoadedDrill]) -> RenderableType:
    """Grouped by theme, each with its question."""
    parts: list[RenderableType] = []
    for theme in Theme:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, title=theme.capitalize(), title_justify="left")
        table.add_column(no_wrap=True, style="bold")
        table.add_column()
        for one in drills:
            if one.drill.theme is theme:
                table.add_row(one.name, " ".join(one.drill.question.split()))
        parts += [table, Text()]
    return Group(*parts, Text("dcsim drill run NAME runs one, dcsim drill show NAME says what it would do."))


def catalog_data(drills: Sequence[LoadedDrill]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "title": one.drill.title,
            "theme": one.drill.theme,
            "question": " ".join(one.drill.question.split()),
            "teaches": " ".join(one.drill.teaches.split()),
            "variants": list(one.variants),
            "tags": one.drill.tags,
            "contributions": one.drill.contributions,
        }
        for one in drills
    ]


def drill_plan(loaded: LoadedDrill) -> RenderableType:
    """Every variant with its cluster, its people and its steps; the targets are those that its seed draws."""
    drill = loaded.drill
    parts: list[RenderableType] = [
        Text(drill.title, "bold"),
        Text(" ".join(drill.question.split())),
        Text(f"Teaches: {' '.join(drill.teaches.split())}", "dim"),
    ]
    for name, variant in loaded.variants.items():
        parts += [Text(), Text(f"{name}", "bold"), *map(Text, _variant_lines(variant))]
    return Group(*parts)


def _variant_lines(drill: Drill) -> Iterator[str]:
    cluster = drill.cluster
    versions = ", ".join(f"{node} {version}" for node, version in cluster.nodes.versions.items())
    nodes = f"{cluster.nodes.count} nodes of Jira {cluster.nodes.version}" + (f" ({versions})" if versions else "")
    yield f"  cluster   {nodes}, delivery {cluster.delivery}, sticky by {cluster.balancer.sticky}"
    yield f"  policy    starts {drill.time.start:%Y-%m-%d %H:%M} UTC, seed {drill.configuration.seed}"
    for name, group in drill.traffic.items():
        pace = f"{group.rate:g}/s (real)" if group.rate else f"each every {group.every}" if group.every else "when told"
        remembered = f", {group.remember_me:.0%} remembered" if group.remember_me else ""
        yield f"  traffic   {name}: {group.users} x {group.mix}, {pace}{remembered}"
    chance = random.Random(f"{drill.configuration.seed}/targets")
    yield from _step_lines(drill, drill.method, chance, "  ")


def _step_lines(drill: Drill, steps: Sequence[Step], chance: random.Random, indent: str) -> Iterator[str]:
    for number, step in enumerate(steps, start=1):
        name = f" {step.name}:" if step.name else ""
        yield f"{indent}{number:>2}.{name} {_step_words(drill, step, chance)}"
        yield from _step_lines(drill, step.parallel or [], chance, indent + "    ")
        yield from _step_lines(drill, step.repeat.steps if step.repeat else [], chance, indent + "    ")


def _step_words(drill: Drill, step: Step, chance: random.Random) -> str:
    when = f" (in {', '.join(step.when)} only)" if step.when else ""
    return _what(drill, step, chance) + when


def _what(drill: Drill, step: Step, chance: random.Random) -> str:
    if step.say is not None:
        return f'say "{" ".join(step.say.split())}"'
    if step.do is not None:
        return _act_words(step.do)
    if step.fault is not None and step.fault.inject is not None:
        kind = make_fault(step.fault.inject, step.fault.settings)
        targets = resolve(step.fault.target, kind.targets, known_names(drill), chance, only=kind.only)
        return f"break {step.fault.inject} on {', '.join(targets)}"
    if step.fault is not None:
        return f"mend {step.fault.clear}"
    if step.node is not None:
        nodes = resolve(step.node.target, TargetKind.NODE, known_names(drill), chance)
        return f"{step.node.do} {', '.join(nodes)}" + (f" to Jira {step.node.to}" if step.node.to else "")
    if step.advance is not None:
        return "let policy time pass: " + (f"{step.advance.by}" if step.advance.by else "to the next deadline")
    if step.everyone is not None:
        return f"everyone of {step.everyone.group} acts, {_times(step.everyone.times)}"
    if step.hold is not None:
        return f"let traffic go on for {step.hold}"
    if step.wait_until is not None:
        return f"wait for {step.wait_until.probe}, at most {step.wait_until.within}"
    if step.rolling_upgrade is not None:
        return f"rolling upgrade to Jira {step.rolling_upgrade.to}, {step.rolling_upgrade.order}"
    if step.rolling_restart is not None:
        return f"rolling restart, {step.rolling_restart.order}"
    if step.rate is not None:
        return f"policy time runs {step.rate:g} times as fast as real time" if step.rate else "policy time stands still"
    if step.repeat is not None:
        return f"{_times(step.repeat.times)}:"
    return "at the same time:" if step.parallel is not None else f"mark {step.mark}"


def _act_words(act: Act) -> str:
    whom = f" of each of {act.group}" if act.group else f" of {act.user}" if act.user else ""
    over = f", over {act.over}" if act.over else ""
    return f"{act.act}{whom}" + (f" through {act.via}" if act.via else "") + over


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def outcome_text(ran: Ran) -> str:
    """How a run ended: each expectation, the evidence of what failed, the answer, and the command that repeats it."""
    lines = []
    for variant in ran.judgement.variants:
        lines.append(f"[{variant.variant}] {variant.verdict}")
        for found in (*variant.expectations, *variant.thresholds):
            lines += _verdict_lines(found)
        for guard in variant.guards:
            if guard.verdict is not Verdict.PASS:
                lines += _verdict_lines(guard)
    lines += [f"!! {problem}" for problem in ran.judgement.problems]
    lines += [
        "",
        f"{headline(ran.judgement.verdict, interrupted=ran.was_interrupted).upper()}: {ran.judgement.answer}",
        f"report: {ran.folder.path / 'report.html'}",
        f"again:  {ran.command}",
    ]
    return "\n".join(lines)


def _verdict_lines(found: Verdicted) -> list[str]:
    shown = " (demonstrated)" if found.demonstrates and found.verdict is Verdict.PASS else ""
    lines = [f"  {found.verdict:8} {found.id}{shown}: {found.finding.summary}"]
    if found.verdict is not Verdict.PASS or found.demonstrates:
        lines += [f"             {one.text}" for one in found.finding.evidence[:EVIDENCE_SHOWN]]
        more = found.finding.evidence_total - EVIDENCE_SHOWN
        lines += [f"             and {more} more"] if more > 0 else []
    return lines


def summary_table(ran: Sequence[Ran]) -> RenderableType:
    """All drills that were run, a line each."""
    table = Table(title="Drills", title_justify="left")
    for heading in ("Drill", "Verdict", "Answer"):
        table.add_column(heading)
    for one in ran:
        verdict = one.judgement.verdict
        words = headline(verdict, interrupted=one.was_interrupted)
        table.add_row(one.folder.facts().title, Text(words, _STYLES[verdict]), one.judgement.answer)
    return table
