"""Keys and tokens known by letters within them, and URLs that let whoever knows them post."""

from extproc.detectors.recognizer import Recognizer, Span
from extproc.detectors.secrets.formats import is_picture

_SURE = 0.95
_UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"


def _not_a_picture(candidate: str) -> Span | None:
    return None if is_picture(candidate) else Span(0, len(candidate), _SURE)


def _marked(
    type_: str, pattern: str, example: str, near_miss: str, longest: int = 128
) -> Recognizer:
    return Recognizer(
        type=type_,
        family="secrets",
        patterns=(pattern,),
        longest=longest,
        refine=_not_a_picture,
        examples=(example,),
        near_misses=(near_miss,),
    )


_HOOKS = (
    r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Z][A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9/]{16,}",
    r"discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]{16,20}/[A-Za-z0-9_\-]{50,}",
    r"office(?:365)?\.com/webhook(?:b2)?/[0-9a-zA-Z\-]+@[0-9a-zA-Z\-]+/[A-Za-z]+/[A-Za-z0-9]+/[A-Za-z0-9\-]+",
    r"hooks\.zapier\.com/hooks/catch/[A-Za-z0-9]+/?[A-Za-z0-9]+",
    r"tines\.com/webhook/[A-Za-z0-9]{32}/[A-Za-z0-9]{32}",
    rf"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/(?:v2/)?hook/{_UUID}",
    rf"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key={_UUID}",
    r"maker\.ifttt\.com/trigger/[A-Za-z0-9_\-{}]+/(?:json/)?with/key/[A-Za-z0-9_\-]{20,}",
)

RECOGNIZERS = (
    Recognizer(
        type="webhook_url",
        family="secrets",
        patterns=_HOOKS,
        longest=400,
        refine=_not_a_picture,
        examples=(
            "https://hooks.slack.com/services/T024TTTTT/BBB72BBL/AZAAA9u0pA4ad666eMgbi555",
            "https://discord.com/api/webhooks/123456789012345678/" + "aB3_" * 17,
        ),
        near_misses=(
            "hooks.slack.com/services/help",
            "https://hooks.slack.com/services/TXXXXXXXX/BXXXXXXXX/XXXXXXXXXXXXXXXXXXXXXXXX",
        ),
    ),
    Recognizer(
        type="sentry_dsn",
        family="secrets",
        patterns=(r"//[0-9a-f]{32}(?::[0-9a-f]{32})?@[a-z0-9.\-]+/[0-9]+",),
        longest=200,
        refine=_not_a_picture,
        examples=("https://4f9a1c0b2f9a4c0b8f9a1c0b2f9a1c0b@o123.ingest.sentry.io/4505",),
        near_misses=("https://public@sentry.io/1",),
    ),
    _marked(
        "azure_client_secret",
        r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,34}",
        "client_secret=bP88Q~rcBcYjzzOhg1Hnn76Wm3jGgakZiZ.8vMgR",
        "abc8Q~tooshort",
    ),
    _marked(
        "azure_key",
        r"[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{27}",
        "6RtqHqPc66Y6DYbkydbrrFJTYnRoA7r40ts7LWS2SkINSFsRABxhJQQJ99BFACAAAAALGcqjAAASAZDO3eqU",
        "JQQJ99BFACAAAAALGcqjAAASAZDO3eqU",
    ),
    _marked(
        "terraform_token",
        r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_\-]{60,70}",
        "abcdef12345678.atlasv1." + "aBcDeF1234567890" * 4,
        "abcdef12345678.atlasv1.short",
    ),
    _marked(
        "telegram_bot_token",
        r"[0-9]{8,10}:AA[A-Za-z0-9_\-]{32,33}",
        "4839574813:AAFD39kkdpWt3ywyRZergyOLMaJhac61qc",
        "4839574813:AAFD39",
    ),
    _marked(
        "mailchimp_key",
        r"[0-9a-f]{32}-us[0-9]{1,2}",
        "MAILCHIMP_API='bd3777708aecfee66c5335f62a6246a4-us13'",
        "bd3777708aecfee66c5335f62a6246a4-usa",
    ),
    _marked(
        "maxmind_key",
        r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk",
        "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",
        "XYZ123_mmk",
    ),
    _marked(
        "newrelic_key",
        r"[0-9a-f]{32,36}(?:FFFF)?NRAL",
        "license_key: 033f2f2072ca3f2cb2ec39024fa9e49cd640NRAL",
        "GENERAL",
    ),
    _marked(
        "facebook_token",
        r"[0-9]{13,16}\|[A-Za-z0-9_\-]{27}",
        '"facebook access_token":"911602140448729|AY-lRJZq9BoDLobvAiP25L7RcMg"',
        "| 911602140448729 | total |",
    ),
)
