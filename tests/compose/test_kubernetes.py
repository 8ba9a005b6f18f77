"""The Kubernetes manifests: valid by Kubernetes' own schemas, and put together so that nobody is cut off."""

import re

import kubernetes_validate
import pytest
import yaml

from tests.support.deployed import FOLDER, manifests, pods, settings_of

VERSIONS = ["1.30", "1.37"]
OBJECTS = [(file, one) for file, one in manifests() if file != "kustomization.yaml"]


def found(kind, name):
    (one,) = [one for _, one in OBJECTS if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return one


def pod_of(kind, name):
    return found(kind, name)["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "manifest", [pytest.param(one, id=f"{file}:{one['kind']}:{one['metadata']['name']}") for file, one in OBJECTS]
)
def test_each_is_valid_by_the_published_schema(manifest, version):
    """Strictly: a field that Kubernetes does not know is a mistake."""
    kubernetes_validate.validate(manifest, version, strict=True)


def test_the_schema_finds_mistakes():
    """A misspelled field, a value of the wrong kind."""
    for mistake in ({"replica": 3}, {"replicas": "three"}):
        node = found("StatefulSet", "node")
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate({**node, "spec": {**node["spec"], **mistake}}, VERSIONS[-1], strict=True)


def test_every_file_is_applied():
    """What kustomization.yaml leaves out would be read by nobody."""
    listed = yaml.safe_load((FOLDER / "kubernetes" / "kustomization.yaml").read_text())["resources"]

    assert sorted(listed) == sorted({file for file, _ in OBJECTS})


def test_the_balancer_asks_dns_for_the_nodes_headless_service(monkeypatch):
    """One address for each pod that is ready, and on the port that nodes listen on."""
    balancer, node = (settings_of(*pods()[name], monkeypatch) for name in ("balancer", "node"))
    service = found("Service", balancer.discovery_dns)["spec"]

    assert balancer.discovery == "dns"
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", False)
    assert service["selector"] == found("StatefulSet", "node")["spec"]["template"]["metadata"]["labels"]
    assert found("StatefulSet", "node")["spec"]["serviceName"] == balancer.discovery_dns
    assert balancer.discovery_port == node.port


def test_ready_is_200_and_running():
    """A node that starts or stops answers 200 too."""
    for kind, name in (("StatefulSet", "node"), ("Deployment", "balancer")):
        (container,) = pod_of(kind, name)["containers"]
        assert container["readinessProbe"]["exec"]["command"][-1] == "compose.container.health"
        assert "livenessProbe" not in container


def test_nobody_is_killed_while_he_still_serves(monkeypatch):
    """The hook's time counts inside the grace."""
    for kind, name in (("StatefulSet", "node"), ("Deployment", "balancer")):
        pod, settings = pod_of(kind, name), settings_of(*pods()[name], monkeypatch)
        before_s = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
        needed_s = before_s + getattr(settings, "lame_duck_s", 0) + settings.stop_grace_s
        assert pod["terminationGracePeriodSeconds"] > needed_s + 3


def test_whoever_empties_machines_takes_one_node_at_a_time():
    budget = found("PodDisruptionBudget", "node")["spec"]

    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"] == found("Service", "node")["spec"]["selector"]


def test_every_selector_selects_pods_there_are():
    """Services, budgets and policies name them by their labels."""
    labels = [one["spec"]["template"]["metadata"]["labels"] for _, one in OBJECTS if "template" in one.get("spec", {})]
    selectors = [
        one["spec"]["selector"].get("matchLabels", one["spec"]["selector"])
        for _, one in OBJECTS
        if "selector" in one.get("spec", {})
    ] + [
        peer["podSelector"]["matchLabels"]
        for _, one in OBJECTS
        for rule in one.get("spec", {}).get("ingress", [])
        for peer in rule.get("from", [])
    ]

    assert len(selectors) > 10
    assert [one for one in selectors if one not in labels] == []


def test_every_name_that_is_dialled_is_a_service():
    """And a port of it."""
    ports = {
        one["metadata"]["name"]: {port["port"] for port in one["spec"]["ports"]}
        for _, one in OBJECTS
        if one["kind"] == "Service"
    }
    dialled = {
        (host, int(port))
        for _, environment in pods().values()
        for value in environment.values()
        for host, port in re.findall(r"//(?:\w+@)?([a-z-]+):(\d+)", value)
        if host != "localhost"
    }

    assert len(dialled) == 4
    assert [one for one in dialled if one[1] not in ports.get(one[0], ())] == []


def test_no_service_can_shadow_a_setting():
    """Kubernetes tells every pod of every service by variables: one called dcsim would set DCSIM_PORT."""
    for _, one in OBJECTS:
        if "template" in one.get("spec", {}):
            assert one["spec"]["template"]["spec"]["enableServiceLinks"] is False


def test_no_secret_stands_in_a_file():
    """They are made by hand, as the first lines of kustomization.yaml say."""
    assert [one for _, one in OBJECTS if one["kind"] == "Secret"] == []
    needed = {
        variable["valueFrom"]["secretKeyRef"]["key"]
        for _, one in OBJECTS
        if "template" in one.get("spec", {})
        for container in one["spec"]["template"]["spec"]["containers"]
        for variable in container.get("env", [])
        if "secretKeyRef" in variable.get("valueFrom", {})
    }
    told = (FOLDER / "kubernetes" / "kustomization.yaml").read_text()
    assert needed == set(re.findall(r"--from-literal=([a-z-]+)=", told))
