-- What an event means stands in rows of its own: none to many an event, each what it does for one promise. The log holds what was told.

CREATE TABLE effect (
  position      bigint   NOT NULL,  -- the event whose effect it is
  since         bigint   NOT NULL,  -- from which position of the log on it is known
  sign          smallint NOT NULL,  -- -1 takes an earlier one back, its sums turned round
  promise       text     NOT NULL,
  what          text     NOT NULL CHECK (what IN ('began', 'answered', 'called off', 'counted')),
  day           date     NOT NULL,  -- when it is, or was, due; of what is counted the day it belongs to
  unit          text     NOT NULL,
  municipality  text     NOT NULL,
  known_on      date     NOT NULL,
  total         bigint   NOT NULL,
  met           bigint   NOT NULL,
  late          bigint   NOT NULL,
  began         bigint,             -- the event that began what this one answered
  client        bigint
);

INSERT INTO effect
SELECT CASE e.sign WHEN 1 THEN e.position ELSE e.replaces END, e.position, e.sign, p.promise, p.what, p.day, coalesce(p.unit, ''), coalesce(p.municipality, ''),
  (e.recorded_at AT TIME ZONE 'Europe/Helsinki')::date, e.sign * coalesce(p.total, 0), e.sign * coalesce(p.met, 0), e.sign * p.late, p.began, e.client
FROM event e CROSS JOIN LATERAL (VALUES
  (e.owes, 'began', e.owes_on, e.unit, e.municipality, 1::bigint, 0::bigint, 0, NULL::bigint),
  (e.settles, CASE e.settled WHEN 3 THEN 'called off' ELSE 'answered' END, e.settles_on, e.settles_unit, e.settles_municipality, CASE e.settled WHEN 3 THEN -1 ELSE 0 END,
    CASE e.settled WHEN 1 THEN 1 ELSE 0 END, CASE e.settled WHEN 2 THEN 1 ELSE 0 END, e.settles_position),
  (e.counts, 'counted', coalesce(e.due, (e.at AT TIME ZONE 'Europe/Helsinki')::date), e.unit, e.municipality, e.counted, e.counted_met, 0, NULL)
) p (promise, what, day, unit, municipality, total, met, late, began)
WHERE p.promise IS NOT NULL
ORDER BY e.position;

-- Answers of a time when it was not noted which event had begun what they answered: the last of the matter before them that did.
UPDATE effect a SET began = (
  SELECT max(b.position) FROM event e JOIN event b ON b.matter = e.matter AND b.owes = a.promise AND b.owes_on = a.day AND b.sign = 1 AND b.position < a.position
  WHERE e.position = a.position)
WHERE a.began IS NULL AND a.what IN ('answered', 'called off');

CREATE INDEX effect_since ON effect (since);
CREATE INDEX effect_position ON effect (position);
CREATE INDEX effect_late ON effect (promise, day) WHERE late > 0;
CREATE INDEX effect_counted ON effect (promise, day) WHERE what = 'counted';
ALTER TABLE effect SET (autovacuum_freeze_min_age = 0);
ANALYZE effect;

DROP INDEX event_late, event_unmet;
ALTER TABLE event DROP COLUMN owes, DROP COLUMN owes_on, DROP COLUMN settles, DROP COLUMN settles_on, DROP COLUMN settles_unit,
  DROP COLUMN settles_municipality, DROP COLUMN settled, DROP COLUMN counts, DROP COLUMN counted, DROP COLUMN counted_met, DROP COLUMN settles_position;

-- Each sealed day's hash of before, over what was told and what it meant, and whether it held when the day was sealed anew over what was told.
CREATE TABLE seal_before (
  day           date PRIMARY KEY,
  hash          bytea NOT NULL,
  held          boolean NOT NULL
);

-- With what meaning each promise's effects were made of the whole log: where its definition has another, they are made anew.
CREATE TABLE meant (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  promise       text NOT NULL,
  position      bigint NOT NULL,      -- of the log, from which they are known
  meaning       text NOT NULL
);
