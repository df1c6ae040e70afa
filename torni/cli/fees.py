"""`torni replay`, `reconcile` and `harmonise`: past decisions, fees charged, and municipalities' differing rules."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from torni.cli.rehearse import signed
from torni.cli.show import table
from torni.core.faults import bad_input
from torni.core.language import Message, number, t
from torni.core.progress import working
from torni.guidance.fees import money
from torni.guidance.replay import read_decisions
from torni.guidance.replay import replay as replayed
from torni.guidance.state_names import verdict_name
from torni.promises.promise import day_text
from torni.simulation.group_names import group_name
from torni.supervision.reconcile import Reconciled, files_of, formulas_of
from torni.supervision.reconcile import reconcile as reconciled
from torni.supervision.sentences import kind_name, remark_text


def replay(args: argparse.Namespace) -> int:
    """Exit 0 when nothing differs, 1 when some decision does."""
    past = read_decisions(args.file)
    found = replayed(past, under=args.on if args.under_that_day else None)
    differing = [r for r in found if r.differs]
    texts = [r for r in found if r.other_text and not args.under_that_day]
    if args.json:
        print(json.dumps({
            "decisions": len(found), "identical": len(found) - len(differing), "other_text": len(texts),
            "under": str(args.on) if args.under_that_day else None,
            "differing": [{"id": r.past.id, "service": r.past.service, "on": str(r.past.on), "was": r.past.verdict, "would_be": r.verdict, "rule_version": r.version} for r in differing],
        }, ensure_ascii=False, indent=1))  # fmt: skip
        return 1 if differing else 0
    under = (
        t("the rules of {day}", day=day_text(args.on))
        if args.under_that_day
        else t("the rules of each decision's own day")
    )
    print(t("{n} decisions under {rules}: {same} the same, {other} different.", n=number(len(found)), rules=under, same=number(len(found) - len(differing)), other=number(len(differing))))  # fmt: skip
    if texts:
        print(t("{n} name a rule version that is not the one in force on their day.", n=number(len(texts))))
    moves = Counter((r.past.service, r.past.verdict, r.verdict) for r in differing)
    if moves:
        table(
            [t("Service"), t("Was"), t("Would be"), t("Decisions")],
            [[s, verdict_name(a), verdict_name(b), number(n)] for (s, a, b), n in moves.most_common()],
            right=[3],
        )
        print()
        table([t("Decision"), t("Service"), t("Day"), t("Was"), t("Would be")], [[r.past.id, r.past.service, day_text(r.past.on), verdict_name(r.past.verdict), verdict_name(r.verdict)] for r in differing[: args.limit]])  # fmt: skip
    return 1 if differing else 0


def reconcile(args: argparse.Namespace) -> int:
    """Exit 0 when every euro is explained, 1 when there are differences."""
    if args.make:
        return _make(args)
    with working(Message("Services against charges")):
        found = reconciled(*files_of(args.folder), region=args.region)
    if args.csv:
        _write_csv(found, args.csv)
    if args.json:
        print(json.dumps(_json(found, args.limit), ensure_ascii=False, indent=1, default=str))
        return 1 if found.differences else 0
    print(
        t(
            "{events} services delivered, {charges} charges, {eur}.",
            events=number(found.events),
            charges=number(found.charges),
            eur=money(found.charged_eur),
        )
    )
    print(t("Explained by a rule's line: {eur}.", eur=money(found.explained_eur)))
    print()
    table([t("Formula"), t("Events"), t("By rule, EUR"), t("Charged, EUR")], [[name, number(n), number(float(rule), 2), number(float(charged), 2)] for name, (n, rule, charged) in found.by_formula.items()], right=[1, 2, 3])  # fmt: skip
    if found.remarks:
        print("\n" + t("To be seen, though no difference in euros"))
        for remark in found.remarks[: args.limit]:
            print(f"  {remark_text(remark)}")
        if len(found.remarks) > args.limit:
            print("  " + t("and {n} more", n=number(len(found.remarks) - args.limit)))
    if not found.differences:
        print("\n" + t("No differences."))
        return 0
    print()
    groups = formulas_of(found.differences)
    table(
        [t("Difference"), t("Formula"), t("Cases"), t("Clients"), t("Too little, EUR"), t("Too much, EUR")],
        [
            [kind_name(kind), formula, number(len(d)), number(len({x.person for x in d})),
             number(abs(float(sum(x.difference_eur for x in d if x.difference_eur < 0))), 2), number(float(sum(x.difference_eur for x in d if x.difference_eur > 0)), 2)]
            for (kind, formula), d in groups.items()
        ], right=[2, 3, 4, 5],
    )  # fmt: skip
    print("\n" + t("The largest of each kind"))
    for (kind, formula), d in groups.items():
        worst = max(d, key=lambda x: abs(x.difference_eur))
        rule = t("rule {rule}", rule=money(worst.rule_eur)) if worst.rule_eur is not None else t("rule not known")
        print(
            f"  {kind_name(kind)}, {formula or '–'}: {worst.event} {day_text(worst.on)}: {rule}, {t('charged {eur}', eur=money(worst.charged_eur))}"
        )
    return 1


def _json(found: Reconciled, limit: int) -> dict[str, Any]:
    return {
        "events": found.events, "charges": found.charges, "charged_eur": float(found.charged_eur), "explained_eur": float(found.explained_eur),
        "formulas": [{"formula": n, "events": e, "by_rule_eur": float(r), "charged_eur": float(c)} for n, (e, r, c) in found.by_formula.items()],
        "differences": [
            {"kind": kind, "formula": formula, "cases": len(d), "clients": len({x.person for x in d}), "difference_eur": float(sum(x.difference_eur for x in d))}
            for (kind, formula), d in formulas_of(found.differences).items()
        ],
        "remarks": [
            {"kind": r.kind, "formulas": list(r.formulas), "events": list(r.events), "person": r.person, "on": r.on, "eur": float(r.eur)}
            for r in found.remarks[:limit]
        ],
        "cases": [
            {"kind": d.kind, "formula": d.formula, "event": d.event, "person": d.person, "on": d.on, "rule_eur": None if d.rule_eur is None else float(d.rule_eur), "charged_eur": float(d.charged_eur)}
            for d in found.differences[:limit]
        ],
    }  # fmt: skip


def _write_csv(found: Reconciled, path: Path) -> None:
    import csv

    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["kind", "formula", "event", "person", "on", "rule_eur", "charged_eur", "difference_eur"])
        for d in found.differences:
            out.writerow([d.kind, d.formula, d.event, d.person, d.on, d.rule_eur, d.charged_eur, d.difference_eur])


def _make(args: argparse.Namespace) -> int:
    """An invented year with the faults that have happened, to try the reckoning on."""
    from torni.simulation.fee_year import fee_year
    from torni.simulation.population import open_population

    if args.folder.exists() and any(args.folder.iterdir()):
        raise bad_input(str(args.folder), t("the folder is not empty"), t("Name a new folder."))
    people = open_population(args.region)
    with working(Message("The invented year")):
        year = fee_year(people, year=args.on.year, seed=args.seed)
        year.write(args.folder)
    (args.folder / "truth.json").write_text(
        json.dumps({k: sorted(v) for k, v in year.truth.items()}, indent=1), encoding="utf-8"
    )
    print(t("An invented year is in {folder}: {events} events, {charges} charges; what is wrong in it is told by truth.json.", folder=args.folder, events=number(len(year.delivered)), charges=number(len(year.charged))))  # fmt: skip
    return 0


def harmonise(args: argparse.Namespace) -> int:
    from torni.simulation.harmonise import harmonise as harmonised

    found = harmonised(args.file, region=args.region, on=args.on)
    if args.json:
        print(json.dumps(found.json(), ensure_ascii=False, indent=1))
        return 0
    names = list(found.differs[0][1])[1:] if found.differs else []
    print(
        t(
            "{n} invented people of {region}; no row is a real person.",
            n=number(found.population.size),
            region=found.region,
        )
    )
    print()
    table(
        [t("What differs"), t("Shared"), *names],
        [[what, *(v.replace("\n", " / ")[:28] for v in values.values())] for what, values in found.differs],
    )
    print("\n" + t("Each as the common rule"))
    table(
        [t("Rule of"), t("Gain"), t("Lose"), t("Clients, EUR a year"), t("Organiser's costs, EUR a year"), t("Hours a month")],
        [[c.name, number(c.total.gainers), number(c.total.losers), signed(c.total.client_eur_year), signed(c.total.organiser_eur_year), signed(c.total.hours_month)] for c in found.common],
        right=range(1, 6),
    )  # fmt: skip
    for c in found.common:
        touched = {
            m: e
            for m, e in c.by_municipality().items()
            if e.gainers or e.losers or e.client_eur_year or e.organiser_eur_year
        }
        if touched:
            print("\n" + t("The rule of {name}, by municipality", name=c.name))
            table(
                [t("Municipality"), t("Gain"), t("Lose"), t("Clients, EUR a year"), t("Organiser's costs, EUR a year")],
                [[group_name("municipality", m), number(e.gainers), number(e.losers), signed(e.client_eur_year), signed(e.organiser_eur_year)] for m, e in touched.items()],
                right=range(1, 5),
            )  # fmt: skip
    return 0
