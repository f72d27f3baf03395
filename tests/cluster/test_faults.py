"""Programs that die at any moment, while others publish: at the end all is as it was published."""

import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.cluster.chain import Chain
from tests.cluster.desk import level
from tests.cluster.patience import eventually
from tests.cluster.witness import containers
from tests.servers.process import Process

_SECONDS = 60.0
_PUBLISHES = 20
_SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: faults, namespace: wandb}
data: {number: "NUMBER"}
"""


def test_at_the_end_the_cluster_is_the_last_commit(chain: Chain) -> None:
    desk = chain.desk
    forge = desk.site.forge.process
    assert forge is not None
    victims = [*chain.server.processes, *chain.engine.processes, chain.operator, forge]
    started = time.monotonic()
    with dying(victims, _SECONDS) as deaths:
        for number in range(_PUBLISHES):
            text = _SETTINGS.replace("NUMBER", str(number))
            desk.overlay({"faults.yaml": text}, patches=level(str(number)))
            desk.run("airgap", desk.environment)
            eventually(lambda: _published(chain), "a publish gets through")
            pause = started + _SECONDS * (number + 1) / _PUBLISHES - time.monotonic()
            time.sleep(max(0.0, pause))
    assert set(deaths) == {victim.name for victim in victims}
    eventually(lambda: desk.site.forge.ready, "the forge is there again")
    chain.settle(desk.head)
    for wanted in desk.published():
        metadata = wanted["metadata"]
        live = chain.api.get(
            wanted["apiVersion"], wanted["kind"], metadata["name"], metadata.get("namespace", "")
        )
        assert live is not None, wanted
        assert contains(live, wanted), (live, wanted)
    last = chain.api.get("v1", "ConfigMap", "faults", "wandb")
    assert last is not None
    assert last["data"] == {"number": str(_PUBLISHES - 1)}
    assert _levels(chain) == {str(_PUBLISHES - 1)}
    eventually(lambda: chain.witness.standing() <= desk.lock(), "what runs is in the lock")
    desk.overlay()
    chain.deliver()


def _levels(chain: Chain) -> set[str]:
    """What the operator has made of the variable that each publish changes."""
    return {
        entry["value"]
        for body in chain.api.list("apps/v1", "Deployment")
        for container in containers(body)
        for entry in container.get("env") or ()
        if entry["name"] == "LEVEL"
    }


def _published(chain: Chain) -> bool:
    """Publish; a forge that is dead just now is a failure of an outside service, and told so."""
    result = chain.desk.sealift("publish", chain.desk.environment)
    assert result.code in (0, 3), result
    assert "Traceback" not in result.err
    return result.code == 0


@contextmanager
def dying(victims: list[Process], seconds: float) -> Iterator[list[str]]:
    """Kill the programs at random, and start each again, for a time; yields who has died."""
    deadline = time.monotonic() + seconds
    ended = threading.Event()
    deaths: list[str] = []
    # The first round takes each once, so that none is spared by chance.
    order = random.sample(victims, len(victims))

    def kill() -> None:
        while not ended.wait(random.uniform(0.5, 3.0)) and time.monotonic() < deadline:
            victim = order.pop() if order else random.choice(victims)
            victim.kill()
            deaths.append(victim.name)
            ended.wait(random.uniform(0.0, 1.5))
            victim.start()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield deaths
    finally:
        ended.set()
        thread.join()
        for victim in victims:
            if not victim.alive:
                victim.start()


def contains(live: Any, wanted: Any) -> bool:
    """Whether an object has all that was wanted; servers add defaults."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(
            value in (None, [], {}) or (key in live and contains(live[key], value))
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(live, list) and len(live) == len(wanted) and all(map(contains, live, wanted))
        )
    return bool(live == wanted)
