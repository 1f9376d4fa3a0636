"""What Schemathesis needs to know of Bellwether: values for its scalars, and what no answer may ever be.

Plain checks take every GraphQL error for a failure, but refusing nonsense is what the server is there for. A failure
is an answer that shows a fault of the server: a status of 500 and more, the code INTERNAL, or words of its inside.
"""

import re
import string

import schemathesis
from graphql.language import NameNode, ObjectFieldNode
from hypothesis import strategies as st
from schemathesis.graphql import nodes

# Words that only the inside of the server knows.
INSIDE = re.compile(
    r"sqlx|sea[-_ ]?orm|sqlite|postgres|database|panicked|RUST_BACKTRACE|unwrap\(\)|\.rs:\d+|SELECT .+ FROM|constraint failed",
    re.IGNORECASE,
)
PREFIXES = ["ast", "dlv", "sig", "src", "ses", "ten", "usr", "zzz"]

numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e20", max_value="1e20", places=10)
odd_numbers = st.sampled_from(["", "0", "-0", "1e999", "NaN", "Infinity", "0x10", "99999999999999.9999", "1" * 400, "１"])
schemathesis.graphql.scalar("Decimal", st.one_of(numbers.map(str), odd_numbers).map(nodes.String))

times = st.datetimes(timezones=st.timezones()).map(lambda time: time.isoformat())
odd_times = st.sampled_from(["", "now", "0000-00-00T00:00:00Z", "9999-12-31T23:59:60Z", "+262143-01-01T00:00:00Z", "2026-01-05"])
schemathesis.graphql.scalar("DateTime", st.one_of(times, odd_times).map(nodes.String))

json = st.recursive(
    st.one_of(
        st.just(nodes.Null), st.booleans().map(nodes.Boolean), st.integers().map(nodes.Int), st.text(max_size=20).map(nodes.String)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(nodes.List),
        st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=8), inner, max_size=4).map(
            lambda fields: nodes.Object([ObjectFieldNode(name=NameNode(value=name), value=value) for name, value in fields.items()])
        ),
    ),
    max_leaves=12,
)
schemathesis.graphql.scalar("JSON", json)

ids = st.builds("{}_{}".format, st.sampled_from(PREFIXES), st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26))
schemathesis.graphql.scalar("ID", st.one_of(ids, st.text(max_size=40)).map(nodes.String))


@schemathesis.check
def no_internal_error(ctx, response, case):
    """The server answers, as itself, and tells nothing of its inside."""
    if response.status_code >= 500:
        raise AssertionError(f"status {response.status_code}: {response.text[:500]}")
    for error in response.json().get("errors") or []:
        if error.get("extensions", {}).get("code") == "INTERNAL":
            raise AssertionError(f"INTERNAL: {error}")
        if found := INSIDE.search(error["message"]):
            raise AssertionError(f"tells of its inside ({found.group()}): {error}")
    for payload in (response.json().get("data") or {}).values():
        for error in (payload.get("userErrors") if isinstance(payload, dict) else None) or []:
            if "message" in error and (found := INSIDE.search(error["message"])):
                raise AssertionError(f"tells of its inside ({found.group()}): {error}")
