"""Drills written in a test, run on real clusters that stand on the test run's stores, and judged."""

from contextlib import asynccontextmanager
from dataclasses import dataclass

from compose.cluster.ground import Ground
from compose.cluster.local_site import local_sites
from compose.cluster.programs import Programs
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.warm_start import Nursery
from compose.drills.history.history import History
from compose.drills.history.journal import read_journal
from compose.drills.judging import judge_run
from compose.drills.runner.variant import VariantRun, run_variant
from compose.drills.scenario.check import require_good
from compose.drills.scenario.load import LoadedDrill, loaded
from compose.drills.scenario.source import parse_source
from compose.drills.verdict import Verdict
from tests.compose.drills.scenes import opened_stores


@dataclass(frozen=True)
class Played:
    """A drill that was run, and the records of each of its variants."""

    drill: LoadedDrill
    records: dict[str, list]

    @property
    def judgement(self):
        return judge_run(self.drill.variants, {name: History(records) for name, records in self.records.items()})

    @property
    def verdict(self):
        return self.judgement.verdict

    @property
    def in_doubt(self):
        """What did not pass, by its id, and why."""
        return {
            f"{variant.variant} {one.id}": f"{one.verdict}: {one.finding.summary}"
            for variant in self.judgement.variants
            for one in (*variant.expectations, *variant.thresholds, *variant.guards)
            if one.verdict is not Verdict.PASS
        }


def written(text, folder, **settings):
    """The drill of a text; `settings` as `--set` has them, with `__` for the dots."""
    folder.mkdir(parents=True, exist_ok=True)
    source = parse_source(text, folder / "sabotage.yaml")
    drill = loaded(source, settings={key.replace("__", "."): value for key, value in settings.items()})
    require_good(drill)
    return drill


@asynccontextmanager
async def stage(stores, warm, *, node="node"):
    """Yields what plays a drill in a folder. `node` is the program that nodes are."""
    ends = []
    async with spread_safety_net() as net, opened_stores(stores) as opened:
        programs = Programs(node=node, nursery=Nursery(warm))
        sites = local_sites(opened, net=net, on_exit=ends.append, programs=programs)
        ground = Ground(net, opened, lambda _name: sites)

        async def play(drill, folder):
            records = {}
            for name, variant in drill.variants.items():
                run = VariantRun(
                    name, variant, "run", drill.source.path, folder / name, "processes", "dcsim drill run x"
                )
                await run_variant(run, ground, ends=ends)
                records[name] = read_journal(folder / name / "history.jsonl")
            return Played(drill, records)

        yield play
