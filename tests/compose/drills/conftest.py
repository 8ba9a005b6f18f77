"""One small real cluster for all tests of a file; each gets a scene and a history of its own."""

import pytest
import pytest_asyncio

from compose.cluster.processes import ProcessState
from tests.compose.drills.scenes import FAST, opened_stores, scene_on
from tests.support.clusters import running_cluster


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(stores, warm):
    async with running_cluster(stores, warm, nodes=2, **FAST) as cluster:
        yield cluster
        assert cluster.ended == []


@pytest_asyncio.fixture(loop_scope="module")
async def scene(cluster, stores, tmp_path):
    """Whatever a test did, the next one finds every node up and every link whole."""
    async with opened_stores(stores) as opened:
        with scene_on(cluster, opened, tmp_path) as (scene, written):
            scene.recorder.written = written
            yield scene
    assert all(link.fault is None for link in await cluster.links.read())
    assert {node.process.state for node in cluster.nodes.values()} == {ProcessState.UP}


@pytest.fixture
def written(scene):
    return scene.recorder.written
