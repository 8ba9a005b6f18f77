"""What the files for Docker Compose, Docker Swarm and Kubernetes tell each of our programs."""

import os
import re
from pathlib import Path

import yaml

from compose.cluster.running import NamedCluster
from shared.settings import BalancerSettings, NodeSettings

FOLDER = Path(__file__).parents[2] / "compose"
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
OURS = {"node": NodeSettings, "balancer": BalancerSettings, "idle": NamedCluster}
A_SECRET = "a-secret-of-the-cluster"


def compose_file(name="compose.yaml"):
    """As it is when nobody has set any variable."""
    return _defaults(yaml.safe_load((FOLDER / name).read_text()))


def _defaults(value):
    match value:
        case dict():
            return {key: _defaults(one) for key, one in value.items()}
        case list():
            return [_defaults(one) for one in value]
        case str():
            return VARIABLE.sub(lambda found: found.group(2), value)
    return value


def services(name="compose.yaml"):
    """The services that run our image, by name: (program, what its environment and its secrets tell it)."""
    found = {}
    for service, facts in compose_file(name)["services"].items():
        if facts.get("command", [""])[0] in OURS:
            files = [one if isinstance(one, str) else one["target"] for one in facts.get("secrets", [])]
            secrets = {file.upper(): A_SECRET for file in files}
            found[service] = (facts["command"][0], {**facts["environment"], **secrets})
    return found


def manifests():
    """Every Kubernetes object, with the file it is in."""
    return [
        (path.name, one)
        for path in sorted((FOLDER / "kubernetes").glob("*.yaml"))
        for one in yaml.safe_load_all(path.read_text())
    ]


def pods():
    """The pods that run our image, by name, like `services`."""
    maps = {one["metadata"]["name"]: one["data"] for _, one in manifests() if one["kind"] == "ConfigMap"}
    found = {}
    for _, one in manifests():
        template = one.get("spec", {}).get("template")
        for container in template["spec"]["containers"] if template else []:
            if container.get("args", [""])[0] in OURS:
                environment = {}
                for source in container.get("envFrom", []):
                    environment |= maps[source["configMapRef"]["name"]]
                for variable in container.get("env", []):
                    environment[variable["name"]] = _value(variable, one)
                found[one["metadata"]["name"]] = (container["args"][0], environment)
    return found


def _value(variable, owner):
    if "value" in variable:
        return variable["value"]
    source = variable["valueFrom"]
    if "fieldRef" in source:
        return {"metadata.name": f"{owner['metadata']['name']}-0"}[source["fieldRef"]["fieldPath"]]
    assert source["secretKeyRef"]["name"] == "dcsim"
    return A_SECRET


def deployed():
    """All of them: (file, name, program, environment)."""
    files = {"compose.yaml": services(), "stack.yaml": services("stack.yaml"), "kubernetes": pods()}
    return [(file, name, *found) for file, programs in files.items() for name, found in programs.items()]


def unknown_variables(program, environment):
    """Names that the program does not read."""
    model = OURS[program]
    return set(environment) - {f"{model.model_config['env_prefix']}{field.upper()}" for field in model.model_fields}


def settings_of(program, environment, monkeypatch):
    """What the program would read from this environment. Swarm's templates are those of a first task."""
    for name in [name for name in os.environ if name.startswith("DCSIM_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value.replace("{{.Task.Slot}}", "1"))
    return OURS[program]()
