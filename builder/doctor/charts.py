"""The repositories that charts are fetched from, in the cluster."""

import hashlib

from builder.build import Build
from builder.core.checks import Check, failed, skipped
from builder.core.errors import SealiftError
from builder.core.hosts import is_inside, of_url
from builder.core.lock import LockedChart
from builder.mirror.charts import open_store
from builder.parallel import each
from builder.registries import Registries
from builder.tools import charts as repositories
from builder.tools.charts import Login


def check(built: Build, registries: Registries, login: Login, jobs: int) -> list[Check]:
    """Look whether each chart is there by the digest of the lock.

    From an HTTP repository the archive is fetched: helm does not hold it against the index, so
    what the index says proves nothing.
    """
    wanted = [chart for chart in built.lock.charts if chart.repository]
    if not wanted:
        return [skipped("charts", "charts", "the cluster fetches none")]

    hosts = built.overlay.environment.hosts

    def one(chart: LockedChart) -> Check:
        if not is_inside(of_url(chart.repository), hosts):
            why = f"{chart.repository} is outside the network: the build says whether it is allowed"
            return skipped("charts", _title(chart), why)
        try:
            return _compared(chart, _there(chart, registries, login))
        except SealiftError as error:
            return failed("charts", _title(chart), error)

    return [check for _, check in each(one, wanted, jobs, _title, what="looking for charts")[0]]


def _there(chart: LockedChart, registries: Registries, login: Login) -> str | None:
    if chart.repository.startswith("oci://"):
        store = open_store(chart.repository, registries, login, url=None)
        return store.digest(chart.name, chart.version) if store else None
    data = repositories.fetch(chart.repository, chart.name, chart.version, login)
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _compared(chart: LockedChart, there: str | None) -> Check:
    if there == chart.sha256:
        detail = f"{chart.repository} has it as locked"
        return Check(group="charts", subject=_title(chart), state="ok", detail=detail)
    detail = f"{chart.repository} does not have it"
    hint = "bring it there with `sealift mirror copy`"
    if there is not None:
        detail = f"{chart.repository} has it as {there or 'an unknown archive'}, "
        detail += f"the lock has {chart.sha256}"
        hint = "find out who replaced it; `sealift mirror copy --replace` puts the locked one there"
    return Check(group="charts", subject=_title(chart), state="failure", detail=detail, hint=hint)


def _title(chart: LockedChart) -> str:
    return f"{chart.name}-{chart.version}"
