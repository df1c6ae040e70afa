"""Producers: who is approved to produce a service, at what price, and what that leaves the client to pay.

Reads from the facts which units are approved as voucher producers (`voucher_producer.approved`) and which producers the units in the room are
of. Writes no facts. Public names: `vouchers.prices`, `vouchers.languages`, `vouchers.offers`, `vouchers.Offer`, `known.unknown`.
"""
