-- What producers bring to the database: each function is named with who may call it in torni/core/rooms.py.

-- The units approved as voucher producers of a service, each with the newest price of an hour: nothing of a person.
CREATE FUNCTION voucher_prices(of_service text) RETURNS TABLE (unit text, cents bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT ON (e.unit) e.unit, e.cents FROM event e WHERE e.type = 'voucher_producer.approved' AND e.service = of_service AND e.sign = 1
    AND NOT EXISTS (SELECT 1 FROM event x WHERE x.replaces = e.position) ORDER BY e.unit, e.at DESC, e.position DESC $$;

-- In which languages each unit serves, as last told with its opening or its approval: nothing of a person.
CREATE FUNCTION unit_languages() RETURNS TABLE (unit text, languages text) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT u.unit, e.told FROM (SELECT DISTINCT unit.unit FROM unit) u CROSS JOIN LATERAL (
    SELECT e.data->>'languages' AS told FROM event e WHERE e.unit = u.unit AND e.client IS NULL AND e.sign = 1
      AND e.type IN ('unit.opened', 'voucher_producer.approved') AND e.data->>'languages' IS NOT NULL
    ORDER BY e.at DESC, e.position DESC LIMIT 1) e $$;

-- A producer's inbox: all that is still to be confirmed (owed by these promises) and the newest of the rest, and how each stands.
-- Nothing of the client: that is opened one by one, where it still may be (`opens`).
CREATE FUNCTION inbox(most int, promises text[]) RETURNS TABLE ("position" bigint, at timestamptz, unit text, service text, version int,
  ends date, due date, owed boolean, answer text, answered_at timestamptz, opened_by text, opens boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.position, e.at, e.unit, e.data->'item'->>'service',
    CASE WHEN e.data->>'version' ~ '^[0-9]{1,6}$' THEN (e.data->>'version')::int END,
    CASE WHEN e.data->'item'->>'ends' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN (e.data->'item'->>'ends')::date END,
    (SELECT min(f.day) FROM effect f WHERE f.position = e.position AND f.what = 'began' AND f.promise = ANY (promises)),
    EXISTS (SELECT 1 FROM owed o WHERE o.matter = e.matter AND o.promise = ANY (promises) AND o.position = e.position), a.type, a.at,
    (SELECT o.data->>'by' FROM event o WHERE o.matter = e.matter AND o.type LIKE 'plan.%' AND o.type = 'plan.opened' AND o.sign = 1
      ORDER BY o.position LIMIT 1),
    right_to_read(e.client) IS NOT NULL
  FROM event e
  LEFT JOIN LATERAL (SELECT x.type, x.at FROM event x WHERE x.matter = e.matter AND x.sign = 1 AND x.type LIKE 'plan.%'
    AND x.type NOT IN ('plan.sent', 'plan.opened') ORDER BY x.position DESC LIMIT 1) a ON true
  WHERE (SELECT how('inbox') = 'own units') AND e.type = 'plan.sent' AND e.producer = asks_for_producer() AND e.sign = 1
    AND (asks_for_unit() IS NULL OR e.unit = asks_for_unit())
    AND e.position = ANY (ARRAY(
    (SELECT n.position FROM event n WHERE n.type = 'plan.sent' AND n.type IN ('plan.sent', 'plan.recalled') AND n.producer = asks_for_producer()
      AND (asks_for_unit() IS NULL OR n.unit = asks_for_unit()) ORDER BY n.position DESC LIMIT most)
    UNION SELECT o.position FROM owed o WHERE o.promise = ANY (promises) AND o.unit IN (SELECT own_units())))
  ORDER BY e.position DESC $$;

-- The questions about visits not made that wait for the producer's answer, the oldest first. Nothing of the client, as above.
CREATE FUNCTION missed_questions(most int) RETURNS TABLE ("position" bigint, at timestamptz, unit text, service text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT q.position, q.at, q.unit, q.service FROM event q
  WHERE (SELECT how('inbox') = 'own units') AND q.type = 'missed_visits.asked' AND q.producer = asks_for_producer() AND q.sign = 1
    AND (asks_for_unit() IS NULL OR q.unit = asks_for_unit())
    AND NOT EXISTS (SELECT 1 FROM event a WHERE a.matter = q.matter AND a.type = 'missed_visits.answered' AND a.sign = 1 AND a.client = q.client)
    AND NOT EXISTS (SELECT 1 FROM event x WHERE x.replaces = q.position)
  ORDER BY q.position LIMIT most $$;

-- The webhooks that the one who asks may see, and how each stands. What may stand after the address (?...) is not shown.
CREATE FUNCTION webhooks_shown() RETURNS TABLE (webhook bigint, producer text, url text, made_at timestamptz, ended_at timestamptz,
  waiting bigint, dead bigint, delivered bigint, tried_at timestamptz, status int, fault text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT w.webhook, w.producer, split_part(w.url, '?', 1), w.made_at, x.at, count(*) FILTER (WHERE d.state = 'waiting'),
    count(*) FILTER (WHERE d.state = 'dead'), count(*) FILTER (WHERE d.state = 'delivered'), l.at, l.status, l.fault
  FROM webhook w LEFT JOIN webhook_ended x USING (webhook) LEFT JOIN delivery d USING (webhook)
  LEFT JOIN LATERAL (SELECT t.at, t.status, t.fault FROM delivery_try t WHERE t.webhook = w.webhook ORDER BY t.number DESC LIMIT 1) l ON true
  WHERE of_producer('deliveries', w.producer)
  GROUP BY w.webhook, x.at, l.at, l.status, l.fault ORDER BY w.producer, w.webhook $$;

-- The newest messages, all that are dead among them, and how each stands; or one alone. `behind`: waits for an earlier one of the
-- same client.
CREATE FUNCTION deliveries(most int, of_webhook bigint, of_position bigint) RETURNS TABLE (webhook bigint, "position" bigint, producer text,
  type text, unit text, service text, at timestamptz, state text, tries int, due_at timestamptz, done_at timestamptz, status int, fault text,
  behind boolean, task bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH seen AS MATERIALIZED (SELECT w.webhook FROM webhook w WHERE of_producer('deliveries', w.producer))
  SELECT d.webhook, d.position, w.producer, e.type, e.unit, s.service, e.at, d.state, d.tries, d.due_at, d.done_at, l.status, l.fault,
    d.state = 'waiting' AND EXISTS (SELECT 1 FROM delivery p WHERE p.webhook = d.webhook AND p.line = d.line AND p.position < d.position
      AND p.state IN ('waiting', 'dead')), s.position
  FROM (SELECT v.webhook, of_position AS position FROM seen v WHERE v.webhook = of_webhook
    UNION SELECT x.webhook, x.position FROM delivery x JOIN seen v USING (webhook) WHERE of_webhook IS NULL AND x.state = 'dead'
    UNION (SELECT y.webhook, y.position FROM seen v CROSS JOIN LATERAL (SELECT x.webhook, x.position FROM delivery x
      WHERE x.webhook = v.webhook ORDER BY x.position DESC LIMIT most) y WHERE of_webhook IS NULL ORDER BY y.position DESC LIMIT most)) f
  JOIN delivery d USING (webhook, position) JOIN webhook w USING (webhook) JOIN event e USING (position)
  LEFT JOIN LATERAL (SELECT o.position, o.data->'item'->>'service' AS service FROM event o WHERE o.matter = e.matter
    AND o.type LIKE 'plan.%' AND o.type = 'plan.sent' ORDER BY o.position LIMIT 1) s ON true
  LEFT JOIN LATERAL (SELECT t.status, t.fault FROM delivery_try t WHERE t.webhook = d.webhook AND t.position = d.position
    ORDER BY t.number DESC LIMIT 1) l ON true
  ORDER BY d.state = 'dead' DESC, d.position DESC, d.webhook $$;

-- The history of one message: each try, and what a person did.
CREATE FUNCTION delivery_history(of_webhook bigint, of_position bigint)
RETURNS TABLE (at timestamptz, status int, fault text, ms int, word text, by_whom text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT h.* FROM webhook w CROSS JOIN LATERAL (
    SELECT t.at, t.status, t.fault, t.ms, NULL::text AS word, NULL::text AS by_whom FROM delivery_try t
      WHERE t.webhook = of_webhook AND t.position = of_position
    UNION ALL SELECT o.at, NULL, NULL, NULL, o.word, o.by_whom FROM delivery_word o
      WHERE o.webhook = of_webhook AND o.position = of_position) h
  WHERE w.webhook = of_webhook AND of_producer('deliveries', w.producer) ORDER BY h.at $$;

-- Send a message again, or set a dead one aside so that the client's later ones go on.
CREATE FUNCTION redeliver(of_webhook bigint, of_position bigint, what text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  who text := (SELECT shown FROM account WHERE account = nullif(current_setting('torni.account', true), '')::bigint);
BEGIN
  IF who IS NULL OR NOT EXISTS (SELECT 1 FROM webhook w WHERE w.webhook = of_webhook AND of_producer('send_again', w.producer)
    AND NOT EXISTS (SELECT 1 FROM webhook_ended x WHERE x.webhook = w.webhook)) THEN RETURN false; END IF;
  RETURN redeliver_as(of_webhook, of_position, what, who);
END $$;
CREATE FUNCTION redeliver_as(of_webhook bigint, of_position bigint, what text, who text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE delivery d SET state = CASE what WHEN 'again' THEN 'waiting' ELSE 'set aside' END, tries = 0, first_at = NULL,
    due_at = clock_timestamp(), done_at = NULL
  WHERE d.webhook = of_webhook AND d.position = of_position
    AND (d.state = 'dead' OR (what = 'again' AND d.state IN ('delivered', 'set aside')));
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO delivery_word (webhook, position, word, by_whom) VALUES (of_webhook, of_position, what, who);
  NOTIFY torni_written;
  RETURN true;
END $$;
