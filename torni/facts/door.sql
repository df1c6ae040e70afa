-- The door's steps, in order; each sees only the batch in `arriving`. The room is locked, so nobody else is between them.

-- name: session
-- What a batch leaves in them goes with its transaction: emptying them by TRUNCATE makes fifteen files anew each time.
CREATE TEMP TABLE IF NOT EXISTS arriving (
  line int, source text, id text, type text, at timestamptz, service text, unit text, client bigint, matter text, due date,
  quantity bigint, of_quantity bigint, cents bigint, data jsonb, replaces_id text, expected bigint, day date, file_row int, salt uuid
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS kinds (
  type text PRIMARY KEY, needs text[], touches boolean, of_nobody boolean, naming text[], senders text[], of_sent boolean, quantity int8range, of_quantity int8range, cents int8range, due_days int4range
);
CREATE TEMP TABLE IF NOT EXISTS openings (promise text, service text, type text, days int, age_below int, age_at_least int, months int, working int);
CREATE TEMP TABLE IF NOT EXISTS working_dues (working int, day date, due date, PRIMARY KEY (working, day));
CREATE TEMP TABLE IF NOT EXISTS answers (promise text, type text, called_off boolean);
CREATE TEMP TABLE IF NOT EXISTS countings (promise text, service text, type text, how text, threshold bigint);
CREATE TEMP TABLE IF NOT EXISTS versions (service text PRIMARY KEY, definition text);
CREATE TEMP TABLE IF NOT EXISTS judged (
  LIKE arriving, position bigint, municipality text, producer text, replaces bigint, repeated boolean, reasons text[], born date, round bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS beginning (
  position bigint, promise text, round bigint, matter text, due date, unit text, client bigint, municipality text
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS begun (position bigint, promise text, due date, unit text, municipality text, client bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS settled (
  position bigint, promise text, due date, unit text, municipality text, called_off boolean, began bigint
) ON COMMIT DELETE ROWS;

-- name: left
SELECT EXISTS (SELECT 1 FROM arriving) OR EXISTS (SELECT 1 FROM judged) OR EXISTS (SELECT 1 FROM beginning) OR EXISTS (SELECT 1 FROM begun) OR EXISTS (SELECT 1 FROM settled);

-- name: judge
INSERT INTO judged
SELECT s.line, s.source, s.id, s.type, s.at, s.service, s.unit, s.client, s.matter, s.due, s.quantity, s.of_quantity, s.cents,
  s.data, s.replaces_id, s.expected, s.day, s.file_row, s.salt, nextval('event_position'), s.municipality, s.producer, s.replaces, s.repeated,
  s.reasons, s.born, s.round
FROM (
  SELECT a.*, nullif(coalesce(c.municipality, u.municipality, a.data->>'municipality'), '') AS municipality,
    coalesce(u.producer, a.data->>'producer') AS producer,
    r.position AS replaces, c.born, coalesce(p.same, false) AS repeated,
    CASE WHEN k.touches AND a.matter IS NOT NULL THEN row_number() OVER (PARTITION BY k.touches, a.matter ORDER BY a.line) ELSE 1 END AS round,
    array_remove(ARRAY[
      CASE WHEN k.type IS NULL THEN 'unknown_type' END,
      CASE WHEN a.service IS NULL AND 'service' = ANY (k.needs) THEN 'needs_service' END,
      CASE WHEN a.unit IS NULL AND 'unit' = ANY (k.needs) THEN 'needs_unit' END,
      CASE WHEN a.client IS NULL AND 'client' = ANY (k.needs) THEN 'needs_client' END,
      CASE WHEN a.matter IS NULL AND 'matter' = ANY (k.needs) THEN 'needs_matter' END,
      CASE WHEN a.due IS NULL AND 'due' = ANY (k.needs) THEN 'needs_due' END,
      CASE WHEN a.quantity IS NULL AND 'quantity' = ANY (k.needs) THEN 'needs_quantity' END,
      CASE WHEN a.of_quantity IS NULL AND 'of_quantity' = ANY (k.needs) THEN 'needs_of_quantity' END,
      CASE WHEN a.cents IS NULL AND 'cents' = ANY (k.needs) THEN 'needs_cents' END,
      CASE WHEN NOT a.quantity <@ k.quantity THEN 'range_quantity' END,
      CASE WHEN NOT a.of_quantity <@ k.of_quantity THEN 'range_of_quantity' END,
      CASE WHEN NOT a.cents <@ k.cents THEN 'range_cents' END,
      CASE WHEN NOT (a.due - a.day) <@ k.due_days THEN 'range_due' END,
      CASE WHEN k.of_nobody AND a.client IS NOT NULL THEN 'of_nobody' END,
      CASE WHEN NOT p.same THEN 'same_id_other_content' END,
      CASE WHEN v.service IS NULL AND a.service IS NOT NULL THEN 'unknown_service' END,
      CASE WHEN u.unit IS NULL AND a.unit IS NOT NULL AND a.type <> 'unit.opened' THEN 'unknown_unit' END,
      CASE WHEN c.client IS NULL AND a.client IS NOT NULL AND a.type <> 'resident.registered' THEN 'unknown_client' END,
      CASE WHEN a.type = 'resident.registered' AND a.data->>'municipality' IS NULL AND (coalesce(a.data ? 'municipality', false)
          OR NOT (EXISTS (SELECT 1 FROM client x WHERE x.client = a.client) OR coalesce(a.client IN (SELECT b.client FROM arriving b
            WHERE b.type = 'resident.registered' AND b.data->>'municipality' IS NOT NULL), false)))
        THEN 'needs_municipality' END,
      CASE WHEN a.type = 'unit.opened' AND (a.data @> ANY (ARRAY['{"name": null}', '{"kind": null}', '{"producer": null}', '{"municipality": null}']::jsonb[])
          OR NOT (coalesce(a.data ?& ARRAY['name', 'kind', 'producer', 'municipality'], false) OR u.unit IS NOT NULL
            OR coalesce(a.unit IN (SELECT b.unit FROM arriving b WHERE b.type = 'unit.opened'
              AND b.data ?& ARRAY['name', 'kind', 'producer', 'municipality']), false)))
        THEN 'needs_unit_data' END,
      CASE WHEN a.type LIKE 'representative.%%' AND NOT coalesce(a.data->>'holder' ~ '^[0-9]{1,18}$' AND a.data->>'kind' IN ('guardian', 'proxy'), false)
        THEN 'needs_holder' WHEN a.type = 'representative.named' AND NOT EXISTS (SELECT 1 FROM client x WHERE x.client = (a.data->>'holder')::bigint)
        THEN 'unknown_holder' END,
      CASE WHEN a.type LIKE 'restriction.%%' AND coalesce(a.data->>'against', '') = '' THEN 'needs_against' END,
      CASE WHEN a.type = 'feed.complete' AND (a.data->>'producer') IS NULL THEN 'needs_producer' END,
      CASE WHEN %(producer)s::text IS NOT NULL AND (coalesce(u.producer <> %(producer)s, false) OR %(producer)s IS DISTINCT FROM
          CASE WHEN a.type IN ('unit.opened', 'feed.complete') THEN coalesce(a.data->>'producer', u.producer) ELSE u.producer END
          OR r.position IS NOT NULL AND r.producer IS DISTINCT FROM %(producer)s)
        THEN 'not_own_unit' END,
      CASE WHEN %(producer)s::text IS NOT NULL AND EXISTS (SELECT 1 FROM owed w JOIN unit x ON x.unit = w.unit
          WHERE w.matter = a.matter AND x.producer <> %(producer)s)
        THEN 'not_own_matter' END,
      CASE WHEN %(sending)s::text = 'organiser' THEN NULL
        WHEN NOT %(sending)s = ANY (k.senders) THEN 'not_yours_to_send:' || k.type || ':' || array_to_string(k.senders, '+')
        WHEN a.type = 'event.withdrawn' AND r.position IS NOT NULL AND NOT EXISTS (SELECT 1 FROM kinds w WHERE w.type = r.type AND %(sending)s = ANY (w.senders))
        THEN 'not_yours_to_send:' || r.type || ':' || coalesce((SELECT array_to_string(w.senders, '+') FROM kinds w WHERE w.type = r.type), '') END,
      CASE WHEN %(sending)s::text = 'producer' AND k.of_sent AND a.client IS NOT NULL AND u.unit IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event o
          WHERE o.client = a.client AND o.producer = u.producer AND o.sign = 1 AND NOT coalesce(o.sender ? 'organisation', false)
          AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = o.position AND d.sign = -1))
        THEN 'not_sent_to_you' END,
      CASE WHEN a.at > %(now)s + interval '1 day' THEN 'in_future' END,
      CASE WHEN a.replaces_id IS NOT NULL AND r.position IS NULL THEN 'nothing_to_replace' END,
      CASE WHEN a.replaces_id IS NULL AND a.type = 'event.withdrawn' THEN 'needs_replaces' END,
      CASE WHEN r.position IS NOT NULL AND r.type <> a.type AND a.type <> 'event.withdrawn' THEN 'replaces_another_type' END,
      CASE WHEN r.type = 'event.withdrawn' THEN 'withdrawal_stands' END, -- what it undid would not come back
      CASE WHEN r.position IS NOT NULL AND EXISTS (SELECT 1 FROM effect f WHERE f.position = r.position AND f.what = 'began'
          AND NOT EXISTS (SELECT 1 FROM owed w WHERE w.matter = r.matter AND w.promise = f.promise AND w.position = r.position)
        GROUP BY f.promise HAVING sum(f.sign) > 0)
        THEN 'answered_already' END,
      CASE WHEN r.position IS NOT NULL AND EXISTS (SELECT 1 FROM effect f WHERE f.position = r.position AND f.what IN ('answered', 'called off')
          AND EXISTS (SELECT 1 FROM owed w WHERE w.matter = r.matter AND w.promise = f.promise AND w.position <> r.position)
        GROUP BY f.promise HAVING sum(f.sign) > 0)
        THEN 'opened_again' END,
      CASE WHEN a.type = 'event.withdrawn' AND r.type = 'resident.registered' AND NOT EXISTS (SELECT 1 FROM event x
          WHERE x.type = 'resident.registered' AND x.client = r.client AND x.sign = 1 AND x.position <> r.position
          AND x.data->>'municipality' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = x.position))
        THEN 'only_registration' WHEN a.type = 'event.withdrawn' AND r.type = 'unit.opened' AND NOT EXISTS (SELECT 1 FROM event x
          WHERE x.type = 'unit.opened' AND x.unit = r.unit AND x.sign = 1 AND x.position <> r.position
          AND x.data->>'municipality' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = x.position))
        THEN 'only_registration' END
    ], NULL) AS reasons
  FROM arriving a
  LEFT JOIN kinds k ON k.type = a.type
  LEFT JOIN versions v ON v.service = a.service
  LEFT JOIN LATERAL (
    SELECT x.unit, x.municipality, x.producer FROM unit x WHERE x.unit = a.unit
    ORDER BY x.valid_from <= a.day DESC, x.valid_from DESC, x.position DESC LIMIT 1
  ) u ON true
  LEFT JOIN LATERAL (
    SELECT x.client, CASE WHEN x.protected THEN '' ELSE x.municipality END AS municipality, x.born FROM client x WHERE x.client = a.client AND x.valid_from <= a.day
    ORDER BY x.valid_from DESC, x.position DESC LIMIT 1
  ) c ON true
  LEFT JOIN LATERAL (
    SELECT -- what was erased of a client is not held against whoever sends the event again
      coalesce(e.matter LIKE 'erased-%%', false)
      OR (e.type, e.at, e.service, e.unit, e.client, e.matter, e.due, e.quantity, e.of_quantity, e.cents, coalesce(e.data, '{}'),
        (SELECT CASE WHEN x.id LIKE 'erased-%%' THEN a.replaces_id ELSE x.id END FROM event x WHERE x.position = e.replaces))
      IS NOT DISTINCT FROM (a.type, a.at, a.service, a.unit, a.client, a.matter, a.due, a.quantity, a.of_quantity, a.cents,
        coalesce(a.data, '{}') - ARRAY(SELECT n FROM unnest(k.naming) n WHERE NOT coalesce(e.data ? n, false)), a.replaces_id)
      AS same
    FROM event e WHERE e.id = a.id AND e.source = a.source LIMIT 1
  ) p ON true
  LEFT JOIN LATERAL (
    SELECT e.position, e.type, e.matter, e.client, e.unit, e.producer FROM event e WHERE e.id = a.replaces_id AND e.source = a.source AND e.sign = 1
      AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = e.position) LIMIT 1
  ) r ON a.replaces_id IS NOT NULL
  WHERE (a.type IN ('resident.registered', 'unit.opened')) = %(registers)s
  ORDER BY a.line
) s;

-- name: take_back
WITH undone AS (
  INSERT INTO event (recorded_at, at, source, id, type, service, unit, client, matter, due, quantity, of_quantity, cents, data,
    sign, replaces, municipality, producer, definition, sender)
  SELECT %(now)s, e.at, e.source, e.id || '#undone', e.type, e.service, e.unit, e.client, e.matter, e.due, e.quantity,
    e.of_quantity, e.cents, e.data, -1, e.position, e.municipality, e.producer, e.definition, %(sender)s::jsonb
  FROM judged j JOIN event e ON e.position = j.replaces
  WHERE j.reasons = '{}' AND NOT j.repeated
  RETURNING position, replaces, matter, client, @hash@ AS hash
), covered AS (
  INSERT INTO tail (position, events, hash) SELECT max(position), count(*), bit_xor(hash) FROM undone HAVING count(*) > 0
), standing AS MATERIALIZED (
  SELECT u.position AS since, u.matter, u.client, f.position, f.promise, f.what, f.day, f.unit, f.municipality, f.began,
    sum(f.total) AS total, sum(f.met) AS met, sum(f.late) AS late
  FROM undone u JOIN effect f ON f.position = u.replaces
  GROUP BY u.position, u.matter, u.client, f.position, f.promise, f.what, f.day, f.unit, f.municipality, f.began HAVING sum(f.sign) > 0
), taken AS (
  INSERT INTO effect (position, since, sign, promise, what, day, unit, municipality, known_on, total, met, late, began, client)
  SELECT position, since, -1, promise, what, day, unit, municipality, %(known_on)s, -total, -met, -late, began, client FROM standing
), no_longer AS (
  DELETE FROM owed w USING standing s
  WHERE s.what = 'began' AND w.matter = s.matter AND w.promise = s.promise AND w.position = s.position
  RETURNING 1
)
INSERT INTO owed (matter, promise, position, due, unit, client, municipality)
SELECT matter, promise, began, day, nullif(unit, ''), client, nullif(municipality, '') FROM standing
WHERE what IN ('answered', 'called off') AND (SELECT count(*) FROM no_longer) >= 0;  -- what it began goes before what it answered comes back

-- name: begin
INSERT INTO beginning
SELECT j.position, o.promise, j.round, j.matter, d.due, j.unit, j.client, j.municipality
FROM judged j JOIN openings o ON o.type = j.type AND o.service = j.service
  AND (o.age_below IS NULL OR j.born + make_interval(years => o.age_below) > j.day)
  AND (o.age_at_least IS NULL OR j.born + make_interval(years => o.age_at_least) <= j.day)
LEFT JOIN working_dues w ON w.working = o.working AND w.day = j.day
CROSS JOIN LATERAL (SELECT coalesce((j.day + make_interval(months => o.months, days => o.days))::date, w.due, j.due) AS due) d
WHERE j.matter IS NOT NULL AND d.due IS NOT NULL AND j.reasons = '{}' AND NOT j.repeated;

-- name: settle
WITH met AS MATERIALIZED (
  SELECT j.position, j.type, w.matter, w.promise
  FROM judged j JOIN owed w ON w.matter = j.matter
  WHERE j.type IN (SELECT a.type FROM answers a) AND j.round = %(round)s AND j.reasons = '{}' AND NOT j.repeated
), hit AS (
  SELECT m.position, m.matter, m.promise, a.called_off
  FROM met m JOIN answers a ON a.type = m.type AND a.promise = m.promise
), gone AS (
  DELETE FROM owed w USING hit h WHERE w.matter = h.matter AND w.promise = h.promise
  RETURNING h.position, w.promise, w.due, w.unit, w.municipality, h.called_off, w.position
)
INSERT INTO settled SELECT * FROM gone;

-- name: open
WITH now_owed AS (
  INSERT INTO owed (matter, promise, position, due, unit, client, municipality)
  SELECT matter, promise, position, due, unit, client, municipality FROM beginning WHERE round = %(round)s
  ORDER BY position
  ON CONFLICT DO NOTHING
  RETURNING position, promise, due, unit, municipality, client
)
INSERT INTO begun SELECT * FROM now_owed;

-- name: write
WITH written AS (
INSERT INTO event (position, recorded_at, at, source, id, type, service, unit, client, matter, due, quantity, of_quantity, cents,
  data, replaces, municipality, producer, definition, sender, salt)
SELECT j.position, %(now)s, j.at, j.source, j.id, j.type, j.service, j.unit, j.client, j.matter, j.due, j.quantity, j.of_quantity,
  j.cents, j.data, j.replaces, j.municipality, j.producer, v.definition,
  CASE WHEN j.file_row IS NULL THEN %(sender)s::jsonb ELSE %(sender)s::jsonb || jsonb_build_object('row', j.file_row) END,
  j.salt
FROM judged j
LEFT JOIN versions v ON v.service = j.service
WHERE j.reasons = '{}' AND NOT j.repeated
ORDER BY j.position
RETURNING position, @hash@ AS hash
)
INSERT INTO tail (position, events, hash) SELECT max(position), count(*), bit_xor(hash) FROM written HAVING count(*) > 0;

-- name: mean
INSERT INTO effect (position, since, sign, promise, what, day, unit, municipality, known_on, total, met, late, began, client)
SELECT position, position, 1, promise, what, day, coalesce(unit, ''), coalesce(municipality, ''), %(known_on)s, coalesce(total, 0), coalesce(met, 0), late, began, client
FROM (
  SELECT position, promise, 'began' AS what, due AS day, unit, municipality, 1::bigint AS total, 0::bigint AS met, 0 AS late, NULL::bigint AS began, client FROM begun
  UNION ALL
  SELECT s.position, s.promise, CASE WHEN s.called_off THEN 'called off' ELSE 'answered' END, s.due, s.unit, s.municipality,
    -s.called_off::int, (NOT s.called_off AND j.day <= s.due)::int, (NOT s.called_off AND j.day > s.due)::int, s.began, j.client
  FROM settled s JOIN judged j ON j.position = s.position
  UNION ALL
  SELECT j.position, c.promise, 'counted', coalesce(j.due, j.day), j.unit, j.municipality,
    CASE c.how WHEN 'at_least' THEN 1 WHEN 'exact' THEN 1 WHEN 'ratio' THEN j.of_quantity WHEN 'limit' THEN j.quantity
      WHEN 'demand' THEN 1 ELSE 0 END,
    CASE c.how WHEN 'at_least' THEN (j.quantity >= c.threshold)::int WHEN 'exact' THEN (j.cents = j.expected)::int
      WHEN 'ratio' THEN j.quantity WHEN 'sum' THEN j.cents WHEN 'plus' THEN 1 WHEN 'minus' THEN -1 ELSE 0 END,
    0, NULL, j.client
  FROM judged j JOIN countings c ON c.type = j.type AND c.service = j.service AND (c.how <> 'exact' OR j.expected IS NOT NULL)
    AND (c.how <> 'at_least' OR j.quantity IS NOT NULL)
  WHERE j.reasons = '{}' AND NOT j.repeated
) f ORDER BY position;

-- name: refused
SELECT line, reasons FROM judged WHERE reasons <> '{}' AND NOT repeated ORDER BY line;

-- name: replaced
SELECT DISTINCT e.type FROM judged j JOIN event e ON e.position = j.replaces WHERE j.reasons = '{}' AND NOT j.repeated;

-- name: rounds
SELECT coalesce(max(round), 0) FROM judged WHERE reasons = '{}' AND NOT repeated;

-- name: counts
SELECT count(*) FILTER (WHERE repeated), count(*) FILTER (WHERE NOT repeated AND reasons = '{}'), max(position) FROM judged;

-- name: folded
SELECT promise, day, known_on, unit, municipality, sum(total)::bigint AS total, sum(met)::bigint AS met, sum(late)::bigint AS late
FROM effect f
WHERE f.since > %(after)s AND f.since <= %(upto)s AND NOT EXISTS (SELECT 1 FROM public.uncounted u WHERE u.position = f.since)
GROUP BY 1, 2, 3, 4, 5;

-- name: fold
WITH g AS MATERIALIZED (
  SELECT * FROM folded
), known AS (
  INSERT INTO tally AS t (promise, day, known_on, unit, municipality, total, met, late)
  SELECT promise, day, known_on, unit, municipality, total, met, late FROM g
  ON CONFLICT (promise, day, known_on, unit, municipality) DO UPDATE
  SET total = t.total + excluded.total, met = t.met + excluded.met, late = t.late + excluded.late
)
INSERT INTO tally_now AS t (promise, day, unit, municipality, total, met, late)
SELECT promise, day, unit, municipality, sum(total), sum(met), sum(late) FROM g GROUP BY 1, 2, 3, 4
ON CONFLICT (promise, day, unit, municipality) DO UPDATE
SET total = t.total + excluded.total, met = t.met + excluded.met, late = t.late + excluded.late;
