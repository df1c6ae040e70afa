-- Guidance: whose client each is, what waits for whom, and who may open whose data.

ALTER TABLE client ADD COLUMN name text CHECK (length(name) <= 200);

-- Whose client each is: a state row, explained by its event case_manager.named. The newest holds; none (null) ends it.
CREATE TABLE care (
  client        bigint NOT NULL,
  valid_from    date   NOT NULL,
  position      bigint NOT NULL,
  case_manager  text,            -- the name of the account
  PRIMARY KEY (client, valid_from, position)
);
CREATE INDEX care_manager ON care (case_manager, client);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON care FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE OR REPLACE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('torni.erasing', true) = 'yes' AND TG_OP <> 'TRUNCATE' AND TG_TABLE_NAME ~ '^(event|client|care|quarantine)' THEN
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END; -- erasure is its own audited procedure: torni.facts.persons
  END IF;
  RAISE EXCEPTION 'facts are only added: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- What was sent to producers, in the order it was written: what their inboxes and webhooks follow.
CREATE INDEX event_sent ON event (position) WHERE type IN ('plan.sent', 'plan.recalled');
CREATE INDEX event_sent_to ON event (producer, position) WHERE type IN ('plan.sent', 'plan.recalled');
CREATE INDEX event_paid ON event (client, at) WHERE cents IS NOT NULL AND client IS NOT NULL;
CREATE INDEX event_answers ON event (matter) WHERE type LIKE 'plan.%';

ALTER TABLE reading ADD COLUMN emergency boolean NOT NULL DEFAULT false;
CREATE INDEX reading_day ON reading (account, client, at);

CREATE FUNCTION asks_by_name() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT name FROM account WHERE account = nullif(current_setting('torni.account', true), '')::bigint $$;
CREATE FUNCTION manager_of(of_client bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT case_manager FROM care WHERE client = of_client ORDER BY valid_from DESC, position DESC LIMIT 1 $$;

-- What gives the right to open a client's data: the reason that is written down of itself, or null. An official has it through
-- the matter at hand: a case manager for own clients, an adviser for those whose need was reported within a year.
CREATE FUNCTION right_to_read(who bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE asks_as()
    WHEN 'case_manager' THEN CASE WHEN manager_of(who) = asks_by_name() THEN 'own client' END
    WHEN 'adviser' THEN CASE WHEN EXISTS (SELECT 1 FROM event e WHERE e.client = who AND e.type = 'need.reported'
      AND e.at > (SELECT recorded_at FROM room) - interval '1 year') THEN 'need reported' END
    WHEN 'supervisor' THEN 'supervision'
    WHEN 'controller' THEN CASE WHEN EXISTS (SELECT 1 FROM event e WHERE e.client = who AND e.cents IS NOT NULL) THEN 'fees' END
    WHEN 'producer' THEN CASE WHEN EXISTS (SELECT 1 FROM event e WHERE e.client = who AND e.producer = asks_for_producer()) THEN 'own client' END
    WHEN 'resident' THEN CASE WHEN who = asks_of_self() THEN 'own data' END END $$;

-- Say that a client's data is read, and why. Without a reason of one's own the right's own is written. In an emergency an adviser
-- or a case manager may open anybody's: with a reason of one's own, marked, and told to the supervisors and to the client.
CREATE FUNCTION open_client(of_client bigint, of_event bigint, what text, why text, emergency boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  who bigint := coalesce(of_client, (SELECT e.client FROM event e WHERE e.position = of_event));
  held text := right_to_read(who);
BEGIN
  IF NOT EXISTS (SELECT 1 FROM client c WHERE c.client = who) OR (held IS NULL AND NOT (emergency AND
      asks_as() IN ('adviser', 'case_manager') AND length(open_client.why) >= 10)) THEN
    RETURN NULL;
  END IF;
  INSERT INTO reading (client, account, shown, role, what, why, emergency)
  SELECT who, a.account, a.shown, asks_as(), open_client.what, coalesce(nullif(open_client.why, ''), held), held IS NULL
  FROM account a WHERE a.account = nullif(current_setting('torni.account', true), '')::bigint;
  IF NOT FOUND THEN RETURN NULL; END IF;
  RETURN who;
END $$;
DROP FUNCTION read_client(bigint, bigint, text, text);
CREATE FUNCTION read_client(of_client bigint, of_event bigint, what text, why text) RETURNS bigint LANGUAGE sql AS $$
  SELECT open_client(of_client, of_event, what, why, false) $$;

-- What waits for the one who asks: a case manager's own clients', an adviser's of the whole region, the soonest due first. Names
-- are read with it, so each client shown is a reading, written once a day.
CREATE FUNCTION own_work(promises text[], late text[], today date, most int)
RETURNS TABLE (promise text, "position" bigint, due date, unit text, name text, born date, protected boolean, began timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  me text := asks_by_name();
  found owed[];
BEGIN
  IF me IS NULL OR asks_as() NOT IN ('adviser', 'case_manager') THEN RETURN; END IF;
  IF asks_as() = 'case_manager' THEN
    SELECT array_agg(x) INTO found FROM (
      SELECT o AS x FROM owed o
      WHERE (o.promise = ANY (promises) OR (o.promise = ANY (late) AND o.due < today AND o.due > today - 60))
        AND o.client = ANY (ARRAY(SELECT DISTINCT c.client FROM care c WHERE c.case_manager = me AND manager_of(c.client) = me))
      ORDER BY o.due, o.position LIMIT most) s;
  ELSE
    SELECT array_agg(x) INTO found FROM (
      SELECT o AS x FROM owed o WHERE o.promise = ANY (promises) AND o.client IS NOT NULL ORDER BY o.due, o.position LIMIT most) s;
  END IF;
  INSERT INTO reading (client, account, shown, role, what, why)
  SELECT DISTINCT f.client, a.account, a.shown, asks_as(), 'worklist', CASE asks_as() WHEN 'adviser' THEN 'need reported' ELSE 'own client' END
  FROM unnest(found) f, account a
  WHERE a.name = me AND NOT EXISTS (SELECT 1 FROM reading r WHERE r.account = a.account AND r.client = f.client AND r.what = 'worklist'
    AND r.at > clock_timestamp() - interval '12 hours');
  RETURN QUERY SELECT f.promise, f.position, f.due, f.unit, c.name, c.born, c.protected, e.at
    FROM unnest(found) f
    JOIN LATERAL (SELECT x.name, x.born, x.protected FROM client x WHERE x.client = f.client ORDER BY x.valid_from DESC, x.position DESC LIMIT 1) c ON true
    JOIN event e ON e.position = f.position
    ORDER BY f.due, f.position;
END $$;

-- A case manager's own clients: the position of the event that made each so, and the name. A reading as above.
CREATE FUNCTION own_clients() RETURNS TABLE ("position" bigint, name text, born date, protected boolean, since date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF asks_as() <> 'case_manager' OR asks_by_name() IS NULL THEN RETURN; END IF;
  INSERT INTO reading (client, account, shown, role, what, why)
  SELECT DISTINCT f.client, a.account, a.shown, asks_as(), 'worklist', 'own client'
  FROM care f, account a
  WHERE f.case_manager = a.name AND manager_of(f.client) = a.name
    AND a.account = nullif(current_setting('torni.account', true), '')::bigint AND NOT EXISTS (SELECT 1 FROM reading r
    WHERE r.account = a.account AND r.client = f.client AND r.what = 'worklist' AND r.at > clock_timestamp() - interval '12 hours');
  RETURN QUERY SELECT DISTINCT ON (c.name, m.client) m.position, c.name, c.born, c.protected, m.valid_from
    FROM care m
    JOIN LATERAL (SELECT x.name, x.born, x.protected FROM client x WHERE x.client = m.client ORDER BY x.valid_from DESC, x.position DESC LIMIT 1) c ON true
    WHERE m.case_manager = asks_by_name() AND manager_of(m.client) = asks_by_name()
    ORDER BY c.name, m.client, m.valid_from DESC, m.position DESC;
END $$;

-- Own clients whose fees of the year come near a limit: the position of the newest charge, the name, and the sum of those formulas.
CREATE FUNCTION own_fees(since timestamptz, limit_cents bigint, formulas text[]) RETURNS TABLE ("position" bigint, name text, born date, cents bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.position, c.name, c.born, s.cents FROM (
    SELECT mine.client, max(e.position) AS position, sum(e.sign * e.cents)::bigint AS cents
    FROM (SELECT DISTINCT c.client FROM care c WHERE c.case_manager = asks_by_name() AND asks_as() = 'case_manager'
      AND manager_of(c.client) = asks_by_name()) mine
    JOIN event e ON e.client = mine.client AND e.cents IS NOT NULL AND e.at >= since AND e.data->>'formula' = ANY (formulas)
    GROUP BY 1 HAVING sum(e.sign * e.cents) >= limit_cents) s
  JOIN LATERAL (SELECT x.name, x.born FROM client x WHERE x.client = s.client ORDER BY x.valid_from DESC, x.position DESC LIMIT 1) c ON true
  ORDER BY s.cents DESC $$;

-- A producer's inbox: all that is still to be confirmed (owed by these promises) and the newest of the rest, and how each stands.
-- Nothing of the client: that is opened one by one.
CREATE FUNCTION inbox(most int, promises text[]) RETURNS TABLE ("position" bigint, at timestamptz, unit text, service text, version int, ends date, due date,
  owed boolean, answer text, answered_at timestamptz, opened_by text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.position, e.at, e.unit, e.data->'item'->>'service',
    CASE WHEN e.data->>'version' ~ '^[0-9]{1,6}$' THEN (e.data->>'version')::int END,
    CASE WHEN e.data->'item'->>'ends' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN (e.data->'item'->>'ends')::date END, e.owes_on,
    EXISTS (SELECT 1 FROM owed o WHERE o.matter = e.matter AND o.promise = e.owes AND o.position = e.position), a.type, a.at,
    (SELECT o.data->>'by' FROM event o WHERE o.matter = e.matter AND o.type LIKE 'plan.%' AND o.type = 'plan.opened' AND o.sign = 1
      ORDER BY o.position LIMIT 1)
  FROM event e
  LEFT JOIN LATERAL (SELECT x.type, x.at FROM event x WHERE x.matter = e.matter AND x.sign = 1 AND x.type LIKE 'plan.%'
    AND x.type NOT IN ('plan.sent', 'plan.opened') ORDER BY x.position DESC LIMIT 1) a ON true
  WHERE e.type = 'plan.sent' AND e.producer = asks_for_producer() AND e.sign = 1 AND e.position = ANY (ARRAY(
    (SELECT n.position FROM event n WHERE n.type = 'plan.sent' AND n.type IN ('plan.sent', 'plan.recalled') AND n.producer = asks_for_producer()
      ORDER BY n.position DESC LIMIT most)
    UNION SELECT o.position FROM owed o WHERE o.promise = ANY (promises)
      AND o.unit IN (SELECT u.unit FROM unit u WHERE u.producer = asks_for_producer())))
  ORDER BY e.position DESC $$;

-- How full each unit's list is: nothing of a person, for whoever chooses.
CREATE FUNCTION list_room(of_promise text) RETURNS TABLE (unit text, listed bigint, most bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT unit, sum(met)::bigint, sum(total)::bigint FROM tally_now WHERE promise = of_promise GROUP BY unit $$;

-- Emergency openings, for those who supervise them: when, who, why; whose is not told.
CREATE FUNCTION emergencies() RETURNS TABLE (at timestamptz, shown text, role text, why text) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT at, shown, role, why FROM reading WHERE emergency AND asks_as() IN ('supervisor', 'director')
    AND at > clock_timestamp() - interval '90 days' ORDER BY number DESC LIMIT 200 $$;

ALTER TABLE care ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_client_being_read ON care FOR SELECT TO torni_pages USING (
  client = ANY ((SELECT being_read())::bigint[]) AND (SELECT asks_as()) IN ('adviser', 'case_manager', 'supervisor', 'resident'));
CREATE POLICY door ON care TO torni_door USING (true) WITH CHECK (true);
GRANT SELECT ON care TO torni_pages;
GRANT SELECT, INSERT ON care TO torni_door;
DROP POLICY of_the_client_being_read ON client;
CREATE POLICY of_the_client_being_read ON client FOR SELECT TO torni_pages USING (
  client = ANY ((SELECT being_read())::bigint[]) AND (SELECT asks_as()) IN ('adviser', 'case_manager', 'supervisor', 'producer', 'resident'));
-- A producer sees the plans' own steps whoever wrote them, by the unit they are for; and never another producer's.
REVOKE EXECUTE ON FUNCTION asks_by_name(), manager_of(bigint), right_to_read(bigint), open_client(bigint, bigint, text, text, boolean),
  read_client(bigint, bigint, text, text), own_work(text[], text[], date, int), own_clients(), own_fees(timestamptz, bigint, text[]), inbox(int, text[]),
  list_room(text), emergencies() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION asks_by_name(), open_client(bigint, bigint, text, text, boolean), read_client(bigint, bigint, text, text),
  own_work(text[], text[], date, int), own_clients(), own_fees(timestamptz, bigint, text[]), inbox(int, text[]), list_room(text), emergencies() TO torni_pages;

-- The service chains, measured with the indicators on the same snapshot.
ALTER TABLE measured ADD COLUMN chains jsonb;
