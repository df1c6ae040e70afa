"""What may be written in a rule at all, told sign by sign and word by word before anything parses it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import sqlglot
from sqlglot.tokens import Token, TokenType  # type: ignore[attr-defined]

from torni.core.faults import Fault, nearest_name
from torni.core.language import t
from torni.engines.rules import tree
from torni.engines.rules.tree import Node, Type

MOST_CHARACTERS, MOST_DEPTH, LONGEST_LIST = 2_000, 25, 500
MOST_WHOLE_DIGITS, MOST_DECIMALS = 9, 4
_WHOLE = re.compile(rf"\d{{1,{MOST_WHOLE_DIGITS}}}")
_DECIMAL = re.compile(rf"\d{{1,{MOST_WHOLE_DIGITS}}}\.\d{{1,{MOST_DECIMALS}}}")


@dataclass(frozen=True)
class Scope:
    """What a text may name: fields, parameters with their values, tables, earlier lines of its formula, and services
    whose own criteria stand for `granted.SERVICE`. `weights`: how much each earlier line is, written out."""

    fields: Mapping[str, tree.Field]
    parameters: Mapping[str, Decimal] = field(default_factory=dict)
    tables: Mapping[str, tree.Table] = field(default_factory=dict)
    lines: Mapping[str, Type] = field(default_factory=dict)
    granted: Mapping[str, Node] = field(default_factory=dict)
    weights: Mapping[str, int] = field(default_factory=dict)


class Wording:
    """A text being read, its place, and the faults found so far."""

    def __init__(self, text: str, scope: Scope, where: str) -> None:
        self.text, self.scope, self.where = text, scope, where
        self.faults: list[Fault] = []

    def fault(self, at: int | None, what: str, remedy: str) -> None:
        place = self.where if at is None else f"{self.where}, " + t("character {n}", n=at + 1)
        found = Fault(place, what, remedy)
        if found not in self.faults:
            self.faults.append(found)

    def readable(self) -> bool:
        if not self.text.strip():
            self.fault(None, t("the rule is empty"), t("Write such as: age >= 75"))
            return False
        if len(self.text) > MOST_CHARACTERS:
            self.fault(
                None, t("{n} characters; at most {most} are allowed", n=len(self.text), most=MOST_CHARACTERS),
                t("Split the rule into several criteria: all of them must hold."),
            )  # fmt: skip
            return False
        for sign in _FORBIDDEN_TEXT:
            for at in _found_outside_quotes(self.text, sign):
                self.fault(at, t('"{found}" is not allowed in a rule', found=sign), _remedy_of_sign(sign))
        odd = next((i for i, c in enumerate(self.text) if not c.isprintable() and c not in "\n\t "), None)
        if odd is not None:
            self.fault(odd, t("an invisible character is not allowed"), t("Remove it and write it anew."))
        if self.faults:
            return False
        try:
            tokens = sqlglot.tokenize(self.text)
        except (sqlglot.errors.SqlglotError, ValueError) as error:
            self.fault(
                error_position(self.text, error), t("a quote is not closed"), t("Close it, such as: language = 'fi'")
            )
            return False
        depth = most = run = 0
        for i, token in enumerate(tokens):
            self._allowed(token, tokens[i + 1] if i + 1 < len(tokens) else None, tokens[i - 1] if i else None)
            depth += token.token_type in _OPENING
            depth -= token.token_type in _CLOSING
            run = run + 1 if token.token_type in (TokenType.NOT, TokenType.DASH) else 0
            most = max(most, depth + run)
        self.not_too_deep(most)
        return not self.faults

    def a_number(self, written: str, at: int) -> bool:
        """Is it a number that a rule can hold? The fault is told if not."""
        if _WHOLE.fullmatch(written) or _DECIMAL.fullmatch(written):
            return True
        self.fault(
            at, t('"{found}" is not a number that a rule can hold', found=written[:30]),
            t("At most {n} digits before the point and {d} after, such as 1250.50.", n=MOST_WHOLE_DIGITS, d=MOST_DECIMALS),
        )  # fmt: skip
        return False

    def not_too_deep(self, levels: int) -> None:
        if levels > MOST_DEPTH:
            self.fault(
                None, t("{n} levels deep; at most {most} are allowed", n=levels, most=MOST_DEPTH), t("Write it flatter, or split it into several criteria or lines.")
            )  # fmt: skip

    def _allowed(self, token: Token, after: Token | None, before: Token | None) -> None:
        kind, found, at = token.token_type, token.text, token.start
        opens = after is not None and after.token_type == TokenType.L_PAREN
        named = before is not None and before.token_type == TokenType.DOT
        if kind in _MARKS or (kind == TokenType.STRING):
            return
        if kind == TokenType.NUMBER:
            written = self.text[token.start : token.end + 1]
            self.a_number(written, at)
            return
        word = found.lower()
        if kind in (TokenType.TRUE, TokenType.FALSE):
            self.fault(
                at, t('"{found}" is not needed in a rule', found=found), t("A yes-no field is a condition by itself: write lives_alone, or not lives_alone.")
            )  # fmt: skip
        elif word in _BANNED and not named:
            self.fault(at, t('"{found}" is not allowed in a rule', found=found), _banned_remedy(word))
        elif word in _UNITS or word in self.scope.fields or word in _SPACES or named:
            if opens:
                self.fault(at, t('"{found}" is not a function', found=found), t("Write the field's name alone."))
            return
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", found) and kind != TokenType.IDENTIFIER:
            if opens:
                self.fault(
                    at, t('"{found}" is a function; a rule has none', found=found), t("Allowed are and, or, not, = <> < <= > >=, + - *, between, in, is null, case.")
                )  # fmt: skip
                return
            near = nearest_name(found, [*self.scope.fields, *_WORDS])
            self.fault(
                at, t('"{found}" is not a client field', found=found),
                (t('Did you mean "{near}"?', near=near) + " " if near else "") + t("`torni fields` lists them."),
            )  # fmt: skip
        else:
            self.fault(
                at, t('"{found}" is not allowed in a rule', found=self.text[token.start : token.end + 1][:30]),
                t("Allowed are and, or, not, = <> < <= > >=, + - *, between, in, is null, case."),
            )  # fmt: skip


_SPACES = ("param", "table", "line", "granted")
_UNITS = ("day", "days", "month", "months", "year", "years")
_WORDS = ("and", "or", "not", "between", "in", "is", "null", "case", "when", "then", "else", "end", "interval", "date")
_MARKS = {
    TokenType.L_PAREN, TokenType.R_PAREN, TokenType.COMMA, TokenType.PLUS, TokenType.DASH, TokenType.STAR, TokenType.LT,
    TokenType.GT, TokenType.LTE, TokenType.GTE, TokenType.EQ, TokenType.NEQ, TokenType.AND, TokenType.OR, TokenType.NOT,
    TokenType.IN, TokenType.IS, TokenType.NULL, TokenType.BETWEEN, TokenType.CASE, TokenType.WHEN, TokenType.THEN,
    TokenType.ELSE, TokenType.END, TokenType.DOT, TokenType.INTERVAL, TokenType.DATE,
}  # fmt: skip
_OPENING = (TokenType.L_PAREN, TokenType.CASE)
_CLOSING = (TokenType.R_PAREN, TokenType.END)
_FORBIDDEN_TEXT = ("--", "/*", "*/", "#", ";", '"', "`", "$", "{", "}", "[", "]", "\\", "::", "/", "%", "||", "@", "?", "^", "&", "~", "==", "!")  # fmt: skip
_BANNED = {"greatest", "least", "coalesce", "ifnull", "nullif", "cast", "try_cast", "round", "floor", "ceil", "symmetric", "exists", "select", "any", "all", "like", "count", "sum"}  # fmt: skip


def _remedy_of_sign(sign: str) -> str:
    told = {
        "/": t("Multiply by a decimal instead, or divide a whole line of a formula with divided_by."),
        '"': t("Write field names without quotes, and codes in single quotes: language = 'fi'."),
        "==": t("Write = for equal."),
        "!": t("Write not, or <> for unequal."),
        "--": t("Comments belong beside the rule, not in it. Write - 1 - -1 as - 1 + 1."),
    }
    return told.get(sign, t("Allowed are and, or, not, = <> < <= > >=, + - *, between, in, is null, case."))


def _banned_remedy(word: str) -> str:
    if word in ("greatest", "least"):
        return t("They pass over missing values. Write case when a > b then a else b end.")
    if word in ("coalesce", "ifnull", "nullif"):
        return t("They turn what is not known into a value. Say what happens with: field is null.")
    if word in ("round", "floor", "ceil", "cast", "try_cast"):
        return t("Engines round differently. A formula's line states its decimals; the rule does not round.")
    return t("Allowed are and, or, not, = <> < <= > >=, + - *, between, in, is null, case.")


def _found_outside_quotes(text: str, sign: str) -> list[int]:
    return [m.start() for m in re.finditer(re.escape(sign), text) if text.count("'", 0, m.start()) % 2 == 0][:1]


def error_position(text: str, error: Exception) -> int | None:
    for found in getattr(error, "errors", None) or []:
        near = str(found.get("highlight") or "")
        line, column = found.get("line"), found.get("col")
        if isinstance(line, int) and isinstance(column, int):
            before = text.split("\n")[: line - 1]
            return max(0, min(len(text) - 1, sum(len(x) + 1 for x in before) + column - max(1, len(near))))
    return None
