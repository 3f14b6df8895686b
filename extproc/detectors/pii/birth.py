"""Dates of birth: a date and the word that says so."""

import re
from collections.abc import Iterator

from extproc.detectors.dates import find_date
from extproc.detectors.labels import Labelled
from extproc.detectors.recognizer import Recognizer, Span

# Labels of forms, keys and columns; only the date can follow.
_LABELS = (
    *("dob", "d.o.b.", "patient dob", "member dob", "user dob", "date of birth", "birth date"),
    *("birthday", "date birth", "birth day", "bday", "b-day", "birth dt", "dt of birth"),
    *("geburtsdatum", "geburtstag", "geb.datum", "date de naissance", "date naissance"),
    *("fecha de nacimiento", "fecha nacimiento", "f. nacimiento", "data di nascita"),
    *("data nascita", "data de nascimento", "data nascimento", "geboortedatum", "fødselsdato"),
    *("fødselsdag", "födelsedatum", "syntymäaika", "data urodzenia", "datum narození"),
    *("dátum narodenia", "datum rođenja", "datum rojstva", "data nașterii", "születési idő"),
    *("születési dátum", "doğum tarihi", "tanggal lahir", "tarikh lahir", "ngày sinh"),
    *("дата рождения", "дата народження", "дата на раждане", "ημερομηνία γέννησης"),
    *(
        "sünniaeg",
        "gimimo data",
        "dzimšanas datums",
        "生年月日",
        "出生日期",
        "出生年月",
        "생년월일",
    ),
    *("วันเกิด", "تاريخ الميلاد", "תאריך לידה", "जन्म तिथि", "kaarawan"),
)
# Verbs of sentences, where places and people may stand in between.
_VERBS = (
    *("born", "birthdate", "geboren", "geb.", "né le", "née le", "né(e) le", "nacido", "nacida"),
    *("(b.", "nací", "nació", "nato il", "nata il", "nascido", "nascida", "nasceu", "nasci"),
    *("urodzony", "urodzona", "ur.", "narozen", "narozena", "rojen", "rođen", "rođena"),
    *("född", "født", "syntynyt", "született", "doğumlu", "родился", "родилась", "lahir"),
)

# Another date is meant, or another sentence has begun.
_OTHER = re.compile(
    r"\b(?:expir\w*|issue[ds]?|hire[ds]?|start\w*|admi\w+|discharge\w*|die[ds]?|death|dead|since"
    r"|employ\w*|effective|visit\w*|appointment|updated?|created?|due|order\w*|married|moved"
    r"|joined|graduat\w+|seen|until|version|founded"
    r"|weigh\w*|merger|out of|reviewed|verified on|marriage|wedding)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?;]\s+[A-Z]")
_ANSWER = re.compile(r"[.!?]\s+(?:It|It's|My|User|Customer|Client|Patient|That|A|Answer)\b")
_NEW_LINES = re.compile(r"\n\s*\n")
_FARTHEST = 60  # characters between a label and its date


def _of_birth(_label: str, text: str) -> Iterator[Span]:
    """The date behind the label, if what stands between says nothing else."""
    date = find_date(text)
    if date is None or date.start > _FARTHEST:
        return
    between = text[: date.start]
    broken = _SENTENCE_END.search(between) and not _ANSWER.search(between)
    if not (broken or _OTHER.search(between) or _NEW_LINES.search(between)):
        yield Span(date.start, date.end, 0.9)


_NUMERIC = r"[0-9]{1,4}[/.\-][0-9]{1,2}[/.\-][0-9]{1,4}"
_BEHIND = (
    r"[ (,]+(?:is |as |was )?(?:my |his |her |their |the |your )?(?:dob|date of birth|birth ?da)"
)


def _date_before(candidate: str) -> Span | None:
    date = find_date(candidate)
    return Span(date.start, date.end, 0.8) if date and date.start == 0 else None


LABELLED = (
    Labelled(
        types=("date_of_birth",),
        labels=(*_LABELS, *_VERBS),
        read=_of_birth,
        examples=(
            "DOB: 03/04/1980",
            '{"date_of_birth": "1980-03-04"}',
            '{"dateOfBirth":"1980-03-04T00:00:00Z"}',
            "Patient Steven Lewis (DOB: 1986-05-25, MRN: 1002236)",
            '<patient name="Michelle" dob="1974-04-12">',
            "| Date of Birth | 4 March 1980 |",
            "She was born in Boston, Massachusetts on March 4, 1980.",
            "Please tell me your date of birth. It's 2/16/1962",
            "Geburtsdatum: 04.03.1980",
            "geboren am 4. März 1980 in Köln",
            "née le 4 mars 1980 à Lyon",
            "nacido el 4 de marzo de 1980",
            "data di nascita: 04/03/1980",
            "生年月日:1980年3月4日",
            "дата рождения: 04.03.1980",
            "<td>DOB</td><td>04-MAR-1980</td>",
            "birthday is 19800304",
        ),
        near_misses=(
            "The idea was born on the beach in 2007.",
            "born 1980",
            "Order date: 03/04/1980",
            "DOB: unknown. Visit on 03/04/2020",
            "born in Paris and hired 2020-03-01",
            "DOB: 13/13/1980",
            "dob 1.2.3",
        ),
    ),
)

RECOGNIZERS = (
    Recognizer(
        type="date_of_birth",
        family="pii",
        patterns=(_NUMERIC + _BEHIND,),
        longest=40,
        refine=_date_before,
        whole_word=False,
        caseless=True,
        examples=("03/04/1980 is my birthday", "1980-03-04 (DOB)"),
        near_misses=("on 03/04/1980 she left", "10.2.20 is the version"),
    ),
)
