"""What our image is built from, and when it is built again."""

import io
import tarfile
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from compose.cluster.docker import image
from compose.cluster.docker.image import DOCKERFILE, BuildContext
from compose.cluster.docker.settings import DockerSettings
from shared.errors import OperatorError

pytestmark = pytest.mark.timeout(600)  # the first test that wants an image may have to build it


def test_the_sources_are_in_it_and_nothing_else():
    """No tests, no byte code; the Dockerfile finds all it copies."""
    files = BuildContext.of_these_sources().files

    assert {"pyproject.toml", "README.md", DOCKERFILE, "node/__main__.py", "compose/container/health.py"} <= set(files)
    assert {path.partition("/")[0] for path in files} == {
        *("shared", "node", "loadbalancer", "compose"),
        *("pyproject.toml", "README.md"),
    }
    assert not [path for path in files if "__pycache__" in path or path.endswith(".pyc")]
    copied = [
        line.split()[1]
        for line in files[DOCKERFILE].decode().splitlines()
        if line.startswith("COPY ") and "--" not in line
    ]
    assert all(name in files or any(path.startswith(f"{name}/") for path in files) for name in copied)


def test_every_change_makes_another_tag():
    """Of a source, of the base image, of where packages come from; the same sources have the same one."""
    context, settings = BuildContext.of_these_sources(), DockerSettings()
    changed = replace(context, files={**context.files, "node/app.py": b"# other"})
    tags = [
        context.tag(settings),
        changed.tag(settings),
        context.tag(settings.model_copy(update={"python_image": "python:3.12"})),
        context.tag(settings.model_copy(update={"pip_options": "--pre"})),
    ]

    assert len(set(tags)) == 4
    assert BuildContext.of_these_sources().tag(settings) == tags[0]
    with tarfile.open(fileobj=io.BytesIO(context.tar().read())) as archive:
        assert sorted(archive.getnames()) == sorted(context.files)


def test_an_installed_dcsim_can_build_it_too(monkeypatch, tmp_path):
    """Without a checkout there is no pyproject.toml; what is installed says as much."""
    for package in image.PACKAGES:
        (tmp_path / package).symlink_to(image.ROOT / package)
    monkeypatch.setattr(image, "ROOT", tmp_path)

    project = tomllib.loads(BuildContext.of_these_sources().files["pyproject.toml"].decode())

    real = tomllib.loads((Path(__file__).parents[4] / "pyproject.toml").read_text())
    assert len(project["project"]["dependencies"]) == len(real["project"]["dependencies"])
    assert project["project"]["scripts"] == real["project"]["scripts"]
    assert project["tool"]["hatch"] == real["tool"]["hatch"]


def test_an_empty_variable_is_none(monkeypatch):
    """compose.yaml hands on what is not set as nothing."""
    for name in ("IMAGE", "PYTHON_IMAGE", "BUILD_NETWORK", "PIP_OPTIONS"):
        monkeypatch.setenv(f"DCSIM_DOCKER_{name}", "")
    settings = DockerSettings.from_environment()

    assert (settings.image, settings.python_image) == (None, "python:3.11-slim-bookworm")


async def test_an_image_that_cannot_be_had_is_the_operators_to_replace(engine, monkeypatch):
    """The message names the setting."""
    monkeypatch.setenv("DCSIM_DOCKER_REDIS_IMAGE", "localhost:1/nobody/has:this")

    with pytest.raises(OperatorError, match=r"localhost:1/nobody/has:this is not here.*DCSIM_DOCKER_REDIS_IMAGE"):
        async with image_run():
            raise AssertionError("must not get here")


def image_run():
    from tests.support.engine import running_run

    return running_run([])
