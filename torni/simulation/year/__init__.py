"""The invented year: what happens to an invented region's residents, as ordinary events through the ordinary door.

No row is a real person. `world` gives the residents, units and producers; `faults` what is planted wrong, from a seed;
`happening` what happens, day by day; `running` sends it through the door, a year at once or as time runs; `truth` asks
whether the tower found what was planted. Chance is keyed by entity: two variants differ only where their faults are.
"""
