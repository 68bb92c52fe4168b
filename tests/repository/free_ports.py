"""Print N free ports of 127.0.0.1 on one line, all different: `python -m tests.repository.free_ports 2`.

A port can be taken between this answer and its use; whoever starts a server on it fails clearly then and asks again.
"""
import socket
import sys
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """`count` different free ports, held together until all are known."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


if __name__ == "__main__":
    print(*free_ports(int(sys.argv[1])))
