"""Measures the balancer beside HAProxy, nginx and a naive aiohttp proxy: `python -m tests.bench.balancer`.

All contenders run at once and are measured in interleaved rounds, in random order, so that a noisy minute hits all of
them. Read the ratios: each is taken inside one round; shown is the median over the rounds [least, greatest]. The
measure to judge by is requests per CPU-second of the proxy's own process: it does not depend on how load generator,
proxy and nodes share the cores. What is missing on this machine is "not measured", never an error.
"""

import argparse
import random
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.bench.contenders import FRONTS, missing, ours, running_nodes
from tests.support.balancers import running_balancer

BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate, br",
    "Referer": "http://localhost:8080/secure/Dashboard.jspa",
    "DNT": "1",
    "Upgrade-Insecure-Requests": "1",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-User": "?1",
    "Cache-Control": "no-cache",
}
LUA = """
local cookies = {{ "{cookies[0]}", "{cookies[1]}" }}
local count = 0
function setup(thread) count = count + 1; thread:set("number", count) end
function init(args)
  wrk.headers["Accept"] = "*/*"
  {headers}
  wrk.headers["Cookie"] = "JSESSIONID=0123456789ABCDEF; " .. cookies[(number - 1) % 2 + 1]
end
"""
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Result:
    """One contender in one round."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


def wrk(contender, *, connections, seconds, headers, folder):
    """Loads a contender for that long."""
    script = Path(folder) / f"{contender.name}.lua"
    lines = "\n  ".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
    script.write_text(LUA.format(cookies=contender.cookies, headers=lines))
    threads = min(2, connections)
    before = contender.cpu_s()
    text = subprocess.run(
        [
            "wrk",
            f"-t{threads}",
            f"-c{connections}",
            f"-d{seconds}s",
            "--latency",
            "-s",
            script,
            f"http://127.0.0.1:{contender.port}/api",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    cpu_s = contender.cpu_s() - before
    if "Non-2xx" in text:
        raise SystemExit(f"{contender.name} did not answer 200 to every request:\n{text}")
    count = int(re.search(r"(\d+) requests in", text)[1])
    return Result(
        float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        _latency(text, "50%"),
        _latency(text, "99%"),
        cpu_s / count * 1e6,
    )


def _latency(text, share):
    number, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s)", text).groups()
    return float(number) * UNITS[unit]


def rounds(contenders, count, measure):
    """{name: [result of each round]}, all contenders in each round, in random order."""
    results = {contender.name: [] for contender in contenders}
    for number in range(count):
        for contender in random.sample(contenders, len(contenders)):
            results[contender.name].append(measure(contender))
            print(f"\r  round {number + 1} of {count}: {contender.name:<10}", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    return results


def ratio(mine, others, value):
    """Median of the per-round ratios [least, greatest], or that it was not measured."""
    if not others or not mine:
        return "not measured"
    ratios = [value(a) / value(b) for a, b in zip(mine, others, strict=True) if value(b)]
    return f"{statistics.median(ratios):.3f} [{min(ratios):.3f}, {max(ratios):.3f}]" if ratios else "not measured"


def table(rows):
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def throughput(contenders, given, *, connections, headers, title):
    """Bars L1 to L4 and L6: throughput, latency, CPU."""
    print(f"\n{title}, {connections} connections, {given.rounds} rounds of {given.seconds} s")
    with tempfile.TemporaryDirectory() as folder:
        results = rounds(
            contenders,
            given.rounds,
            lambda one: wrk(one, connections=connections, seconds=given.seconds, headers=headers, folder=folder),
        )
    haproxy, naive = results.get("haproxy", []), results.get("naive", [])
    rows = [
        (
            "front",
            "req/s",
            "p50 ms",
            "p99 ms",
            "CPU us/req",
            "req/CPU-s x HAProxy",
            "x naive",
            "req/s x HAProxy",
            "p99 x HAProxy",
        )
    ]
    for name, mine in results.items():

        def median(field, mine=mine):
            return statistics.median(getattr(one, field) for one in mine)

        proxy = name != "direct"
        rows.append(
            (
                name,
                f"{median('per_s'):.0f}",
                f"{median('p50_ms'):.2f}",
                f"{median('p99_ms'):.2f}",
                f"{median('cpu_us'):.1f}" if proxy else "-",
                ratio(haproxy, mine, lambda one: one.cpu_us) if proxy else "-",
                ratio(naive, mine, lambda one: one.cpu_us) if proxy else "-",
                ratio(mine, haproxy, lambda one: one.per_s),
                ratio(mine, haproxy, lambda one: one.p99_ms),
            )
        )
    table(rows)
    return results


def latency(contenders, given):
    """Bar L5: what a front adds to the median of one connection, over what HAProxy adds."""
    print(f"\nadded latency, 1 connection, {given.rounds} rounds of {given.seconds} s")
    with tempfile.TemporaryDirectory() as folder:
        results = rounds(
            contenders,
            given.rounds,
            lambda one: wrk(one, connections=1, seconds=given.seconds, headers={}, folder=folder),
        )
    rows = [("front", "p50 us", "added us", "added x HAProxy")]
    direct = [one.p50_ms for one in results["direct"]]
    added = {
        name: [one.p50_ms - base for one, base in zip(mine, direct, strict=True)] for name, mine in results.items()
    }
    for name, mine in results.items():
        rows.append(
            (
                name,
                f"{statistics.median(one.p50_ms for one in mine) * 1e3:.0f}",
                f"{statistics.median(added[name]) * 1e3:.0f}",
                ratio(added[name], added.get("haproxy", []), lambda one: one) if name != "direct" else "-",
            )
        )
    table(rows)


def bulk(contenders, given):
    """Bar L7: CPU seconds per GB, and what memory grows meanwhile."""
    size = given.bulk_mb * 1_000_000
    print(f"\nbodies of {given.bulk_mb} MB: CPU s per GB, and growth of memory")
    if not shutil.which("curl"):
        print("  not measured: curl is not installed")
        return
    ways = {
        "upload": ["-T", "-", "-H", f"Content-Length: {size}", "-H", "Transfer-Encoding:", "-X", "POST"],
        "upload chunked": ["-T", "-", "-X", "POST"],
        "download": [],
    }
    rows = [("front", *ways, "grown KiB")]
    for contender in (one for one in contenders if one.pid is not None):
        cells = []
        before_kib = contender.memory_kib()
        for way, flags in ways.items():
            path = f"download?n={size}" if way == "download" else "upload"
            cpu = contender.cpu_s()
            command = [
                "curl",
                "-sf",
                "-o",
                "/dev/null",
                "-H",
                "Expect:",
                *flags,
                f"http://127.0.0.1:{contender.port}/{path}",
            ]
            with subprocess.Popen(
                ["head", "-c", str(size if flags else 0), "/dev/zero"], stdout=subprocess.PIPE
            ) as source:
                subprocess.run(command, stdin=source.stdout, check=True)
            cells.append(f"{(contender.cpu_s() - cpu) / size * 1e9:.2f}")
        rows.append((contender.name, *cells, contender.memory_kib() - before_kib))
    table(rows)


def many_nodes(nodes, given):
    """Bar L8: CPU per request with 2, 10 and 50 nodes configured, relative to 2."""
    print(f"\nnodes configured, 32 connections, {given.rounds} rounds of {given.seconds} s")
    with ExitStack() as stack:
        fronts = [
            stack.enter_context(ours((nodes * count)[:count], name=f"{count} nodes", health_interval_s=60.0))
            for count in (2, 10, 50)
        ]
        with tempfile.TemporaryDirectory() as folder:
            results = rounds(
                fronts,
                given.rounds,
                lambda one: wrk(one, connections=32, seconds=given.seconds, headers={}, folder=folder),
            )
    rows = [("configured", "CPU us/req", "x 2 nodes")]
    for name, mine in results.items():
        cpu = statistics.median(one.cpu_us for one in mine)
        rows.append((name, f"{cpu:.1f}", ratio(mine, results["2 nodes"], lambda one: one.cpu_us)))
    table(rows)


def counted(nodes, given):
    """Bars L9 and memory: connections opened per 10 000 requests, memory at 1 000 idle connections."""
    upstreams = [{"id": f"node-{i}", "host": "127.0.0.1", "port": port} for i, port in enumerate(nodes)]
    with running_balancer(upstreams) as balancer:
        subprocess.run(
            ["wrk", "-t2", "-c32", f"-d{given.seconds}s", f"{balancer.url}/api"], capture_output=True, check=True
        )
        status = balancer.status()
        connects, requests = sum(n["connects"] for n in status["nodes"]), status["requests"]
        print(
            f"\nconnections opened to nodes: {connects} for {requests} requests over 32 client connections (bar: at most 64)"
        )
    with running_balancer(upstreams) as balancer, ExitStack() as stack:
        for _ in range(1000):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", balancer.port)))
            sock.sendall(b"GET /api HTTP/1.1\r\nHost: a\r\n\r\n")
            sock.recv(65536)
        time.sleep(1)
        print(f"memory at 1 000 idle connections: {balancer.memory_kib() / 1024:.1f} MiB (bar: at most 64)")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=4)
    arguments.add_argument("--bulk-mb", type=int, default=400)
    arguments.add_argument("--connections", type=lambda text: [int(one) for one in text.split(",")], default=[32, 128])
    arguments.add_argument("--only", choices=["throughput", "latency", "bulk", "nodes", "counted"])
    given = arguments.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8192)), hard))
    if not shutil.which("wrk"):
        raise SystemExit("not measured: wrk is not installed")
    with ExitStack() as stack:
        nodes = stack.enter_context(running_nodes())
        contenders = []
        for name, front in FRONTS.items():
            if problem := missing(name):
                print(f"{name}: not measured, {problem}")
            else:
                contenders.append(stack.enter_context(front(nodes)))
        if given.only in (None, "throughput"):
            for connections in given.connections:
                throughput(contenders, given, connections=connections, headers={}, title="3 request headers")
            throughput(contenders, given, connections=given.connections[0], headers=BROWSER, title="14 browser headers")
        if given.only in (None, "latency"):
            latency(contenders, given)
        if given.only in (None, "bulk"):
            bulk(contenders, given)
        if given.only in (None, "nodes"):
            many_nodes(nodes, given)
        if given.only in (None, "counted"):
            counted(nodes, given)


if __name__ == "__main__":
    main()
