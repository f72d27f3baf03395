"""From a commit to running objects: what the cluster comes to is what the bundle says."""

from tests.cluster.chain import Chain
from tests.cluster.site import NAMES


def test_all_images_are_in_the_lock_and_nothing_leaves(chain: Chain) -> None:
    seen = chain.witness.seen()
    lock = chain.desk.lock()
    assert seen <= lock
    assert chain.recorder.reached <= set(NAMES)
