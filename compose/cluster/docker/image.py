"""Our image, built when these sources have none yet, and the stores' images, pulled when they are not there."""

import asyncio
import hashlib
import importlib.metadata
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compose.cluster.docker.engine import Engine, Gone
from compose.cluster.docker.labels import IMAGE
from compose.cluster.docker.settings import PREFIX, DockerSettings
from shared.errors import HarnessError, OperatorError

Say = Callable[[str], None]
ROOT = Path(__file__).parents[3]
"""Where our packages are: a checkout, or where dcsim is installed."""
PACKAGES = ("shared", "node", "loadbalancer", "compose")
DOCKERFILE = "compose/Dockerfile"
_SKIPPED = {"__pycache__", "demo.svg"}


@dataclass(frozen=True, slots=True)
class Images:
    """What containers are made of."""

    ours: str
    postgres: str
    redis: str


async def ensure_images(engine: Engine, settings: DockerSettings, *, say: Say) -> Images:
    """Builds and pulls what is missing; that takes half a minute and is needed once for each state of the sources.

    Raises OperatorError for an image that is not here and cannot be had, HarnessError when the build fails.
    """
    for setting, name in (("POSTGRES_IMAGE", settings.postgres_image), ("REDIS_IMAGE", settings.redis_image)):
        await _ensure_pulled(engine, name, setting, say)
    if settings.image is not None:
        await _ensure_pulled(engine, settings.image, "IMAGE", say)
        return Images(settings.image, settings.postgres_image, settings.redis_image)
    context = await asyncio.to_thread(BuildContext.of_these_sources)
    name = f"dcsim:{context.tag(settings)}"
    if not await _is_here(engine, name):
        await _build(engine, context, name, settings, say)
    return Images(name, settings.postgres_image, settings.redis_image)


@dataclass(frozen=True, slots=True)
class BuildContext:
    """The files that `docker build` gets, by their path."""

    files: Mapping[str, bytes]

    @classmethod
    def of_these_sources(cls) -> "BuildContext":
        """Of an installed dcsim, which has no pyproject.toml any more, one that says as much as the build needs."""
        files = {
            path.relative_to(ROOT).as_posix(): path.read_bytes()
            for package in PACKAGES
            for path in sorted((ROOT / package).rglob("*"))
            if path.is_file() and not _SKIPPED & set(path.parts) and path.suffix != ".pyc"
        }
        project, readme = ROOT / "pyproject.toml", ROOT / "README.md"
        is_checkout = project.is_file() and readme.is_file()
        files["pyproject.toml"] = project.read_bytes() if is_checkout else _project_file()
        files["README.md"] = b"" if not is_checkout else b"# dcsim\n"
        return cls(files)

    def tag(self, settings: DockerSettings) -> str:
        """Another one for every change of a source, a base image or pip's options."""
        digest = hashlib.sha256(f"{settings.python_image}\n{settings.pip_options}\n".encode())
        for path, content in sorted(self.files.items()):
            digest.update(f"{path}\n{len(content)}\n".encode() + content)
        return digest.hexdigest()[:12]

    def tar(self) -> io.BytesIO:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, content in sorted(self.files.items()):
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
        buffer.seek(0)
        return buffer


def _project_file() -> bytes:
    installed = importlib.metadata.metadata("dcsim")
    wanted = [one for one in importlib.metadata.requires("dcsim") or () if "extra ==" not in one]
    return (
        f'[project]\nname = "dcsim"\nversion = "{installed["Version"]}"\nrequires-python = ">=3.11"\n'
        f"dependencies = {json.dumps(wanted)}\n"
        '[project.scripts]\ndcsim = "compose.cli:main"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f"[tool.hatch.build.targets.wheel]\npackages = {json.dumps(PACKAGES)}\n"
    ).encode()


async def _is_here(engine: Engine, name: str) -> bool:
    try:
        await engine.call(f"describe the image {name}", engine.api.inspect_image, name)
    except Gone:
        return False
    return True


async def _ensure_pulled(engine: Engine, name: str, setting: str, say: Say) -> None:
    if await _is_here(engine, name):
        return
    say(f"pulling the image {name}")
    told: list[Mapping[str, Any]] = []

    def pull() -> Iterator[Mapping[str, Any]]:
        repository, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "latest")
        stream: Iterator[Mapping[str, Any]] = engine.api.pull(repository, tag=tag, stream=True, decode=True)
        return stream

    problem = None
    try:
        await engine.each(f"pull the image {name}", pull, told.append)
    except HarnessError as error:
        problem = str(error)
    problem = problem or next((str(line["error"]) for line in told if "error" in line), None)
    if problem or not await _is_here(engine, name):
        raise OperatorError(
            f"the image {name} is not here and cannot be pulled ({problem or 'no reason given'}); "
            f"{PREFIX}{setting} names another one"
        )


async def _build(engine: Engine, context: BuildContext, name: str, settings: DockerSettings, say: Say) -> None:
    """A failed build quotes the last thing it said."""
    say(f"building the image {name}, once for this state of the sources")
    lines: list[str] = []
    problems: list[str] = []

    def take(item: Mapping[str, Any]) -> None:
        text = str(item.get("stream", "")).strip()
        if text.startswith("Step "):
            say(f"building the image {name}: {text.partition(' : ')[0].lower()}")
        if text:
            lines.append(text)
        if "error" in item:
            problems.append(str(item["error"]))

    def build() -> Iterator[Mapping[str, Any]]:
        stream: Iterator[Mapping[str, Any]] = engine.api.build(
            fileobj=context.tar(),
            custom_context=True,
            dockerfile=DOCKERFILE,
            tag=name,
            rm=True,
            forcerm=True,
            decode=True,
            labels={IMAGE: "built"},
            buildargs={"PYTHON_IMAGE": settings.python_image, "PIP_OPTIONS": settings.pip_options},
            network_mode=settings.build_network,
        )
        return stream

    await engine.each(f"build the image {name}", build, take)
    if problems or not await _is_here(engine, name):
        said = "\n  ".join(lines[-8:])
        raise HarnessError(
            f"the image {name} cannot be built: {problems[0] if problems else 'no reason given'}; its last words:\n"
            f"  {said}\n{PREFIX}PYTHON_IMAGE, {PREFIX}PIP_OPTIONS and {PREFIX}BUILD_NETWORK say from what it is made"
        )
