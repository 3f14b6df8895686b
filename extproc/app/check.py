"""`extproc check`: one file, policy or settings, by what it says it is."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from extproc.app.settings import Settings, check_settings
from extproc.detectors.catalog import TYPES
from extproc.guardrail.entities import problems_of
from extproc.guardrail.guardrail import Guardrail
from extproc.policy.comparison import laxer
from extproc.policy.document import ENVIRONMENTS, Environment
from extproc.policy.load import load_policies
from extproc.policy.policy import Policy
from extproc.policy.source import FileProblemsError, read_documents
from extproc.redaction.operators import Redactor


def check_file(path: Path) -> str:
    """Validate a file and say what it holds. Raises InputError with every mistake."""
    if _is_settings(path):
        check_settings(path)
        return "settings, valid"
    loaded = {env: load_policies(path, TYPES, problems_of, env) for env in ENVIRONMENTS}
    policies = loaded["production"]
    for policy in policies:
        Guardrail(policy, Redactor(b""))  # patterns compile
    warnings = [text for policy in policies for text in slow_warnings(policy)]
    warnings += _laxer(loaded)
    said = "valid: " + ", ".join(f"{p.name} ({len(p.rules)} rules)" for p in policies)
    return said + "".join(f"\n{path}: warning: {text}" for text in warnings)


def _laxer(loaded: dict[Environment, list[Policy]]) -> Iterator[str]:
    """Where an environment holds less strictly than the one that comes before it."""
    for earlier, later in pairwise(ENVIRONMENTS):
        for one, other in zip(loaded[earlier], loaded[later], strict=True):
            for difference in laxer(one, other):
                yield f"{other.name}: {later} is laxer than {earlier}: {difference}"


def slow_warnings(policy: Policy) -> list[str]:
    """What an author may not expect of slow detectors."""
    named = frozenset[str]().union(*(active.types for active in policy.rules))
    return [
        f"no rule names what detector {each.name} finds, so it is not asked"
        for each in policy.detectors
        if named.isdisjoint(each.types)
    ]


def _is_settings(path: Path) -> bool:
    """A file is taken for settings when it has a setting's name at its top level."""
    try:
        documents = read_documents(path)
    except FileProblemsError:
        return False  # the policy loader says the same
    value = documents[0].value if documents else None
    names = set(value) if isinstance(value, dict) else set()
    return bool(names & set(Settings.model_fields)) and "kind" not in names
