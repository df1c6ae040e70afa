"""The pages: each view reads its question, calls one function of a task and renders. No database, no log-in yet.

Served on 127.0.0.1 only (log-in comes with the record room); nothing here changes anything: a tried plan lives in its
link. Strict content security policy, nothing loaded from outside.
"""
