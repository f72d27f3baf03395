"""A TCP proxy on this machine with the latency, and the bandwidth, of a far one."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Slow:
    """A running proxy: its address, how many connections it had, and the bytes that came back."""

    host: str = ""
    connections: int = 0
    received: int = 0
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)


@contextmanager
def slow(target: str, *, latency: float = 0.0, rate: float | None = None) -> Iterator[Slow]:
    """Forward to ``host:port``: each piece later by half of ``latency``, in both directions.

    Latency is in seconds a round trip, ``rate`` in bytes a second from the target.
    """
    proxy, ready, loop = Slow(), threading.Event(), asyncio.new_event_loop()
    stopping = asyncio.Event()
    address, _, port = target.partition(":")

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.connections += 1
        there_reader, there_writer = await asyncio.open_connection(address, int(port))
        both = (_pump(reader, there_writer, latency / 2, None, proxy),
                _pump(there_reader, writer, latency / 2, rate, proxy))  # fmt: skip
        task = asyncio.current_task()
        assert task is not None
        proxy.tasks.add(task)
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*both, return_exceptions=True)
        proxy.tasks.discard(task)

    async def serve() -> None:
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        proxy.host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        async with server:
            await stopping.wait()
            for task in list(proxy.tasks):
                task.cancel()
            await asyncio.gather(*proxy.tasks, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    delay: float,
    rate: float | None,
    proxy: Slow,
) -> None:
    """Move bytes one way: what arrives is sent ``delay`` later, while more may arrive."""
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    clock = asyncio.get_running_loop()

    async def send() -> None:
        while True:
            due, piece = await queue.get()
            await asyncio.sleep(max(0.0, due - clock.time()))
            if not piece:
                break
            writer.write(piece)
            await writer.drain()

    sender = asyncio.create_task(send())
    try:
        while piece := await reader.read(16384):
            if rate is not None:
                proxy.received += len(piece)
                await asyncio.sleep(len(piece) / rate)
            queue.put_nowait((clock.time() + delay, piece))
        queue.put_nowait((clock.time() + delay, b""))
        await sender
    finally:
        sender.cancel()
        with suppress(OSError):
            writer.close()
