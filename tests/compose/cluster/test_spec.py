"""A wrong cluster cannot be written down."""

import pytest

from compose.cluster.spec import ClusterSpec, Limits, NodeSpec, numbered_nodes
from shared.errors import OperatorError
from shared.versions import JIRA_9_10, JIRA_9_11


def test_nodes_are_numbered_and_each_may_have_its_own_version():
    """The common version goes to all that are not named."""
    nodes = numbered_nodes(3, version=JIRA_9_11, versions={"node-2": JIRA_9_10})

    assert [(node.id, node.version) for node in nodes] == [
        ("node-1", JIRA_9_11),
        ("node-2", JIRA_9_10),
        ("node-3", JIRA_9_11),
    ]


def test_every_cluster_has_a_token_of_its_own_and_does_not_show_it():
    """Nobody can guess it, and it does not end up in a log by accident."""
    one, other = ClusterSpec(numbered_nodes(1)), ClusterSpec(numbered_nodes(1))

    assert one.admin_token != other.admin_token
    assert len(one.admin_token) >= 32
    assert one.admin_token not in repr(one)


@pytest.mark.parametrize("count", [-1, 0, 33])
def test_a_cluster_has_1_to_32_nodes(count):
    """More than that is no cluster people run, none is no cluster."""
    with pytest.raises(OperatorError, match="1 to 32 nodes"):
        numbered_nodes(count)


def test_a_version_for_a_node_that_does_not_exist_is_refused():
    """The message names the nodes there are."""
    with pytest.raises(OperatorError, match="no node 'node-9'; there is node-1, node-2"):
        numbered_nodes(2, versions={"node-9": JIRA_9_10})


def test_a_node_that_does_not_exist_cannot_be_asked_for():
    """Whoever misspells one is told which there are."""
    with pytest.raises(OperatorError, match="no node 'node-3'; there is node-1, node-2"):
        ClusterSpec(numbered_nodes(2)).node("node-3")


@pytest.mark.parametrize("path", ["jira", "/", "/jira/", "/ji ra", "//", "/a?b", "/jira\n"])
def test_a_malformed_context_path_is_refused(path):
    """It would end up in cookies, links and redirects."""
    with pytest.raises(OperatorError, match="is not a context path"):
        ClusterSpec(numbered_nodes(1), context_path=path)


@pytest.mark.parametrize("path", ["", "/jira", "/apps/jira-9.11"])
def test_a_context_path_starts_with_a_slash_and_ends_without(path):
    """None at all is a context path too."""
    assert ClusterSpec(numbered_nodes(1), context_path=path).context_path == path


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_is_a_port(port):
    with pytest.raises(OperatorError, match=f"{port} is not a port"):
        ClusterSpec(numbered_nodes(1), port=port)


def test_two_nodes_cannot_have_the_same_id():
    with pytest.raises(OperatorError, match="same id"):
        ClusterSpec((NodeSpec("a"), NodeSpec("a")))


@pytest.mark.parametrize("node_id", ["", "-a", "a b", "a/b", "x" * 61])
def test_a_node_id_fits_into_a_cookie(node_id):
    with pytest.raises(OperatorError, match="is not a node id"):
        NodeSpec(node_id)


@pytest.mark.parametrize("limits", [{"crowd_ttl_s": 0}, {"remember_me_age_s": 0}, {"remember_me_age_s": 2_147_484}])
def test_limits_that_jira_could_not_have_are_refused(limits):
    """Beyond 2 147 483 s Jira's arithmetic overflows."""
    with pytest.raises(OperatorError):
        ClusterSpec(numbered_nodes(1), limits=Limits(**limits))
