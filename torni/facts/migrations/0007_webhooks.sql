-- Webhooks: what producers' own systems are told of the plans sent to them, each message until it is confirmed. A message tells
-- that something was sent and where it is fetched; nothing of the client.

-- Where a producer wants to be told. The secret signs; it is read by the owner's worker alone.
CREATE TABLE webhook (
  webhook       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  producer      text NOT NULL,
  url           text NOT NULL CHECK (length(url) BETWEEN 8 AND 500),
  secret        text NOT NULL,
  since         bigint NOT NULL, -- told of what was written after this position
  made_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE webhook_ended (
  webhook       bigint PRIMARY KEY REFERENCES webhook,
  at            timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- How each message stands: the worker's own book-keeping. Its history is only ever added.
CREATE TABLE delivery (
  webhook       bigint NOT NULL REFERENCES webhook,
  position      bigint NOT NULL,
  line          bigint NOT NULL, -- the position of the client's first event: one client's are told in their order
  state         text   NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead', 'set aside')),
  tries         int    NOT NULL DEFAULT 0,
  first_at      timestamptz,     -- the first try of this round
  due_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_at       timestamptz,
  PRIMARY KEY (webhook, position)
) WITH (fillfactor = 80);
CREATE INDEX delivery_line ON delivery (webhook, line, position) WHERE state IN ('waiting', 'dead');
CREATE INDEX delivery_due ON delivery (due_at) WHERE state = 'waiting';
CREATE INDEX delivery_dead ON delivery (position) WHERE state = 'dead';
CREATE TABLE delivery_try (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook       bigint NOT NULL,
  position      bigint NOT NULL,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  status        int,             -- what was answered; null where nothing was
  fault         text,            -- the kind of failure: a word, never what the other side said
  ms            int NOT NULL
);
CREATE INDEX delivery_try_of ON delivery_try (webhook, position, number);
CREATE TABLE delivery_word (     -- what a person did: again, or set aside
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook       bigint NOT NULL,
  position      bigint NOT NULL,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  word          text NOT NULL CHECK (word IN ('again', 'set aside')),
  by_whom       text NOT NULL
);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON webhook FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON webhook_ended FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON delivery_try FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON delivery_word FOR EACH ROW EXECUTE FUNCTION only_added();
INSERT INTO consumer (name, position) SELECT 'webhooks', coalesce(max(position), 0) FROM event;

-- The webhooks that the one who asks may see, and how each stands. What may stand after the address (?...) is not shown.
CREATE FUNCTION webhooks_shown() RETURNS TABLE (webhook bigint, producer text, url text, made_at timestamptz, ended_at timestamptz, waiting bigint,
  dead bigint, delivered bigint, tried_at timestamptz, status int, fault text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT w.webhook, w.producer, split_part(w.url, '?', 1), w.made_at, x.at, count(*) FILTER (WHERE d.state = 'waiting'),
    count(*) FILTER (WHERE d.state = 'dead'), count(*) FILTER (WHERE d.state = 'delivered'), l.at, l.status, l.fault
  FROM webhook w LEFT JOIN webhook_ended x USING (webhook) LEFT JOIN delivery d USING (webhook)
  LEFT JOIN LATERAL (SELECT t.at, t.status, t.fault FROM delivery_try t WHERE t.webhook = w.webhook ORDER BY t.number DESC LIMIT 1) l ON true
  WHERE is_staff() OR w.producer = asks_for_producer()
  GROUP BY w.webhook, x.at, l.at, l.status, l.fault ORDER BY w.producer, w.webhook $$;

-- The newest messages, all that are dead among them, and how each stands; or one alone. `behind`: waits for an earlier one of the same client.
CREATE FUNCTION deliveries(most int, of_webhook bigint, of_position bigint) RETURNS TABLE (webhook bigint, "position" bigint, producer text, type text, unit text, service text, at timestamptz,
  state text, tries int, due_at timestamptz, done_at timestamptz, status int, fault text, behind boolean, task bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT d.webhook, d.position, w.producer, e.type, e.unit, s.service, e.at, d.state, d.tries, d.due_at, d.done_at, l.status, l.fault,
    d.state = 'waiting' AND EXISTS (SELECT 1 FROM delivery p WHERE p.webhook = d.webhook AND p.line = d.line AND p.position < d.position
      AND p.state IN ('waiting', 'dead')), s.position
  FROM (SELECT v.webhook, of_position AS position FROM webhook v WHERE v.webhook = of_webhook AND (is_staff() OR v.producer = asks_for_producer())
    UNION SELECT x.webhook, x.position FROM delivery x JOIN webhook v USING (webhook) WHERE of_webhook IS NULL AND x.state = 'dead'
      AND (is_staff() OR v.producer = asks_for_producer())
    UNION (SELECT y.webhook, y.position FROM webhook v CROSS JOIN LATERAL (SELECT x.webhook, x.position FROM delivery x WHERE x.webhook = v.webhook
      ORDER BY x.position DESC LIMIT most) y WHERE of_webhook IS NULL AND (is_staff() OR v.producer = asks_for_producer()) ORDER BY y.position DESC LIMIT most)) f
  JOIN delivery d USING (webhook, position) JOIN webhook w USING (webhook) JOIN event e USING (position)
  LEFT JOIN LATERAL (SELECT o.position, o.data->'item'->>'service' AS service FROM event o WHERE o.matter = e.matter AND o.type LIKE 'plan.%' AND o.type = 'plan.sent'
    ORDER BY o.position LIMIT 1) s ON true
  LEFT JOIN LATERAL (SELECT t.status, t.fault FROM delivery_try t WHERE t.webhook = d.webhook AND t.position = d.position ORDER BY t.number DESC LIMIT 1) l ON true
  ORDER BY d.state = 'dead' DESC, d.position DESC, d.webhook $$;

-- The history of one message: each try, and what a person did.
CREATE FUNCTION delivery_history(of_webhook bigint, of_position bigint) RETURNS TABLE (at timestamptz, status int, fault text, ms int, word text, by_whom text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT h.* FROM webhook w CROSS JOIN LATERAL (
    SELECT t.at, t.status, t.fault, t.ms, NULL::text AS word, NULL::text AS by_whom FROM delivery_try t WHERE t.webhook = of_webhook AND t.position = of_position
    UNION ALL SELECT o.at, NULL, NULL, NULL, o.word, o.by_whom FROM delivery_word o WHERE o.webhook = of_webhook AND o.position = of_position) h
  WHERE w.webhook = of_webhook AND (is_staff() OR w.producer = asks_for_producer()) ORDER BY h.at $$;

-- Send a message again, or set a dead one aside so that the client's later ones go on. A supervisor may, and the producer its own.
CREATE FUNCTION redeliver(of_webhook bigint, of_position bigint, what text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  who text := (SELECT shown FROM account WHERE account = nullif(current_setting('torni.account', true), '')::bigint);
BEGIN
  IF who IS NULL OR NOT EXISTS (SELECT 1 FROM webhook w WHERE w.webhook = of_webhook AND NOT EXISTS (SELECT 1 FROM webhook_ended x WHERE x.webhook = w.webhook)
    AND (asks_as() = 'supervisor' OR w.producer = asks_for_producer())) THEN RETURN false; END IF;
  RETURN redeliver_as(of_webhook, of_position, what, who);
END $$;
CREATE FUNCTION redeliver_as(of_webhook bigint, of_position bigint, what text, who text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE delivery d SET state = CASE what WHEN 'again' THEN 'waiting' ELSE 'set aside' END, tries = 0, first_at = NULL, due_at = clock_timestamp(),
    done_at = NULL
  WHERE d.webhook = of_webhook AND d.position = of_position AND (d.state = 'dead' OR (what = 'again' AND d.state IN ('delivered', 'set aside')));
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO delivery_word (webhook, position, word, by_whom) VALUES (of_webhook, of_position, what, who);
  NOTIFY torni_written;
  RETURN true;
END $$;
REVOKE EXECUTE ON FUNCTION webhooks_shown(), deliveries(int, bigint, bigint), delivery_history(bigint, bigint), redeliver(bigint, bigint, text),
  redeliver_as(bigint, bigint, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION webhooks_shown(), deliveries(int, bigint, bigint), delivery_history(bigint, bigint), redeliver(bigint, bigint, text) TO torni_pages;

-- A producer's machine reads as the producer does, by its feed's key; the reading names the feed.
CREATE OR REPLACE FUNCTION open_client(of_client bigint, of_event bigint, what text, why text, emergency boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  who bigint := coalesce(of_client, (SELECT e.client FROM event e WHERE e.position = of_event));
  held text := right_to_read(who);
  machine text := nullif(current_setting('torni.machine', true), '');
BEGIN
  IF NOT EXISTS (SELECT 1 FROM client c WHERE c.client = who) OR (held IS NULL AND NOT (emergency AND
      asks_as() IN ('adviser', 'case_manager') AND length(open_client.why) >= 10)) THEN
    RETURN NULL;
  END IF;
  IF machine IS NOT NULL AND asks_as() = 'producer' THEN
    INSERT INTO reading (client, shown, role, what, why) VALUES (who, machine, 'producer', open_client.what, held);
    RETURN who;
  END IF;
  INSERT INTO reading (client, account, shown, role, what, why, emergency)
  SELECT who, a.account, a.shown, asks_as(), open_client.what, coalesce(nullif(open_client.why, ''), held), held IS NULL
  FROM account a WHERE a.account = nullif(current_setting('torni.account', true), '')::bigint;
  IF NOT FOUND THEN RETURN NULL; END IF;
  RETURN who;
END $$;
