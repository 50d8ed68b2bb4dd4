"""Every check obeys every law."""

from __future__ import annotations

import pytest

from tearless.core.check import Check
from tearless.core.laws import Law
from tearless.testing import LAWS, checks, obey


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("check", checks(), ids=lambda check: check.path)
def test_law(check: Check, law: Law) -> None:
    obey(check, law)
