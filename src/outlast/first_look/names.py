"""What the names of columns say: the words that tables of many fields use for the same roles."""

from __future__ import annotations

import re

from outlast.data.conventions import CONVENTIONS

TIME = frozenset({*(names["time"] for names in CONVENTIONS), "date", "time", "datetime", "day",
                  "week", "month", "quarter", "year", "period", "dt", "ts", "hour", "minute",
                  "step", "t", "epoch", "unix"})
# A time that comes after what a row says was known, or that has nothing to do with the row.
LATER = frozenset({"end", "ends", "until", "expiry", "expires", "due", "birth", "dob", "created",
                   "updated", "modified", "loaded", "ingested", "known", "published", "settled",
                   "closed", "delivered", "discharge", "label", "outcome", "resolved", "next",
                   "last", "finish", "finished", "completed", "stop"})
ENTITY = frozenset({"id", "entity", "symbol", "ticker", "store", "shop", "patient", "item", "sku",
                    "product", "customer", "client", "user", "device", "sensor", "machine",
                    "region", "country", "city", "state", "station", "series", "account", "asset",
                    "company", "firm", "stock", "instrument", "unit", "subject", "site", "plant",
                    "meter", "household", "loan", "borrower", "vehicle", "player", "team", "uid",
                    "isin", "cusip", "permno", "code", "name", "county", "branch", "panel"})
TARGET = frozenset({*(names["target"] for names in CONVENTIONS), "label", "outcome",
                    "response", "class", "truth"})
FUTURE = frozenset({"fwd", "forward", "next", "future", "ahead", "will", "tomorrow", "later",
                    "lead", "upcoming"})
PAST = frozenset({"lag", "lagged", "prev", "previous", "past", "last", "yesterday", "trailing",
                  "ago"})
OUTCOME = frozenset({"churn", "churned", "default", "defaulted", "died", "death", "dead",
                     "readmitted", "readmission", "failure", "failed", "fail", "fraud", "returned",
                     "relapse", "event", "conversion", "converted", "clicked", "bought", "up",
                     "down", "move", "success", "survived", "sepsis", "mortality", "busy"})
# Measured quantities that people forecast, the usual ones first.
MEASURE = {"sales": 2.0, "demand": 2.0, "sold": 2.0, "quantity": 1.5, "qty": 1.5, "units": 1.5,
           "load": 1.5, "consumption": 1.5, "revenue": 1.5, "turnover": 1.5, "close": 1.5,
           "adj_close": 1.5, "price": 1.0, "return": 1.5, "returns": 1.5, "count": 1.0, "cnt": 1.0,
           "traffic": 1.5, "visits": 1.5, "orders": 1.5, "value": 1.5, "yield": 1.5, "usage": 1.5,
           "score": 1.0, "volume": 0.5, "pm25": 1.5, "no2": 1.0, "deaths": 1.5, "cases": 1.5}
QUANTITY = TARGET | frozenset(MEASURE)
CODES = frozenset({"type", "code", "category", "class", "zone", "zip", "group", "segment", "status",
                   "id", "department", "dept"})
ROW = frozenset({"index", "row", "rownum", "rowid", "unnamed", "", "level", "record"})


def words(name: str) -> list[str]:
    """Return the words of a column's name in small letters, numbers apart.

    Examples
    --------
    >>> words("AdjClose"), words("fwd_ret_5d"), words("Visit date")
    (['adj', 'close'], ['fwd', 'ret', '5', 'd'], ['visit', 'date'])
    """
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.findall(r"[^\W\d_]+|\d+", apart)]


def has_word(name: str, known: frozenset[str]) -> bool:
    """Whether one of the words of a name is known."""
    return not known.isdisjoint(words(name))


_UNITS = {"d": "D", "day": "D", "days": "D", "w": "W", "week": "W", "weeks": "W", "h": "h",
          "hr": "h", "hour": "h", "hours": "h", "min": "min", "mo": "mo", "month": "mo",
          "months": "mo", "m": "mo", "y": "y", "yr": "y", "year": "y", "years": "y"}


def horizon_in(name: str) -> int | str | None:
    """Return the stretch of time in the name of a target: rows, or clock or calendar time.

    Examples
    --------
    >>> horizon_in("fwd_ret_5"), horizon_in("churn_30d"), horizon_in("sold"), horizon_in("pm25")
    (5, '30D', None, None)
    """
    found = re.search(r"[\W_](\d{1,3})[\W_]?([A-Za-z]*)$", name)
    if found is None or not 0 < int(found[1]) <= 400:
        return None
    if not found[2]:
        return int(found[1])
    unit = _UNITS.get(found[2].lower())
    return f"{found[1]}{unit}" if unit else None
