"""Filters that name what they look for, so that one lookup answers them (RFC 7644 §3.4.2.2)."""

from collections.abc import Iterator
from dataclasses import dataclass

from scim2_models.path import AttrPath, CompareOperator, Comparison
from scim2_models.path.expressions import FilterNode, LogicalExpr, LogicalOperator, ValuePath

from chalicelib.protected.scim.models import GROUP_URN, USER_URN

_URNS = frozenset({USER_URN.lower(), GROUP_URN.lower()})


@dataclass(frozen=True, slots=True)
class Lookup:
    """An attribute in lower case, such as `username` or `emails.value`, and the value it has."""

    attribute: str
    value: str


def find_lookup(tree: FilterNode, attributes: frozenset[str]) -> Lookup | None:
    """A term that every match must fulfil and that compares one of `attributes` for equality.

    The whole filter is still evaluated on what the lookup finds.
    """
    return next((one for one in _lookups(tree) if one.attribute in attributes), None)


def mentions(tree: FilterNode, attribute: str) -> bool:
    """Whether any term looks at an attribute, given in lower case."""
    return any(path.attr.lower() == attribute for path in _paths(tree))


def _lookups(tree: FilterNode) -> Iterator[Lookup]:
    if isinstance(tree, LogicalExpr) and tree.op == LogicalOperator.and_:
        for term in tree.terms:
            yield from _lookups(term)
    elif isinstance(tree, Comparison):
        yield from _comparison(tree, "")
    elif isinstance(tree, ValuePath) and _is_core(tree.attr_path):
        terms = tree.val_filter
        inner = terms.terms if isinstance(terms, LogicalExpr) else (terms,)
        if not isinstance(terms, LogicalExpr) or terms.op == LogicalOperator.and_:
            for term in inner:
                if isinstance(term, Comparison):
                    yield from _comparison(term, f"{tree.attr_path.attr}.")


def _comparison(term: Comparison, prefix: str) -> Iterator[Lookup]:
    path = term.attr_path
    if term.op == CompareOperator.eq and isinstance(term.value, str) and _is_core(path):
        name = f"{prefix}{path.attr}" + (f".{path.sub_attr}" if path.sub_attr else "")
        lowered = name.lower()
        # A list of objects compares by their values.
        yield Lookup({"emails": "emails.value"}.get(lowered, lowered), term.value)


def _is_core(path: AttrPath) -> bool:
    return path.uri is None or path.uri.lower() in _URNS


def _paths(tree: FilterNode) -> Iterator[AttrPath]:
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, LogicalExpr):
            pending.extend(node.terms)
        elif hasattr(node, "expr"):
            pending.append(node.expr)
        elif hasattr(node, "attr_path"):
            yield node.attr_path
