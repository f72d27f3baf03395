import pytest

from builder.core import subcharts

CONDITIONS = {("front",): "front.enabled", ("front", "leaf"): "front.leaf.enabled"}


@pytest.mark.parametrize(
    ("template", "prefix", "condition"),
    [
        ("app/templates/web.yaml", (), None),
        ("app/charts/front/templates/web.yaml", ("front",), "front.enabled"),
        ("app/charts/front/charts/leaf/templates/b.yaml", ("front", "leaf"), "front.leaf.enabled"),
        ("app/charts/front/charts/other/templates/b.yaml", ("front", "other"), "front.enabled"),
        ("app/charts/back/templates/b.yaml", ("back",), None),
        ("", (), None),
    ],
)  # fmt: skip
def test_where_a_template_has_its_values(
    template: str, prefix: tuple[str, ...], condition: str | None
) -> None:
    assert subcharts.prefix(template) == prefix
    assert subcharts.condition(CONDITIONS, template) == condition
