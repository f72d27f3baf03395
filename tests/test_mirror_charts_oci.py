"""Charts in an OCI registry that holds something else."""

import pytest

from builder.mirror.charts import Oci
from builder.registries import Registries
from builder.tools.registry import MANIFEST, RegistryError
from tests.tools.test_registry_answers import answering


@pytest.mark.parametrize("body", [b"[1]", b"no JSON", b'{"layers": 5}', b'{"layers": [5]}'])
def test_what_is_no_chart_is_an_error_of_the_registry(body: bytes) -> None:
    with (
        answering(lambda _: (200, {"Content-Type": MANIFEST}, body)) as host,
        Registries("r.example.com", plain_http=(host,)) as registries,
        pytest.raises(RegistryError, match="has a manifest of app 1"),
    ):
        Oci(f"oci://{host}/charts", registries).digest("app", "1.0.0")
