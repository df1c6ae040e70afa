-- One state, whatever the order and the content of what comes.

-- What has been said of a subject, each telling over those before: what a telling leaves out stays as it was. What held until a
-- day that has passed is said anew, not gone on with: its end is not inherited.
CREATE FUNCTION said_over(before jsonb, day date, told jsonb) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN before->>'until' < to_char(day, 'YYYY-MM-DD') THEN before - 'until' ELSE before END || coalesce(told, '{}') $$;
CREATE AGGREGATE said (day date, told jsonb) (SFUNC = said_over, STYPE = jsonb, INITCOND = '{}');

-- Where a subject's tellings are found.
CREATE INDEX event_tells_client ON event (client) WHERE type IN ('resident.registered', 'case_manager.named', 'representative.named',
  'representative.ended', 'consent.given', 'consent.withdrawn', 'restriction.set', 'restriction.lifted');
CREATE INDEX event_tells_unit ON event (unit) WHERE type = 'unit.opened';

-- One event that comes late may change what holds on several days: each gets a row of its own.
ALTER TABLE permit DROP CONSTRAINT permit_pkey, ADD PRIMARY KEY (client, kind, about, valid_from, position);

-- Registers written before this: a telling that left something out had wiped it. Each row gets back what was not said anew.
ALTER TABLE client DISABLE TRIGGER only_added;
UPDATE client c SET born = (s.state->>'born')::date, protected = coalesce((s.state->>'protected')::boolean, false), name = left(s.state->>'name', 200)
FROM (SELECT position, said((at AT TIME ZONE 'Europe/Helsinki')::date, data) OVER (PARTITION BY client ORDER BY at, position ROWS UNBOUNDED PRECEDING) AS state
  FROM event e WHERE type = 'resident.registered' AND sign = 1 AND client IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = e.position)) s
WHERE c.position = s.position AND (c.born, c.protected, c.name) IS DISTINCT FROM
  ((s.state->>'born')::date, coalesce((s.state->>'protected')::boolean, false), left(s.state->>'name', 200));
ALTER TABLE client ENABLE TRIGGER only_added;

-- What cannot be counted is set aside, so that the rest is.
CREATE TABLE uncounted (
  position      bigint PRIMARY KEY,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  why           text NOT NULL,    -- the kind of fault: a word, never what the row holds
  takes_back    bigint            -- the one set aside before, that this one undoes: then neither is missing from a sum
);
CREATE VIEW missed AS SELECT position, at, why FROM uncounted u
  WHERE takes_back IS NULL AND NOT EXISTS (SELECT 1 FROM uncounted b WHERE b.takes_back = u.position);
GRANT SELECT ON uncounted, missed TO torni_pages;

-- When the tallies were last found, or brought, level with the log: old while something waits, they stand still.
ALTER TABLE consumer ADD COLUMN level_at timestamptz NOT NULL DEFAULT clock_timestamp();

-- The same row refused again is found among those that wait without reading them all.
CREATE INDEX quarantine_same ON quarantine (md5(raw::text));
