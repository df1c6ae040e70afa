"""`torni fields`, `decide`, `fee`, `rule check`: rules tried on one client or one text."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from torni.cli.show import mark, table
from torni.core.language import Message, t
from torni.core.progress import working
from torni.engines.rules import lower, sql, tree
from torni.engines.rules.sentences import label
from torni.guidance import Proposal, Reckoned, read_client, reckon_fee
from torni.guidance import proposal_of as decided_of
from torni.guidance.fees import checked_told, line_value, money, names, unit_text
from torni.guidance.proposal import change_text, reason_text
from torni.guidance.state_names import MARKS, channel_name, verdict_name
from torni.promises.promise import day_text
from torni.services import load_library
from torni.services.change import read_changes
from torni.services.rules import Rules, load_rules
from torni.services.suspicion import suspicion_faults


def rules_of(args: argparse.Namespace) -> Rules:
    """The region's rules on the day asked for, with the change of `--change` laid on them."""
    layers = [read_changes(args.change)[0].layer(args.on)] if getattr(args, "change", None) else []
    return load_rules(load_library(args.region, on=args.on, layers=layers))


def fields(args: argparse.Namespace) -> int:
    rules = rules_of(args)
    rows = []
    for name, d in rules.definitions.items():
        f = rules.fields[name]
        source = rules.library.sources[d.source]
        rows.append({
            "name": name, "label": str(d.what), "type": d.type, "least": _plain(f.least), "most": _plain(f.most),
            "decimals": d.decimals, "codes": list(f.codes), "unit": str(d.unit or ""), "instrument": str(d.instrument or ""),
            "legal_basis": str(d.legal_basis or ""), "fresh_months": d.fresh_months,
            "counted_from": d.counted.event if d.counted else None, "source": str(source.title),
        })  # fmt: skip
    if args.json:
        print(json.dumps({"fields": rows}, ensure_ascii=False, indent=1))
        return 0
    table(
        [t("Field"), t("Meaning"), t("Values"), t("Unit"), t("Instrument")],
        [[str(r[k]) if k else _values(r) for k in ("name", "label", "", "unit", "instrument")] for r in rows],
    )
    return 0


def _plain(value: object) -> object:
    from decimal import Decimal

    return float(value) if isinstance(value, Decimal) else value if isinstance(value, int | None) else str(value)


def _values(row: dict[str, object]) -> str:
    codes = row["codes"]
    assert isinstance(codes, list)
    if row["type"] == "code":
        return ", ".join(codes[:4]) + (f" … ({len(codes)})" if len(codes) > 4 else "")
    if row["type"] == "yes_no":
        return t("yes or no")
    return f"{row['least']}–{row['most']}"


def decide(args: argparse.Namespace) -> int:
    rules = rules_of(args)
    decision = decided_of(rules, args.service, read_client(args.client, rules))
    if args.letter:
        from torni.guidance.letter import write_letter

        with working(Message("The letter")):
            write_letter(decision, args.letter)
        if not args.json:
            print(t("The letter is in {file}.", file=args.letter))
    if args.json:
        print(json.dumps(decision.json(), ensure_ascii=False, indent=1))
    else:
        _print_decision(decision)
    return 0


def _print_decision(d: Proposal) -> None:
    library = d.rules.library
    print(f"{d.granting.service.name}, {library.region.name}, {day_text(library.as_of)}")
    print(f"{verdict_name(d.verdict)}. " + t("This is a proposal; the official decides."))
    if d.rests_on_scales:
        print(t("It rests on RAI scores, which never decide alone: the official's own judgement is needed."))
    if d.invented:
        print(t("The limits are invented for demonstration."))
    if old := checked_told(d.rules, d.granting.nodes):
        print(old)
    for i, (criterion, state) in enumerate(d.criteria_told):
        print(f"\n{mark(MARKS[state])} {criterion.text}")
        for leaf, how in d.leaves_told:
            if leaf.criterion == i:
                print(
                    f"    {mark(MARKS[how])} {reason_text(leaf, d.client)}"
                    + (f"  ← {t('decided')}" if leaf.decided else "")
                )
        print(f"    {t('Source')}: {library.sources[criterion.source].title}")
    if d.missing:
        print("\n" + t("Missing facts"))
        for field, matters in d.missing:
            told = t("could change the answer") if matters else t("cannot change the answer")
            print(f"    {label(field)}: {d.client.stale.get(field.name) or told}")
    if d.nearest:
        print("\n" + t("What would change the answer"))
        for change in d.changes[:3]:
            print(f"    {change_text(change)}.")
    for fee in d.fees:
        print()
        _print_fee(fee)
    if d.channels:
        print("\n" + t("Channels"))
        for name, channel, opened in d.channels:
            told = {True: t("open"), False: t("not open"), None: t("depends on missing facts")}[opened]
            print(f"    {channel_name(name)}: {told}." + (f" {channel.text}" if channel.text and opened else ""))
    print(f"\n{t('Rule version')} {d.granting.version}")


def fee(args: argparse.Namespace) -> int:
    rules = rules_of(args)
    reckoned = reckon_fee(rules, args.formula, read_client(args.client, rules))
    if args.json:
        print(json.dumps(reckoned.json(), ensure_ascii=False, indent=1))
    else:
        _print_fee(reckoned)
    return 0


def _print_fee(fee: Reckoned) -> None:
    d = fee.formula.definition
    print(str(d.what))
    width = max(len(str(line.what)) for line, _ in fee.lines)
    for line, value in fee.lines:
        if line.shown:
            print(f"    {line.what!s:<{width}}  {line_value(line, value)}")
    if fee.because:
        print("    " + t("Cannot be reckoned: not known {fields}.", fields=names(fee.because)))
    if fee.amount is not None:
        print("    " + t("To pay: {amount}", amount=money(fee.amount)) + unit_text(d.unit) if d.paid_by == "client" else "    " + t("Value: {amount}", amount=money(fee.amount)) + unit_text(d.unit))  # fmt: skip
    for told in fee.notes:
        print("    " + told)
    if fee.invented:
        print("    " + t("Rests on amounts invented for demonstration."))
    for told in fee.assumed_told:
        print("    " + told)


def rule_check(args: argparse.Namespace) -> int:
    """A rule's text from a file or standard input: its typed tree, or every fault."""
    scope = rules_of(args).scope
    if str(args.file) == "-":
        text, where = sys.stdin.buffer.read(1_000_000).decode("utf-8", "replace"), "-"
    else:
        text, where = Path(args.file).read_bytes()[:1_000_000].decode("utf-8", "replace"), args.file.name
    text = text.strip()
    found = lower(text, scope, where=where, number=args.number)
    faults = found if isinstance(found, list) else suspicion_faults(found, where)
    if args.json:
        print(json.dumps({
            "ok": not faults, "faults": [{"where": f.where, "what": f.what, "remedy": f.remedy} for f in faults],
            "tree": None if isinstance(found, list) else tree_json(found),
            "sql": None if isinstance(found, list) else {d: sql.expression(found, d) for d in sql.DIALECTS},
            "rule_version": None if isinstance(found, list) else tree.version(found),
        }, ensure_ascii=False, indent=1))  # fmt: skip
        return 2 if faults else 0
    if faults:
        for fault in faults:
            print(fault, file=sys.stderr)
        return 2
    assert not isinstance(found, list)
    _print_tree(found, 0)
    print(f"{t('Rule version')} {tree.version(found)}")
    return 0


def _print_tree(node: tree.Node, depth: int) -> None:
    word = {tree.And: "and", tree.Or: "or", tree.Not: "not"}.get(type(node))
    if word:
        print("  " * depth + word)
        for child in tree.children(node):
            _print_tree(child, depth + 1)
    else:
        print("  " * depth + f"{sql.source(node)}  : {node.type.kind}")


def tree_json(node: tree.Node) -> dict[str, object]:
    """The typed tree for machines: kind, type, its own text, and its parts."""
    return {
        "node": type(node).__name__, "type": node.type.kind, "text": sql.source(node),
        "parts": [tree_json(child) for child in tree.children(node)],
    }  # fmt: skip
