"""How a column of any type becomes a value of a kind of ours, in SQL, and what is wrong with it.

Knows nothing of tables: one column, one kind. Everything passes through text, so that there is one
rule for a kind whether it came from CSV, JSON or Parquet.
"""

from __future__ import annotations

from features.money import DIGITS
from features.schema import EARLIEST_US, LATEST_US, MAX_TEXT, Column, Kind
from training.ingest_desk import literal

_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(:\d{2}([.,]\d+)?)?"
_OFFSET = r"([zZ]|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
MOMENT = rf"{_DATE}[Tt ]{_CLOCK} ?{_OFFSET}"
LOCAL = rf"{_DATE}([Tt ]{_CLOCK})?"
WHOLE = r"[+-]?\d+"
WHOLE_OR_ZEROS = r"[+-]?\d+(\.0*)?"  # a spreadsheet's or pandas' way to write a count
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
LARGEST = 2**62  # so that sums of two never overflow

YES = ("true", "t", "yes", "y", "1")
NO = ("false", "f", "no", "n", "0")

_FLOATS = ("FLOAT", "DOUBLE")
_SCALARS = ("VARCHAR", "ENUM", "UUID", "JSON", "BOOLEAN", "DECIMAL", "DATE", "TIMESTAMP", *_FLOATS)
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NESTED = ("STRUCT", "MAP")


def reads(kind: Kind, type_name: str) -> bool:
    """Whether a column of that DuckDB type can be read as that kind at all."""
    nested = type_name.startswith(_NESTED) and not type_name.endswith("]")
    if kind is Kind.JSON:
        return nested or type_name.startswith(("VARCHAR", "JSON"))
    plain = type_name.startswith((*_SCALARS, *_INTEGERS, '"NULL"'))
    unsigned = type_name.startswith("U") and type_name[1:] in _INTEGERS
    return (plain or unsigned) and not type_name.endswith("]")


def as_text(name: str, type_name: str) -> str:
    """SQL for the column as text; the empty text is null, and so is NaN."""
    if type_name.startswith(_NESTED):
        return f"to_json({name})::VARCHAR"
    if type_name == "JSON":
        return f"nullif(trim({name} ->> '$'), '')"
    if type_name in _FLOATS:
        whole = f"abs({name}) < 1e15 AND {name} = trunc({name})"
        return (
            f"CASE WHEN isnan({name}) THEN NULL "
            f"WHEN {whole} THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
        )
    if type_name.startswith("TIMESTAMP WITH"):
        return f"utc_text({name})"
    if type_name.startswith(("TIMESTAMP", "DATE")):  # without a zone: UTC
        return f"strftime({name}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"nullif(trim({name}::VARCHAR), '')"


def value(kind: Kind, text: str) -> str:
    """SQL for the value of a text: BIGINT, DOUBLE, BOOLEAN or VARCHAR; null where it is none."""
    if kind is Kind.TIME:
        # DuckDB reads neither a blank before the offset nor small letters.
        clean = rf"replace(upper(regexp_replace({text}, '\s+([+-]|[zZ])', '\1')), ',', '.')"
        moment = f"epoch_us(try_cast({clean} AS TIMESTAMPTZ))"
        return f"CASE WHEN {_fits(text, MOMENT)} THEN {moment} END"
    if kind in (Kind.MONEY, Kind.INTEGER):
        pattern = WHOLE if kind is Kind.MONEY else WHOLE_OR_ZEROS
        return f"CASE WHEN {_fits(text, pattern)} THEN try_cast({text} AS BIGINT) END"
    if kind is Kind.NUMBER:
        number = f"try_cast({text} AS DOUBLE)"
        return f"CASE WHEN {_fits(text, NUMBER)} AND isfinite({number}) THEN {number} END"
    if kind is Kind.FLAG:
        small = f"lower({text})"
        return (
            f"CASE WHEN {small} IN {_texts(YES)} THEN true "
            f"WHEN {small} IN {_texts(NO)} THEN false END"
        )
    return f"plain_object({text})" if kind is Kind.JSON else text


def reason(column: Column, text: str, found: str) -> str:
    """SQL for what is wrong with a value found in a text: a sentence's end, or null where right."""
    cases = []
    if column.required:
        cases.append(f"WHEN {text} IS NULL THEN 'is required and missing'")
    for condition, words in _complaints(column, text, found):
        cases.append(f"WHEN {condition} THEN {literal(words)}")
    return f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"


def _complaints(column: Column, text: str, found: str) -> list[tuple[str, str]]:
    if column.kind is Kind.TEXT:
        return _text_complaints(column, found)
    unread = f"{text} IS NOT NULL AND {found} IS NULL"
    complaints = [(unread, _EXPECTED[column.kind])]
    if column.kind is Kind.TIME:
        zoneless = f"{unread} AND {_fits(text, LOCAL)}"
        bare = f"{unread} AND {_fits(text, WHOLE_OR_ZEROS)}"
        complaints = [(zoneless, _ZONELESS), (bare, _BARE), *complaints]
        complaints.append((f"{found} NOT BETWEEN {EARLIEST_US} AND {LATEST_US}", _FAR))
    if column.kind is Kind.MONEY:
        complaints.append((f"{found} > {LARGEST}", "is too large"))
    if column.minimum is not None:
        low = f"must be at least {column.minimum:g}"
        complaints.append((f"{found} < {column.minimum!r}", low))
    if column.maximum is not None:
        high = f"must be at most {column.maximum:.10g}"
        complaints.append((f"{found} > {column.maximum!r}", high))
    return complaints


def _text_complaints(column: Column, found: str) -> list[tuple[str, str]]:
    complaints = [
        (f"length({found}) > {MAX_TEXT}", f"is longer than {MAX_TEXT} characters"),
        (f"contains({found}, chr(0))", "holds a NUL character"),
    ]
    if column.choices:
        words = f"must be one of {', '.join(column.choices)}"
        complaints.append((f"{found} NOT IN {_texts(column.choices)}", words))
    if column.name == "currency":
        words = "must be an ISO 4217 code such as EUR, in capitals"
        complaints.append((f"{found} NOT IN {_texts(tuple(DIGITS))}", words))
    return complaints


_ZONELESS = (
    "is a time without an offset: write 2026-01-31T12:00:00Z, or convert it in the map with "
    "local_time(column, 'Europe/Berlin')"
)
_BARE = (
    "is a bare number, which could be seconds, milliseconds or microseconds: convert it in the "
    "map, for example with unix_time(column, 'ms')"
)
_FAR = "lies outside of the years 1990 to 2099: are its units or its year wrong?"
_EXPECTED = {
    Kind.TIME: "is not a time such as 2026-01-31T12:00:00Z",
    Kind.MONEY: (
        "must be a whole number of minor units: 12990 for 129.90 EUR; a map converts it with "
        "minor(column, 'EUR')"
    ),
    Kind.INTEGER: "must be a whole number",
    Kind.NUMBER: "must be a finite number with a decimal point",
    Kind.FLAG: "must be true or false",
    Kind.JSON: "must be a JSON object of texts, numbers, true and false, each key once",
}


def _fits(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {literal(pattern)})"


def _texts(values: tuple[str, ...]) -> str:
    return f"({', '.join(map(literal, values))})"
