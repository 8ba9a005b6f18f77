"""`result.json`: the result for programs. The keys below stay as they are; new ones may be added beside them.

    format              1
    run, title, question, answer, teaches, theme, seed, version, command
    verdict             "pass", "fail" or "unknown", of the whole run
    exit_code           what `dcsim drill run` ended with; null for a run that was cut off
    problems            sentences; what kept the run from being better
    variants[]          in the order they ran
      name, verdict, complete
      expectations[], thresholds[], guards[]
        id, sentence, because, window, verdict, as_found, demonstrates, summary, checked,
        evidence[] {text, operations[], real_ns, user, node}, evidence_total, measures {name: {value, unit}}
      metrics           {name: {value, unit}}; units: "policy ms", "real ms", "count", "ratio"
      people            {"wrongly-in", "thrown-out", "silent", "error", "unaffected": how many}; the worst counts
      logouts[]         user, operation, real_ns, policy_ms, node, cause, chain[]
      requests          {offered, completed, failed, latency_real_ms: {p50, p95, p99, max}}
      policy_time       {jumps, skipped_ms}
      nodes, delivery, switches
    divergences[]       left, right, compared, and for the first operation of which something else came:
                        user, left_operation, right_operation, left_outcome, right_outcome; null where they do not part

`nodes` and what follows it, `people`, `requests` and `policy_time` are null for a variant that was never begun.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from compose.drills.finding import Measure
from compose.drills.judging.judgement import Logout, VariantJudgement, Verdicted
from compose.drills.report.divergence import Comparison, compare_all
from compose.drills.report.measured import totals_of
from compose.drills.report.run import Run, VariantRun
from compose.drills.report.variant import Variant

FORMAT = 1


def as_json(run: Run, variants: Sequence[Variant]) -> str:
    return json.dumps(_result(run, variants), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _result(run: Run, variants: Sequence[Variant]) -> dict[str, Any]:
    facts = run.facts
    begun = {variant.name: variant for variant in variants}
    return {
        "format": FORMAT,
        "run": facts.run,
        "title": facts.title,
        "question": facts.question,
        "answer": run.answer,
        "teaches": facts.teaches,
        "theme": facts.theme,
        "verdict": str(run.judgement.verdict),
        "exit_code": facts.exit_code,
        "problems": list(run.problems),
        "seed": facts.seed,
        "version": facts.version,
        "command": facts.command,
        "variants": [_variant(one, begun.get(one.name)) for one in run.variants],
        "divergences": [_divergence(comparison) for comparison in compare_all(variants)],
    }


def _variant(one: VariantRun, begun: Variant | None) -> dict[str, Any]:
    judgement = one.judgement
    return {
        "name": one.name,
        "verdict": str(judgement.verdict),
        "complete": one.history.is_complete,
        **_judged(judgement),
        "metrics": _measures(judgement.metrics),
        "logouts": [_logout(logout) for logout in judgement.logouts],
        **(_seen(begun) if begun else dict.fromkeys(_SEEN)),
    }


def _judged(judgement: VariantJudgement) -> dict[str, Any]:
    return {
        "expectations": [_verdicted(one) for one in judgement.expectations],
        "thresholds": [_verdicted(one) for one in judgement.thresholds],
        "guards": [_verdicted(one) for one in judgement.guards],
    }


def _verdicted(one: Verdicted) -> dict[str, Any]:
    finding = one.finding
    return {
        "id": one.id,
        "sentence": one.sentence,
        "because": one.because,
        "window": one.window,
        "verdict": str(one.verdict),
        "as_found": str(one.as_found),
        "demonstrates": one.demonstrates,
        "summary": finding.summary,
        "checked": finding.checked,
        "evidence": [
            {
                "text": evidence.text,
                "operations": list(evidence.operations),
                "real_ns": evidence.real_ns,
                "user": evidence.user,
                "node": evidence.node,
            }
            for evidence in finding.evidence
        ],
        "evidence_total": max(finding.evidence_total, len(finding.evidence)),
        "measures": _measures(finding.measures),
    }


def _measures(measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {name: {"value": one.value, "unit": str(one.unit)} for name, one in measures.items()}


def _logout(logout: Logout) -> dict[str, Any]:
    return {
        "user": logout.user,
        "operation": logout.op,
        "real_ns": logout.real_ns,
        "policy_ms": logout.policy_ms,
        "node": logout.node,
        "cause": logout.cause,
        "chain": list(logout.chain),
    }


_SEEN = ("people", "requests", "policy_time", "nodes", "delivery", "switches")


def _seen(variant: Variant) -> dict[str, Any]:
    totals = totals_of(variant)
    jumps = variant.timeline.jumps
    opened = variant.opened
    return {
        "people": {fate.key: count for fate, count in variant.people.fates.items()},
        "requests": {
            "offered": totals.offered,
            "completed": totals.completed,
            "failed": totals.failed,
            "latency_real_ms": {"p50": totals.p50, "p95": totals.p95, "p99": totals.p99, "max": totals.slowest},
        },
        "policy_time": {"jumps": len(jumps), "skipped_ms": sum(jump.skipped_ms for jump in jumps)},
        "nodes": opened.nodes,
        "delivery": opened.delivery,
        "switches": opened.switches,
    }


def _divergence(comparison: Comparison) -> dict[str, Any]:
    first = comparison.first
    found: dict[str, Any] = dict.fromkeys(
        ("user", "left_operation", "right_operation", "left_outcome", "right_outcome")
    )
    if first is not None:
        found = {
            "user": first.person,
            "left_operation": first.ours.number,
            "right_operation": first.theirs.number,
            "left_outcome": str(first.left.seen[first.ours]),
            "right_outcome": str(first.right.seen[first.theirs]),
        }
    return {
        "left": comparison.left.name,
        "right": comparison.right.name,
        "compared": comparison.compared,
        "parted": first is not None,
        **found,
    }
