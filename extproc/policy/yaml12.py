"""YAML as its authors mean it: only true and false are booleans, as in YAML 1.2.

PyYAML follows YAML 1.1, in which the field name `on` would be the value true.
"""

import re
from typing import Any

import yaml


class Loader(yaml.SafeLoader):
    """SafeLoader without the words yes, no, on and off."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF")
)


def parse(text: str) -> Any:
    """The value of one YAML document of our own; see `source` for files of users."""
    return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
