"""Runs the matrix: a cluster for each version, side by side on one set of stores."""

import asyncio
from collections.abc import Mapping

from compose.cluster.handle import Cluster
from compose.matrix.measure import Say, measure
from compose.matrix.result import MatrixResult
from shared.versions import Version


async def measure_all(clusters: Mapping[Version, Cluster], *, say: Say) -> MatrixResult:
    """Measures every version at the same time. Raises HarnessError as `measure` does."""
    results = await asyncio.gather(
        *(measure(node_urls(cluster), cluster.clock, version, say=say) for version, cluster in clusters.items())
    )
    return sum(results, start=MatrixResult((), ()))


def node_urls(cluster: Cluster) -> dict[str, str]:
    """Where each node can be reached directly, context path included."""
    return {node.id: node.url + cluster.spec.context_path for node in cluster.nodes.values()}
