"""One module per outside data set: reader, checks, licence.

What is shipped lies in `data/` with `SOURCES.yaml` (origin, year, licence, what was derived). Readers return plain
tables in ETRS-TM35FIN metres; importers gather every fault of a file before anything is written.
"""
