"""A port that stays ours while nobody listens on it."""

import asyncio
import socket

import pytest

from compose.cluster.ports import LOOPBACK, PortReservation, require_free
from shared.errors import OperatorError
from shared.serving import listen


def connect(port: int) -> None:
    socket.create_connection((LOOPBACK, port), timeout=5).close()


def test_nobody_answers_on_a_reserved_port():
    """Connecting to a program that is down is refused at once."""
    with PortReservation() as reservation, pytest.raises(ConnectionRefusedError):
        connect(reservation.port)


def test_a_program_listens_on_its_reserved_port_again_and_again():
    """A restarted program comes back on the port it had, and between two lives connections are refused."""
    with PortReservation() as reservation:
        for _ in range(3):
            with listen(LOOPBACK, reservation.port, reuse_port=True) as server:
                server.listen()
                connect(reservation.port)
            with pytest.raises(ConnectionRefusedError):
                connect(reservation.port)


def test_a_server_that_only_knows_reuse_address_gets_the_port_too():
    """Postgres and Valkey set SO_REUSEADDR and nothing else."""
    with PortReservation() as reservation:
        reservation.hand_over()
        with listen(LOOPBACK, reservation.port) as server:
            server.listen()
            connect(reservation.port)


def test_the_system_gives_a_reserved_port_to_nobody_else():
    """However many ports are asked for, none is ours."""
    with PortReservation() as reservation:
        others = [PortReservation() for _ in range(200)]
        assert reservation.port not in {other.port for other in others}
        for other in others:
            other.close()


@pytest.mark.parametrize("reuse_port", [False, True])
def test_a_port_in_use_is_refused(reuse_port):
    """Also when whoever uses it would be willing to share it."""
    with listen(LOOPBACK, 0, reuse_port=reuse_port) as server:
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(OperatorError, match=f"port {port} on 127.0.0.1 cannot be had"):
            PortReservation(port)
        with pytest.raises(OperatorError):
            require_free(port)


def test_a_reserved_port_counts_as_in_use():
    """Two clusters cannot be given the same port, even if neither listens yet."""
    with PortReservation() as reservation, pytest.raises(OperatorError):
        PortReservation(reservation.port).close()


async def test_a_port_is_free_again_right_after_its_server_had_clients():
    """Connections that are still fading away do not make a port look used."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    await reader.read()
    writer.close()
    server.close()
    await server.wait_closed()

    require_free(port)
