"""Each incident fails as it is told, is named by its check, and the mended run is silent about it."""

from __future__ import annotations

import re

import pytest

from tearless.core import Severity
from tearless.core.catalogue import find
from tearless.core.check import placeholders
from tearless.guide.curriculum import ORDER
from tearless.guide.replays.all import INCIDENTS, run
from tearless.guide.replays.replay import Incident

every_incident = pytest.mark.parametrize("incident", INCIDENTS, ids=lambda incident: incident.name)


@every_incident
def test_the_check_names_the_cause_first_and_the_mended_run_has_no_warning(incident: Incident) -> None:
    found = run(incident.name)
    told = [f.name for f in found.broken.report.findings if f.because is None and f.severity is not Severity.note]
    assert told[0] == incident.check
    assert not found.mended.report.at_least("warning")


@every_incident
def test_every_number_of_the_story_is_computed(incident: Incident) -> None:
    fields = run(incident.name).fields
    for text in (incident.story, incident.mend, incident.moral):
        assert placeholders(text) <= set(fields)
        assert not re.search(r"\d", re.sub(r"\{[^{}]*\}", "", text))


@every_incident
def test_it_names_a_check_and_a_lesson_that_are_there(incident: Incident) -> None:
    assert find(incident.check)
    assert incident.lesson in ORDER
    assert run(incident.name).broken.pictures
