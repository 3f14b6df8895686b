"""E-mail addresses."""

from extproc.detectors.recognizer import Recognizer, Span

_MAX_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1

# What follows an @ and a point in code, and is no top-level domain: `logo@2x.png`, `a@b.dot`.
_FILES = (
    "png jpg jpeg gif svg webp ico bmp css scss less js mjs cjs jsx ts tsx json html htm xml yaml "
    "yml txt pdf csv lock log conf cfg ini toml service socket timer target mount dot transpose "
    "setter getter deleter reshape shape sum mean values"
)
# Top-level domains of more than two letters that addresses are in; others may be anything.
_LONG = (
    "com net org edu gov mil int info biz name pro aero coop museum jobs mobi travel cat tel asia "
    "post xxx arpa example test invalid app dev online site shop store tech cloud email xyz top "
    "club live life world today agency digital media group company consulting solutions services "
    "systems network software academy university health care clinic hospital dental legal law "
    "bank finance insurance capital money studio design art music video news blog press space "
    "website page link global international center city london berlin paris tokyo nyc"
)
_FILES_AND_MEMBERS, _DOMAINS = frozenset(_FILES.split()), frozenset(_LONG.split())
_NOT_PEOPLE = frozenset(("git", "hg", "svn"))  # `git@github.com:owner/name` names a repository


def _email(candidate: str) -> Span | None:
    """What stands before the @ may be long, quoted, empty, or the credentials of a URL."""
    candidate = candidate.removesuffix("_")
    at = candidate.rindex("@")
    local, domain = candidate[:at], candidate[at + 1 :]
    if "://" in local or ".." in domain or domain[0] in ".-":
        return None
    start = 0 if local.startswith('"') else _local_start(local)
    if start == at or local[start:].lower() in _NOT_PEOPLE or local.endswith("."):
        return None
    top = domain.rpartition(".")[2].lower()
    if top in _FILES_AND_MEMBERS:
        return None
    known = len(top) == 2 or top in _DOMAINS
    return Span(start, len(candidate), 0.95 if known else 0.6)


def _local_start(local: str) -> int:
    """Where the local part begins in a run of characters that may stand in one."""
    start = max(0, len(local) - _MAX_LOCAL_PART)
    while start < len(local) and not local[start].isalnum():
        start += 1
    return start


# A word ends with it: of `logo@2x.png` no part is an address.
_AT_DOMAIN = r"@(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,24}(?:\b|_)"


RECOGNIZERS = (
    Recognizer(
        type="email_address",
        family="pii",
        patterns=(
            rf"[A-Za-z0-9._%+'\-]*(?:://[^\s/@\"'<>]*)?{_AT_DOMAIN}",
            rf"\"[A-Za-z0-9 ._+'()\-]{{1,64}}\"{_AT_DOMAIN}",
        ),
        longest=320,
        refine=_email,
        whole_word=False,  # the pattern takes every character an address may begin with
        needs="@",
        examples=(
            "write to jane.doe+x@mail.example.co.uk today",
            "<a@b.io>",
            "JANE@EXAMPLE.COM",
            "mailto:o'brien@example.org?subject=x",
            "'jane@example.com'",
            '"jane doe"@example.com',
            "antonio.pérez72@gmail.com",
            "联系jane@example.cn吧",
            "ask jane@bücher.example.",
        ),
        near_misses=(
            "see @jane on example.com",
            "a@b",
            "x@y..com",
            "logo@2x.png",
            "npm i @scope/x.js",
            "git@github.com:owner/name.git",
            "postgres://app:hunter2@db.example.com/x",
            "ftp://jane@files.example.com",
        ),
    ),
)
