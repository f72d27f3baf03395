"""The reference pages say what the code says."""

import pytest

from tests.documentation.codes import codes
from tests.documentation.findings import DANGERS, FINDINGS
from tests.documentation.reference import FOLDER, pages

PAGES = pages()


def test_no_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_the_code_makes_it(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name], "run `make reference`, and commit"


def test_every_code_of_a_finding_is_told_once() -> None:
    told = [code for section in FINDINGS.values() for code in section] + list(DANGERS)
    assert sorted(told) == sorted(codes())


def test_codes_are_found_in_all_their_forms() -> None:
    found = codes()
    assert found["outside-reference"] == {"core/verify.py"}  # handed to a function
    assert "core/certificates/check.py" in found["certificate-chain"]  # with a prefix
    assert {"changed-file", "cannot-route", "crd-removed", "not-checked"} <= found.keys()
