"""The people of a test on a running cluster, and those who act upon them."""

from contextlib import asynccontextmanager
from dataclasses import dataclass

from compose.drills.acts import Acts
from compose.drills.fault_book import FaultBook
from compose.drills.history.history import History
from compose.drills.history.records import Opened
from compose.drills.operations import Operations
from compose.drills.runner.director import Director
from compose.drills.scenario.steps import Step
from compose.drills.scenario.traffic import Group
from compose.drills.traffic.population import Places, Population
from compose.people.administrator import Administrator
from compose.people.browser import open_client
from tests.compose.drills.scenes import START


@dataclass
class Crew:
    """`director` carries out steps as a run would."""

    population: Population
    acts: Acts
    director: Director
    written: object

    async def perform(self, *steps):
        """Steps as a file has them."""
        await self.director.perform([Step.model_validate(step) for step in steps])

    @property
    def history(self):
        return History(self.written.records)

    @property
    def marks(self):
        return [mark.name for mark in self.history.marks]


@asynccontextmanager
async def crew_on(scene, written, groups, *, variant="only"):
    """Accounts are made and everybody is logged in, as after the setup of a run."""
    cluster, recorder = scene.cluster, scene.recorder
    nodes = cluster.nodes.values()
    async with open_client() as client:
        places = Places(cluster.base_url, {node.id: node.url for node in nodes})
        people = {name: Group.model_validate(group) for name, group in groups.items()}
        population = Population(people, places, client, recorder, seed=1)
        recorder.write(
            Opened(0, START.policy_ms, "r", "d", "t", variant, 1, "processes", "", {}, "fenced", "cookie", {}, {}, "")
        )
        at = next(iter(places.nodes.values()))
        await population.create_accounts(await Administrator.log_in(client, at, "admin", "admin"))
        await population.log_in()
        urls = {node.id: node.operator_url for node in nodes}
        acts = Acts(population, places, client, cluster.client, recorder, operator_urls=urls)
        async with FaultBook(scene) as faults:
            director = Director(scene, population, acts, faults, Operations(scene), variant=variant)
            yield Crew(population, acts, director, written)
