"""The Docker engine: the one place where the SDK is called. It blocks, so every call runs in a thread."""

import asyncio
import functools
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from shared.errors import HarnessError, OperatorError

T = TypeVar("T")

HELLO_LIMIT_S = 5
CALL_LIMIT_S = 60
"""Real time an engine has for one call; building and pulling have no limit."""
THREADS = 16
CONNECTIONS = 100
"""Kept at once: one for each container whose log is followed, and the calls."""


class Gone(HarnessError):
    """What a call was about does not exist, or not any more."""


class Conflict(HarnessError):
    """The engine will not, because of what is there or of the state it is in."""


class Engine:
    """Calls are `await engine.call("doing what", engine.api.method, ...)`.

    Raises Gone, Conflict or HarnessError, saying what was tried and what the engine answered.
    """

    def __init__(self, api: docker.APIClient, url: str) -> None:
        self.api = api
        self.url = url
        self._threads = ThreadPoolExecutor(THREADS, "engine")

    async def call(self, what: str, method: Callable[..., T], *given: Any, **options: Any) -> T:
        work = functools.partial(method, *given, **options)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except (DockerException, requests.RequestException) as error:
            raise _ours(what, error) from error

    async def each(self, what: str, stream: Callable[[], Iterator[T]], take: Callable[[T], None]) -> None:
        """Iterates in a thread, and hands every item to `take` in the event loop."""
        loop = asyncio.get_running_loop()

        def iterate() -> None:
            for item in stream():
                loop.call_soon_threadsafe(take, item)

        await self.call(what, iterate)

    async def stand_still(self) -> None:
        """Returns when no call is running any more, also none whose caller has gone."""
        await asyncio.to_thread(self._threads.shutdown, wait=True)
        self._threads = ThreadPoolExecutor(THREADS, "engine")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.api.close()


@asynccontextmanager
async def open_engine() -> AsyncIterator[Engine]:
    """The engine that `docker` on this machine would use: DOCKER_HOST, or the current context's.

    Raises OperatorError when none answers.
    """
    url = _url()
    try:
        api = await asyncio.to_thread(_connect, url)
    except (DockerException, requests.RequestException, ValueError) as error:
        raise OperatorError(
            f"no Docker engine answers at {url} ({_reason(error)}); start one, or set DOCKER_HOST to where one runs"
        ) from error
    engine = Engine(api, url)
    try:
        yield engine
    finally:
        engine.close()


def end_stream(stream: Any) -> None:
    """Ends what `events` or `logs` return, also while another thread waits for its next item.

    The SDK's own close leaves the connection to the garbage collector, hence the second step.
    """
    with suppress(DockerException, OSError, AttributeError):
        stream.close()
    with suppress(DockerException, OSError, AttributeError):
        stream._response.close()


async def require_same_kernel(engine: Engine) -> None:
    """Raises OperatorError for an engine on another kernel: policy time is anchored on the kernel's monotonic clock,
    which containers share with us only where they share the kernel."""
    info: Mapping[str, Any] = await engine.call("describe itself", engine.api.info)
    if sys.platform != "linux" or info.get("KernelVersion") != os.uname().release:
        raise OperatorError(
            f"the engine at {engine.url} runs on another kernel than dcsim ({info.get('OperatingSystem')}), so they "
            "have no clock in common; use compose/compose.yaml there, whose control container has dcsim inside"
        )


def _url() -> str:
    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    try:
        context = docker.ContextAPI.get_current_context()
        return str(context.Host) if context is not None and context.Host else "unix:///var/run/docker.sock"
    except (DockerException, OSError, ValueError):
        return "unix:///var/run/docker.sock"


def _connect(url: str) -> docker.APIClient:
    settings = docker.utils.kwargs_from_env()
    api = docker.APIClient(
        base_url=url,
        version="auto",
        timeout=HELLO_LIMIT_S,
        tls=settings.get("tls", False),
        max_pool_size=CONNECTIONS,
    )
    api.timeout = CALL_LIMIT_S
    return api


def _ours(what: str, error: Exception) -> HarnessError:
    message = f"the Docker engine would not {what}: {_reason(error)}"
    if isinstance(error, NotFound):
        return Gone(message)
    return (
        Conflict(message) if isinstance(error, APIError) and error.status_code in (403, 409) else HarnessError(message)
    )


def _reason(error: BaseException) -> str:
    """In one line: what the engine itself said, or the innermost cause."""
    if isinstance(error, APIError) and error.explanation:
        return " ".join(str(error.explanation).split())
    inner = error
    while (below := inner.__cause__ or inner.__context__) is not None:
        inner = below
    return " ".join(str(inner).split()) or type(inner).__name__
