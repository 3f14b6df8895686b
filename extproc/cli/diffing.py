"""The difference of two policies as a table, and as JSON."""

from typing import Any

from rich.console import Console

from extproc.app.diff import Change, Difference
from extproc.model.values import Action


def show(difference: Difference, console: Console) -> None:
    """Print what changed: verdicts as a matrix, matches by rule, lines as examples."""
    total = difference.verdicts.total()
    _say(console, f"{difference.changed} of {total} lines are dealt with differently.")
    if difference.bad:
        _say(console, f"{difference.bad} lines cannot be judged; `extproc scan` says why.")
    _say(console, "\nVerdicts, old in rows, new in columns:")
    actions = [action.value for action in Action]
    _say(console, f"  {'':<8}" + "".join(f"{action:>10}" for action in actions))
    for old in Action:
        counts = [difference.verdicts[Change(old, new)] for new in Action]
        if any(counts):
            _say(console, f"  {old.value:<8}" + "".join(f"{count or '·':>10}" for count in counts))
    if difference.texts:
        same = f"{difference.texts} lines keep their verdict, and other text of them passes."
        _say(console, f"\n{same}")
    rules = sorted({*difference.old_matches, *difference.new_matches})
    if rules:
        width = max(map(len, rules))
        _say(console, f"\n  {'findings by rule':<{max(width, 16)}}{'old':>10}{'new':>10}{'':>10}")
        for rule in rules:
            was, is_now = difference.old_matches[rule], difference.new_matches[rule]
            moved = f"{is_now - was:+}" if is_now != was else ""
            _say(console, f"  {rule:<{max(width, 16)}}{was:>10}{is_now:>10}{moved:>10}")
    for (before, after), examples in sorted(difference.examples.items()):
        kind = f"{before} → {after}" if before is not after else f"{before}, other text"
        lines = ", ".join(str(example.line) for example in examples)
        count = difference.texts if before is after else difference.verdicts[Change(before, after)]
        more = ", …" if count > len(examples) else ""
        _say(console, f"\n{kind}: line {lines}{more}")
        for example in examples:
            if example.text:
                _say(console, f"  {example.line}: {example.text}")


def as_json(difference: Difference) -> dict[str, Any]:
    """The same for programs."""
    return {
        "lines": difference.verdicts.total(),
        "changed": difference.changed,
        "bad": difference.bad,
        "other_text": difference.texts,
        "verdicts": [
            {"old": old.value, "new": new.value, "lines": count}
            for (old, new), count in sorted(difference.verdicts.items())
        ],
        "rules": {
            rule: {"old": difference.old_matches[rule], "new": difference.new_matches[rule]}
            for rule in sorted({*difference.old_matches, *difference.new_matches})
        },
        "examples": [
            {
                "old": old.value,
                "new": new.value,
                "lines": [example.line for example in examples],
            }
            for (old, new), examples in sorted(difference.examples.items())
        ],
    }


def _say(console: Console, line: str) -> None:
    console.print(line.rstrip(), markup=False, soft_wrap=True)
