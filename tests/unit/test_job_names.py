"""The record room's page names every job in words."""

from torni.tower.jobs import jobs
from torni.web.views.room_health import job_name


def test_every_job_has_a_name_in_words():
    assert {"measure", "verify", "watch", "mean"} <= set(jobs.tasks)
    assert [name for name in jobs.tasks if job_name(name) == name] == []
