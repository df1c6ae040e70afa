"""The record room: what has happened, kept so that nothing is lost or quietly changed.

It holds one append-only event log in PostgreSQL, the few state tables that the door needs to look up (residents, units,
what is still owed), and the tallies that the tower reads. `door` is the only way in; `fold` keeps the tallies equal to the
log; `verify` proves both; `postgres` starts the embedded server where no `DATABASE_URL` names another. What an event
means, and which promise it counts for, comes from the definitions, as a `Book` that the tasks above hand in.
"""
