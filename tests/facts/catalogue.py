"""All that a database says of itself, as sorted lines: two rooms that are alike give the same."""

from __future__ import annotations

import psycopg

_OURS = "n.nspname IN ('public', 'shown')"
_QUERIES = {
    "relation": f"SELECT nspname, relname, relkind::text, relrowsecurity, relforcerowsecurity, relispartition, reloptions::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE {_OURS}",
    "column": f"SELECT nspname, relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text, pg_get_expr(adbin, adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace LEFT JOIN pg_attrdef d ON (adrelid, adnum) = (attrelid, attnum) WHERE {_OURS} AND attnum > 0 AND NOT attisdropped",
    "constraint": f"SELECT conrelid::regclass::text, conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_namespace n ON n.oid = connamespace WHERE {_OURS}",
    "index": f"SELECT pg_get_indexdef(c.oid), '' FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE {_OURS} AND relkind IN ('i', 'I')",
    "trigger": f"SELECT tgrelid::regclass::text, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE {_OURS} AND NOT tgisinternal",
    "policy": "SELECT schemaname, tablename, policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies",
    "function": f"SELECT p.oid::regprocedure::text, pg_get_functiondef(p.oid), obj_description(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE {_OURS} AND prokind <> 'a'",
    "aggregate": f"SELECT p.oid::regprocedure::text, aggtransfn::text, agginitval, obj_description(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace JOIN pg_aggregate g ON g.aggfnoid = p.oid WHERE {_OURS}",
    "view": "SELECT schemaname, viewname, definition FROM pg_views WHERE schemaname IN ('public', 'shown')",
    "granted": f"SELECT nspname, relname, coalesce(nullif(grantee, 0)::regrole::text, 'PUBLIC'), privilege_type FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace, aclexplode(relacl) WHERE {_OURS} AND grantee <> relowner",
    "granted column": f"SELECT nspname, relname, attname, coalesce(nullif(grantee, 0)::regrole::text, 'PUBLIC'), privilege_type FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace, aclexplode(attacl) WHERE {_OURS} AND grantee <> relowner",
    "granted function": f"SELECT p.oid::regprocedure::text, coalesce(nullif(grantee, 0)::regrole::text, 'PUBLIC') FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace, aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE {_OURS} AND grantee <> proowner",
    "granted schema": f"SELECT nspname, coalesce(nullif(grantee, 0)::regrole::text, 'PUBLIC'), privilege_type, obj_description(n.oid, 'pg_namespace') FROM pg_namespace n, aclexplode(nspacl) WHERE {_OURS}",
}


def catalogue(url: str) -> list[str]:
    """One line each: a relation, a column, a constraint, an index, a trigger, a policy, a function, a view, a right given."""
    with psycopg.connect(url) as connection:
        return sorted(
            " | ".join([what, *(str(value) for value in row)])
            for what, query in _QUERIES.items()
            for row in connection.execute(query.encode())
        )
