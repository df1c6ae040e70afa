"""The yearly ceiling over fees in the order of days: what each event leaves to pay after those before it."""

from __future__ import annotations


def to_pay(
    events: str,
    *,
    limit: str = "limit_eur",
    counted: str = "counted_eur",
    fee: str = "fee_eur",
    order: str = "day, event",
    already: str = "0",
) -> str:
    """SQL (DuckDB) that adds `to_pay` to every row of `events`.

    `events`: a table or a query in brackets with person, year, the columns of `order` (which must leave no two alike), `fee` (what the
    rule gives; missing stays missing), `counted` (what counts towards the ceiling of the later ones; usually the fee, or
    what was really charged), and `limit` (missing: no ceiling; the fee is paid whole and counts for nothing), and
    `already`, what had been paid in the year before the first of its rows. Each of them may be a column or an expression; the sort carries the columns, so fewer and narrower is faster.
    """
    return f"""
        SELECT * EXCLUDE (before), CASE WHEN {limit} IS NULL OR {fee} IS NULL THEN {fee} WHEN before >= {limit} THEN 0
            WHEN {fee} > {limit} - before THEN {limit} - before ELSE {fee} END AS to_pay
        FROM (SELECT *, coalesce(sum(CASE WHEN {limit} IS NOT NULL THEN {counted} ELSE 0 END) OVER (
            PARTITION BY person, year ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) + {already} AS before FROM {events})
    """


def charged_first(
    events: str,
    *,
    partition: str,
    order: str,
    fee: str,
    charged: str,
    most: str,
    least: str,
    unknown: str = "0",
    stated: str = "NULL",
    since: str = "NULL",
    name: str,
) -> str:
    """SQL (DuckDB) that adds `name` to every row of `events`: what of each fee is due where those of a partition come to `most` at most.

    What has been charged comes first, in the order of time, each as far as its `fee` goes; then what has not been charged has what is
    still left, up to `least`, in the same order. So what is due never comes to more than `most`, and what is said to be lacking never
    brings what was rightly charged above `least`. `most` missing: nothing is limited. A missing `fee` stays missing, and `unknown` of it
    counts. `stated`, `since`: what had counted in the partition by the day `since` of the row, from elsewhere and from these rows alike;
    where the rows themselves show more, that counts. `order` must leave no two alike.
    """
    window = f"OVER (PARTITION BY {partition}"
    before = f"{window} ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
    now = f"{window} ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    counts = f"CASE WHEN {most} IS NULL THEN 0 WHEN {fee} IS NULL THEN {unknown} ELSE greatest(least({charged}, {fee}), 0) END"
    return f"""
        SELECT * EXCLUDE (counted, before, in_all, lacking, more, already, already_in_all),
            CASE WHEN {most} IS NULL OR {fee} IS NULL THEN {fee}
                ELSE greatest(least(counted, {most} - already - before), 0)
                    + greatest(least({fee} - counted, {least} - already_in_all - in_all - lacking), 0) END AS {name}
        FROM (
            SELECT *, greatest(coalesce(max(more) {now}, 0), 0) AS already, greatest(coalesce(max(more) {window}), 0), 0) AS already_in_all FROM (
                SELECT *, {stated} - min(before) OVER (PARTITION BY {partition}, {since}) AS more FROM (
                    SELECT *, coalesce(sum(counted) {before}, 0) AS before, sum(counted) {window}) AS in_all,
                        coalesce(sum(CASE WHEN {most} IS NULL OR {fee} IS NULL THEN 0 ELSE {fee} - counted END) {before}, 0) AS lacking
                    FROM (SELECT *, {counts} AS counted FROM {events})
                )
            )
        )
    """
