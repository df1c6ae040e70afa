"""Supervision: is what was done, and charged, what the definitions say? Reads records, decides nothing, names every difference.

`reconcile` explains every euro of fees charged by a rule's line, or lists it as a difference.
"""

from torni.supervision.reconcile import Difference, Reconciled, reconcile

__all__ = ["Difference", "Reconciled", "reconcile"]
