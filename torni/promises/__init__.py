"""The kinds of promise: one file a kind, with all that the kind is, and the finding that each gives.

A kind's file holds its schema, what it reads (residents, units and travel; or effects of events), its windows, how it is judged, the rows
behind its number, its labels and the remedies for its faults. `kinds.KINDS` lists them; everything else is made of that list. The room stands
below `services`: what of the network and of the definitions a kind may read is a protocol (`ground`), which those above fulfil.
"""
