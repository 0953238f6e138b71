"""Values of a shape of the service model: whether one fits, one that does, and many that just do or just do not.

In: shapes of botocore. Out: JSON values. What is legal is read from the shapes alone: types, required members, one member of
a union, enumerations, patterns, lengths, ranges.
"""

import dataclasses
import functools
import re
import sys
import unicodedata
import urllib.parse
from re import _constants as sre
from re import _parser

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{3}|\d{6})Z")
ABSENT = object()
JSON_TYPES = {
    "string": str,
    "timestamp": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "list": list,
    "map": dict,
    "structure": dict,
}
WRONG = ["text", 7, 1.5, True, ["text"], [], {"a": "b"}, {}]


def fits(shape, value) -> bool:
    return next(misfits(shape, value), None) is None


def misfits(shape, value, path="", excepted=lambda *_: None):
    """What is wrong with a value, each with its path. `excepted(shape, owner, member, value)` tells what else is right."""
    kind = JSON_TYPES[shape.type_name]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif shape.type_name == "structure":
        yield from _structure_misfits(shape, value, path, excepted)
    elif shape.type_name == "list":
        yield from _size_misfits(shape, len(value), path)
        for i, entry in enumerate(value):
            yield from misfits(shape.member, entry, f"{path}[{i}]", excepted)
    elif shape.type_name == "map":
        yield from _size_misfits(shape, len(value), path)
        for key, entry in value.items():
            yield from misfits(shape.key, key, f"{path}<{key[:20]}>", excepted)
            yield from misfits(shape.value, entry, f"{path}.{key[:20]}", excepted)
    elif shape.type_name == "string":
        yield from _text_misfits(shape, value, path)
    elif shape.type_name == "timestamp":
        if not TIME.fullmatch(value):
            yield f"{path}: {value!r} is no time with milliseconds or microseconds"
    elif shape.type_name in ("integer", "long"):
        yield from _size_misfits(shape, value, path)


def _structure_misfits(shape, value, path, excepted):
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"{path}: a union of {len(value)} members: {sorted(value)}"
    for name in value:
        if name not in shape.members:
            yield f"{path}.{name}: no member of {shape.name}"
    for name, member in shape.members.items():
        if name in value:
            if not excepted(member, shape, name, value[name]):
                yield from misfits(member, value[name], f"{path}.{name}", excepted)
        elif name in shape.required_members and not excepted(member, shape, name, None):
            yield f"{path}.{name}: missing"


def _size_misfits(shape, size: int, path: str):
    if size < shape.metadata.get("min", size) or size > shape.metadata.get("max", size):
        yield f"{path}: {size} is not in {shape.metadata.get('min')}..{shape.metadata.get('max')}"


def _text_misfits(shape, text: str, path: str):
    yield from _size_misfits(shape, len(text), path)
    if shape.enum and text not in shape.enum:
        yield f"{path}: {text!r} is none of {shape.enum}"
    if "pattern" in shape.metadata and not pattern(shape.metadata["pattern"]).fullmatch(text):
        yield f"{path}: {text[:80]!r} does not match {shape.metadata['pattern']}"


# Patterns


@functools.cache
def pattern(text: str) -> re.Pattern:
    r"""A pattern of the model in Python's syntax, which lacks `\p{L}`."""
    return re.compile(re.sub(r"\\p\{(\w)\}", lambda found: _category(found.group(1)), text.replace("||", "|")))


@functools.cache
def _category(letter: str) -> str:
    """The characters of a Unicode category as ranges for the inside of brackets."""
    ranges, first = [], None
    for point in range(sys.maxunicode + 2):
        is_in = point <= sys.maxunicode and unicodedata.category(chr(point))[0] == letter
        if is_in and first is None:
            first = point
        elif not is_in and first is not None:
            ranges.append(f"\\U{first:08x}-\\U{point - 1:08x}")
            first = None
    return "".join(ranges)


def example(text: str, length: int) -> str:
    """A text that matches a pattern, of this length or as near to it as the pattern allows."""
    parsed = _parser.parse(re.sub(r"\|?\|?\\p\{\w\}", "1", text))
    shortest, _ = _build(parsed, 0)
    return _build(parsed, max(0, length - len(shortest)))[0]


def _build(nodes, spare: int) -> tuple[str, int]:
    """The text of parsed nodes, with up to `spare` characters more than the shortest; and what is left of them."""
    parts = []
    for kind, detail in reversed(list(nodes)):
        if kind is sre.LITERAL:
            parts.append(chr(detail))
        elif kind is sre.ANY:
            parts.append("x")
        elif kind is sre.NOT_LITERAL:
            parts.append("x")
        elif kind is sre.IN:
            parts.append(_member(detail))
        elif kind is sre.SUBPATTERN:
            text, spare = _build(detail[-1], spare)
            parts.append(text)
        elif kind is sre.MAX_REPEAT:
            low, high, body = detail
            more = min(int(high) - low, spare)
            spare -= more
            parts.append(_build(body, 0)[0] * (low + more))
        else:
            raise NotImplementedError(f"{kind} in a pattern of the model")
    return "".join(reversed(parts)), spare


def _member(choices) -> str:
    kind, detail = choices[0]
    if kind is sre.NEGATE:
        return "x"
    return chr(detail[0]) if kind is sre.RANGE else chr(detail)


# Variants: a legal value, changed in one place


@dataclasses.dataclass(frozen=True)
class Variant:
    """`value` is the whole value; `member` is the innermost member that was changed, `what` says how, `new` to what."""

    member: str
    what: str
    value: object
    inside: bool
    new: object = ABSENT

    def __post_init__(self):
        if self.new is ABSENT and self.what != "absent":
            object.__setattr__(self, "new", self.value)


def variants(shape, value, member: str, place: str = "body"):
    """Values that just fit `shape` and values that just do not, each differing from `value` in one place."""
    if place == "body":
        for wrong in WRONG:
            kind = JSON_TYPES[shape.type_name]
            if not isinstance(wrong, kind) or (kind is int and isinstance(wrong, bool)):
                yield Variant(member, f"{wrong!r} for a {shape.type_name}", wrong, False)
    if shape.type_name == "structure":
        yield from _of_structure(shape, value, member)
    elif shape.type_name == "list":
        yield from _of_list(shape, value, member, place)
    elif shape.type_name == "map":
        yield from _of_map(shape, value, member)
    elif shape.type_name == "string":
        for text in _texts(shape, value):
            if travels(text, place):
                yield Variant(member, f"{len(text)} characters {short(text)}", text, fits(shape, text))
    elif shape.type_name == "timestamp":
        for text in ("yesterday", "", "2026-01-31", "2026-13-01T00:00:00Z", "2026-01-31T12:00:00"):
            yield Variant(member, repr(text), text, False)
        for text in ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00+02:00", "1970-01-01T00:00:00Z"):
            yield Variant(member, repr(text), text, True)
    elif shape.type_name in ("integer", "long"):
        yield from _of_number(shape, member)
    elif shape.type_name == "boolean":
        for wrong in ("yes", "True", "1", "") if place == "querystring" else ("true",):
            yield Variant(member, repr(wrong), wrong, False)
        for flag in (True, False):
            yield Variant(member, repr(flag), flag, True)


def travels(text: str, place: str) -> bool:
    """Whether HTTP can carry a text there: headers are printable, and targets have less than 64 kB (else 414)."""
    if place == "header":
        return text.isprintable() and text.isascii()
    return place == "body" or len(urllib.parse.quote(text)) < 60_000


def _of_structure(shape, value, member: str):
    is_union = getattr(shape, "is_tagged_union", False)
    if is_union:
        yield Variant(member, "a union without a member", {}, False)
        yield Variant(member, "a union with an unknown member", {"noSuchMember": {}}, False)
        yield Variant(member, "a union with a known and an unknown member", value | {"noSuchMember": {}}, False)
        for name in shape.members:
            if name not in value:
                yield Variant(member, f"a union with {name} too", value | {name: {}}, False)
    else:
        yield Variant(member, "an unknown member more", value | {"noSuchMember": 1}, True)
    for name, inner in shape.members.items():
        yield from of_member(shape, value, name, inner, is_union)


def of_member(shape, value, name: str, inner, is_union=False):
    """Variants of a structure in one of its members, which may be absent."""
    place = inner.serialization.get("location", "body")
    without = {k: v for k, v in value.items() if k != name}
    required = name in shape.required_members
    if place != "uri" and not is_union and required:
        yield Variant(name, "absent", without, False)
    elif not is_union and place != "uri":
        yield Variant(name, "absent", without, True)
    if place == "body" and not is_union:
        yield Variant(name, "null", value | {name: None}, not required, None)
    if name in value:
        for variant in variants(inner, value[name], name, place):
            if not (place == "uri" and variant.value in ("", ".", "..")):
                yield dataclasses.replace(variant, value=value | {name: variant.value})


def _of_list(shape, value, member: str, place: str):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    for size in sorted({low, high, (low or 0) - 1, (high or -2) + 1} - {None, -1}):
        entries = [distinct(shape.member, value[0], i) for i in range(size)]
        if place == "body" or size > 0:
            yield Variant(member, f"{size} entries", entries, (low or 0) <= size <= (high or size))
    if place == "body":
        yield Variant(member, "a null entry", [None, *value[1:]], False)
    for variant in variants(shape.member, value[0], member, place):
        yield dataclasses.replace(variant, value=[variant.value, *value[1:]])


def _of_map(shape, value, member: str):
    if not value:
        return
    key = next(iter(value))
    rest = {k: v for k, v in value.items() if k != key}
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if high is not None and high < 1000:
        for size in (high, high + 1):
            entries = {distinct(shape.key, key, i): value[key] for i in range(size)}
            yield Variant(member, f"{size} entries", entries, size <= high)
    if low is not None:
        yield Variant(member, "no entries", {}, low == 0)
    yield Variant(member, "a null value", rest | {key: None}, False, None)
    for text in _texts(shape.key, key):
        yield Variant(
            member, f"a key of {len(text)} characters {short(text)}", rest | {text: value[key]}, fits(shape.key, text), text
        )
    for variant in variants(shape.value, value[key], member):
        yield dataclasses.replace(variant, value={key: variant.value} | rest)


def _of_number(shape, member: str):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    for number in (low, high):
        if number is not None:
            yield Variant(member, str(number), number, True)
    outside = [low - 1] if low is not None else []
    outside += [high + 1] if high is not None else []
    for wrong in (*outside, -1, 10**10, 10**30, "abc", "1.5", "", "1e1", "0x1", " 1", "1;"):
        yield Variant(member, repr(wrong), wrong, False)


def distinct(shape, value, index: int):
    """A value like `value` that differs for each index, as far as texts allow it."""
    if index == 0 or shape.type_name == "string" and shape.enum:
        return value
    if shape.type_name == "string":
        for text in (f"{value}{index}", f"{value[: -len(str(index))]}{index}"):
            if fits(shape, text):
                return text
        return value
    if shape.type_name == "map":
        return {distinct(shape.key, key, index): entry for key, entry in value.items()}
    return value


def short(text: str) -> str:
    """A text for messages: its ends and its middle."""
    middle = len(text) // 2
    return repr(text if len(text) <= 60 else f"{text[:20]}...{text[middle - 5 : middle + 5]}...{text[-20:]}")


def _texts(shape, text: str):
    """Texts at the limits of a shape and changes of `text`, without judging them."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.enum:
        return [*shape.enum, *{"", shape.enum[0].lower(), f"{shape.enum[0]} ", f"{shape.enum[0]}X", "NO_SUCH_VALUE"}]
    rule = shape.metadata.get("pattern")
    if low is None and high is None and rule is None:
        return []
    found = [text]
    if rule:
        longest = example(rule, high or 10**4)
        found += [example(rule, low or 0), longest, longest + longest[-1]]
        found += _changes(text)
    for size in {low, high, (low or 0) - 1, (high or -2) + 1} - {None, -1}:
        found.append(example(rule, size) if rule and fits_pattern(rule, size) else (text * (size // max(1, len(text)) + 1))[:size])
    if high:
        found.append("\U0001f9ec" * high)  # lengths count characters, not the bytes or halves they are stored as
    return list(dict.fromkeys(found))


def fits_pattern(rule: str, size: int) -> bool:
    return len(example(rule, size)) == size


def _changes(text: str):
    middle = len(text) // 2
    for char in "\n\0\t\x7f -_./:%@Aé٣漢\U0001f9ec\u200d\ue000\u00ad\ufeff":
        yield text[:middle] + char + text[middle + 1 :]
    for char in "\n A-_é":
        yield text + char
        yield char + text
    yield text[:-1]
    yield text[1:]
    yield text.upper()
