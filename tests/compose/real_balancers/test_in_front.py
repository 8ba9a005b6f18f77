"""HAProxy and nginx, as installed, in front of a cluster of ours."""

import shutil

import pytest

from compose.cluster.spec import BalancerKind
from compose.people.browser import Browser, open_client
from compose.real_balancers import launch
from compose.real_balancers.configurations import Product
from shared.errors import OperatorError
from shared.settings import Sticky
from tests.support.clusters import running_cluster
from tests.support.eventually import eventually
from tests.support.requirements import require

PRODUCTS = [BalancerKind.HAPROXY, BalancerKind.NGINX]


@pytest.fixture(autouse=True)
def installed():
    require("balancers")


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("sticky", [Sticky.COOKIE, Sticky.JVM_ROUTE])
async def test_people_stay_on_their_node_and_survive_its_death(stores, warm, product, sticky):
    """The drill by hand works behind the real ones: bound while the node lives, served elsewhere when it is killed."""
    async with (
        running_cluster(stores, warm, nodes=2, balancer=product, sticky=sticky) as cluster,
        open_client() as client,
    ):
        assert cluster.balancer_admin_url is None
        browser = Browser(client, cluster.base_url)
        await browser.log_in("alice", "alice", remember=True)
        first = await browser.who_am_i()
        assert first.username == "alice"
        for _ in range(20):
            assert (await browser.who_am_i()).node == first.node
        await cluster.kill(first.node)

        async def served_elsewhere():
            answer = await browser.who_am_i()
            return answer.status == 200 and answer.node not in (None, first.node)

        await eventually(served_elsewhere)


async def test_policy_time_is_steered_without_a_balancer_of_ours(stores, warm):
    """The nodes are told directly; nobody stamps requests, and nobody is late."""
    async with running_cluster(stores, warm, nodes=2, balancer=BalancerKind.HAPROXY) as cluster:
        steered = await cluster.clock.step(by_ms=3_600_000)
        assert steered.late == ()
        assert set(await cluster.clock.read()) == {"node-1", "node-2"}


def test_a_product_that_is_missing_is_named(monkeypatch):
    """One line that says what to do."""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(OperatorError, match="haproxy is not installed"):
        launch.require_installed(Product.HAPROXY)
