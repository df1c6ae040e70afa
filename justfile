# `just` lists the recipes; `./do RECIPE` makes the environment first.

# Two processes share the tests, folder by folder: a folder's keep to one room, one server and one browser.
apart := '-n 2 --dist loadscope --no-loadscope-reorder'

# List the recipes.
default:
    @just --list

# Print Keski-Suomi's findings and serve the pages.
demo *ARGS:
    torni demo {{ARGS}}

# All tests: laws, specifications, units, golden, pages and journeys in a browser (where Chromium is installed).
test *ARGS:
    pytest {{apart}} {{ARGS}}

# The same answers on DuckDB, PostgreSQL and Spark (a standalone master and two workers on loopback); needs Java 17.
test-engines *ARGS:
    uv sync --quiet --locked --group spark
    TORNI_ENGINES=postgres,spark pytest tests/contracts {{ARGS}}

# Tests as if it were another day, such as 2031-01-01T12:00Z; needs Debian's `faketime`.
test-at DAY *ARGS:
    python tools/days.py {{DAY}} pytest {{apart}} {{ARGS}}

# All tests, and the demonstration, as if it were each of four hard days; needs Debian's `faketime`.
test-days *ARGS:
    python tools/days.py all pytest {{apart}} {{ARGS}}
    python tools/days.py all tools/demo_apart.sh

# A million mutated texts through the rule reader: no crash, nothing slow, nothing but a tree or a fault.
fuzz *ARGS:
    python bench/fuzz_rules.py {{ARGS}}

# Style, types and the direction of imports.
lint:
    ruff check .
    ruff format --check .
    mypy
    lint-imports

# Everything that a change must pass.
check: lint texts-check reference-check test

# Renew the catalogues after texts have changed (write the new translations into the .po files, then run again).
texts:
    python tools/texts.py renew

# Are all texts translated and compiled?
texts-check:
    python tools/texts.py check

# Renew the generated reference pages.
reference:
    python tools/reference.py

reference-check:
    python tools/reference.py --check

# The bill of materials (CycloneDX) of what an installation takes; a licence that is unknown or refused fails.
sbom FILE="dist/torni.cdx.json":
    mkdir -p "$(dirname {{FILE}})"
    python tools/dependencies.py sbom {{FILE}}

# Known faults of what an installation takes, by the public database osv.dev; says so where it cannot be reached.
audit:
    python tools/dependencies.py audit

# Renew the golden findings; read the difference before committing.
golden:
    pytest tests/golden --renew-golden

# Screenshots of every page at 1440 and 390 px into shots/.
shots:
    pytest tests/journeys --shots -k every_page

# Benchmarks beside the peers (makes .peers, an environment of its own).
bench *ARGS:
    python bench/run.py {{ARGS}}
