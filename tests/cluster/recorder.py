"""Which hosts anything in the namespace tried to reach: names that were asked for, and addresses.

A DNS server (RFC 1035) knows the names that it is given, and denies all others. A tap on loopback
sees what goes to addresses outside 127.0.0.0/8, which the namespace's routes bring there.
"""

import ctypes
import ipaddress
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.cluster.namespace import RESOLVER

_A, _AAAA = 1, 28
_NOT_FOUND = 3
_ATTACH_FILTER = 26  # SO_ATTACH_FILTER, asm-generic/socket.h
_ALL_PROTOCOLS = 0x0003
# Classic BPF: operation, jump when true, jump when false, value.
_LOAD_BYTE, _LOAD_WORD, _AND, _EQUAL, _RETURN = 0x30, 0x20, 0x54, 0x15, 0x06
_KEEP, _DROP = 64, 0
_FILTER = [
    (_LOAD_BYTE, 0, 0, 0),
    (_AND, 0, 0, 0xF0),
    (_EQUAL, 0, 3, 0x40),
    (_LOAD_BYTE, 0, 0, 16),
    (_EQUAL, 10, 0, 127),
    (_RETURN, 0, 0, _KEEP),
    (_EQUAL, 0, 8, 0x60),
    # Of IPv6, what is not for ::1 (to ff02::... the kernel itself speaks).
    (_LOAD_WORD, 0, 0, 24),
    (_AND, 0, 0, 0xFF000000),
    (_EQUAL, 5, 0, 0xFF000000),
    (_LOAD_WORD, 0, 0, 24),
    (_EQUAL, 0, 2, 0),
    (_LOAD_WORD, 0, 0, 36),
    (_EQUAL, 1, 0, 1),
    (_RETURN, 0, 0, _KEEP),
    (_RETURN, 0, 0, _DROP),
]


@dataclass
class Recorder:
    """What was asked for; ``names`` is what the server knows, and tests may change it.

    ``outside`` has what was tried beyond those names, whatever was forgotten meanwhile.
    """

    names: dict[str, str]
    asked: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)

    @property
    def reached(self) -> set[str]:
        """Every host that anything tried to reach since the last :meth:`forget`."""
        return self.asked | self.addresses

    def forget(self) -> None:
        """Begin anew."""
        self.asked.clear()
        self.addresses.clear()

    def answer(self, query: bytes) -> bytes:
        """The answer to a DNS query of one question."""
        name, end = _question(query)
        (kind,) = struct.unpack_from("!H", query, end)
        self.asked.add(name)
        address = self.names.get(name)
        if address is None:
            self.outside.add(name)
        code = _NOT_FOUND if address is None else 0
        given = address is not None and kind == _A
        head = query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, int(given), 0, 0)
        answer = head + query[12 : end + 4]
        if given and address is not None:
            answer += struct.pack("!HHHIH", 0xC00C, _A, 1, 0, 4) + socket.inet_aton(address)
        return answer


@contextmanager
def recording(names: dict[str, str]) -> Iterator[Recorder]:
    """Answer for these names (to IPv4 addresses) and record, until the block ends."""
    recorder = Recorder(names)
    closing, end = socket.socketpair()
    with closing, end, _dns_socket() as server, _tap() as tap:
        thread = threading.Thread(target=_serve, args=(recorder, server, tap, end), daemon=True)
        thread.start()
        try:
            yield recorder
        finally:
            closing.send(b"x")
            thread.join()


def _serve(
    recorder: Recorder, server: socket.socket, tap: socket.socket, end: socket.socket
) -> None:
    while True:
        ready, _, _ = select.select([server, tap, end], [], [])
        if end in ready:
            return
        if tap in ready:
            address = _destination(tap.recv(64))
            recorder.addresses.add(address)
            recorder.outside.add(address)
        if server in ready:
            query, client = server.recvfrom(4096)
            server.sendto(recorder.answer(query), client)


def _question(query: bytes) -> tuple[str, int]:
    """The name that is asked for, and where what follows it begins."""
    labels, at = [], 12
    while length := query[at]:
        labels.append(query[at + 1 : at + 1 + length].decode("ascii", "replace"))
        at += 1 + length
    return ".".join(labels).lower(), at + 1


def _destination(packet: bytes) -> str:
    kept = packet[16:20] if packet[0] >> 4 == 4 else packet[24:40]
    return str(ipaddress.ip_address(kept))


def _dns_socket() -> socket.socket:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((RESOLVER, 53))
    return server


def _tap() -> socket.socket:
    """A socket that gets the packets whose destination is not on loopback, and no others.

    Loopback carries all that the parts say to each other: the kernel has to do the choosing.
    """
    program = b"".join(struct.pack("HBBI", *line) for line in _FILTER)
    code = ctypes.create_string_buffer(program)
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
    length = len(_FILTER)
    tap.setsockopt(
        socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", length, ctypes.addressof(code))
    )
    tap.bind(("lo", _ALL_PROTOCOLS))
    return tap
