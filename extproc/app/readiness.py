"""Readiness of several workers together."""

from collections.abc import Mapping, Sequence

from extproc.admin.app import Check

_SERVING = "serving"


def serving(reports: Mapping[int, Sequence[Check]]) -> list[int]:
    """The workers that take exchanges."""
    return [
        worker
        for worker, checks in reports.items()
        if any(check.name == _SERVING and check.passed for check in checks)
    ]


def together(
    reports: Mapping[int, Sequence[Check]], workers: int, *, draining: bool
) -> list[Check]:
    """The checks of the whole: somebody takes exchanges, and whoever does is in order.

    A worker that is not there takes none, since Envoy goes to the others. One that is there and
    fails a check would be asked, and let pass what the check is about.
    """
    taking = serving(reports)
    names = dict.fromkeys(check.name for worker in taking for check in reports[worker])
    checks = [_joined(name, {worker: reports[worker] for worker in taking}) for name in names]
    detail = "draining" if draining else f"{len(taking)} of {workers} workers"
    here = Check(_SERVING, bool(taking) and not draining, detail)
    return [*(check for check in checks if check.name != _SERVING), here]


def _joined(name: str, reports: Mapping[int, Sequence[Check]]) -> Check:
    found = {
        worker: check
        for worker, checks in reports.items()
        for check in checks
        if check.name == name
    }
    details = {check.detail for check in found.values()}
    if len(details) > 1:
        details = {"; ".join(f"worker {worker}: {check.detail}" for worker, check in found.items())}
    return Check(name, all(check.passed for check in found.values()), details.pop())
