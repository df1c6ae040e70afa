-- How services are arranged and who may see whose: voucher producers' prices.

CREATE INDEX event_approved ON event (service, unit) WHERE type = 'voucher_producer.approved';

-- The units approved as voucher producers of a service, each with the newest price of an hour: nothing of a person.
CREATE FUNCTION voucher_prices(of_service text) RETURNS TABLE (unit text, cents bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT ON (e.unit) e.unit, e.cents FROM event e WHERE e.type = 'voucher_producer.approved' AND e.service = of_service AND e.sign = 1
    AND NOT EXISTS (SELECT 1 FROM event x WHERE x.replaces = e.position) ORDER BY e.unit, e.at DESC, e.position DESC $$;
REVOKE EXECUTE ON FUNCTION voucher_prices(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION voucher_prices(text) TO torni_pages;

-- Who acts for a client, and what a client has allowed or forbidden: state rows, each explained by its event; the newest holds.
CREATE TABLE permit (
  client        bigint NOT NULL,
  valid_from    date   NOT NULL,
  position      bigint NOT NULL,
  kind          text   NOT NULL CHECK (kind IN ('guardian', 'proxy', 'consent', 'restriction')),
  about         text   NOT NULL, -- who acts (their client number), or against whom: a producer's name, or guardians
  holds         boolean NOT NULL,
  until         date,
  PRIMARY KEY (client, position)
);
CREATE INDEX permit_about ON permit (about) WHERE kind IN ('guardian', 'proxy');
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON permit FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE OR REPLACE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('torni.erasing', true) = 'yes' AND TG_OP <> 'TRUNCATE' AND TG_TABLE_NAME ~ '^(event|client|care|permit|quarantine)' THEN
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END; -- erasure is its own audited procedure: torni.facts.persons
  END IF;
  RAISE EXCEPTION 'facts are only added: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- A head of a unit is a producer's account that sees one unit alone.
ALTER TABLE standing ADD COLUMN unit text, ADD CHECK (unit IS NULL OR role = 'producer');
CREATE FUNCTION asks_for_unit() RETURNS text LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('torni.unit', true), '') $$;
CREATE FUNCTION own_units() RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT u.unit FROM public.unit u WHERE u.producer = asks_for_producer() AND (asks_for_unit() IS NULL OR u.unit = asks_for_unit()) $$;

CREATE FUNCTION permits(of_client bigint, of_kind text, of_about text) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce((SELECT p.holds AND (p.until IS NULL OR p.until >= (SELECT (recorded_at AT TIME ZONE 'Europe/Helsinki')::date FROM room))
    FROM permit p WHERE p.client = of_client AND p.kind = of_kind AND p.about = of_about
      AND NOT EXISTS (SELECT 1 FROM event x WHERE x.replaces = p.position)
    ORDER BY p.valid_from DESC, p.position DESC LIMIT 1), false) $$;

-- As what the resident who asks acts for another: a guardian for a minor who has not forbidden it, a proxy by authorisation; or null.
CREATE FUNCTION acts_for(who bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE
    WHEN asks_of_self() IS NULL OR who = asks_of_self() THEN NULL
    WHEN permits(who, 'proxy', asks_of_self()::text) THEN 'proxy'
    WHEN permits(who, 'guardian', asks_of_self()::text) AND NOT permits(who, 'restriction', 'guardians')
      AND (SELECT c.born + interval '18 years' > (SELECT recorded_at FROM room) FROM client c WHERE c.client = who
        ORDER BY c.valid_from DESC, c.position DESC LIMIT 1) THEN 'guardian' END $$;

CREATE OR REPLACE FUNCTION right_to_read(who bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE asks_as()
    WHEN 'case_manager' THEN CASE WHEN manager_of(who) = asks_by_name() THEN 'own client' END
    WHEN 'adviser' THEN CASE WHEN EXISTS (SELECT 1 FROM event e WHERE e.client = who AND e.type = 'need.reported'
      AND e.at > (SELECT recorded_at FROM room) - interval '1 year') THEN 'need reported' WHEN permits(who, 'consent', '') THEN 'consent' END
    WHEN 'supervisor' THEN 'supervision'
    WHEN 'controller' THEN CASE WHEN EXISTS (SELECT 1 FROM event e WHERE e.client = who AND e.cents IS NOT NULL) THEN 'fees' END
    WHEN 'producer' THEN CASE WHEN NOT permits(who, 'restriction', asks_for_producer()) AND EXISTS (SELECT 1 FROM event e
      WHERE e.client = who AND e.producer = asks_for_producer() AND (asks_for_unit() IS NULL OR e.unit = asks_for_unit())) THEN 'own client' END
    WHEN 'resident' THEN CASE WHEN who = asks_of_self() THEN 'own data' ELSE acts_for(who) END END $$;

-- For whom the resident who asks acts: where each client's register begins, the name, as what. A name shown is a reading.
CREATE FUNCTION represented() RETURNS TABLE ("position" bigint, name text, kind text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  mine bigint[];
BEGIN
  IF asks_of_self() IS NULL THEN RETURN; END IF;
  SELECT array_agg(DISTINCT p.client) INTO mine FROM permit p WHERE p.kind IN ('guardian', 'proxy') AND p.about = asks_of_self()::text
    AND acts_for(p.client) IS NOT NULL;
  INSERT INTO reading (client, account, shown, role, what, why)
  SELECT m.client, a.account, a.shown, 'resident', 'worklist', acts_for(m.client) FROM unnest(mine) m (client), account a
  WHERE a.account = nullif(current_setting('torni.account', true), '')::bigint AND NOT EXISTS (SELECT 1 FROM reading r
    WHERE r.account = a.account AND r.client = m.client AND r.what = 'worklist' AND r.at > clock_timestamp() - interval '12 hours');
  RETURN QUERY SELECT (SELECT min(c.position) FROM client c WHERE c.client = m.client),
    (SELECT c.name FROM client c WHERE c.client = m.client ORDER BY c.valid_from DESC, c.position DESC LIMIT 1), acts_for(m.client)
  FROM unnest(mine) m (client) ORDER BY 1;
END $$;

CREATE OR REPLACE FUNCTION inbox(most int, promises text[]) RETURNS TABLE ("position" bigint, at timestamptz, unit text, service text, version int, ends date, due date,
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
  WHERE e.type = 'plan.sent' AND e.producer = asks_for_producer() AND e.sign = 1 AND (asks_for_unit() IS NULL OR e.unit = asks_for_unit())
    AND e.position = ANY (ARRAY(
    (SELECT n.position FROM event n WHERE n.type = 'plan.sent' AND n.type IN ('plan.sent', 'plan.recalled') AND n.producer = asks_for_producer()
      AND (asks_for_unit() IS NULL OR n.unit = asks_for_unit()) ORDER BY n.position DESC LIMIT most)
    UNION SELECT o.position FROM owed o WHERE o.promise = ANY (promises) AND o.unit IN (SELECT own_units())))
  ORDER BY e.position DESC $$;

CREATE OR REPLACE FUNCTION read_refused(of_number bigint, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  q quarantine;
  told text;
BEGIN
  SELECT * INTO q FROM quarantine x WHERE x.number = of_number
    AND (asks_as() IN ('supervisor', 'controller') OR (x.producer = asks_for_producer() AND asks_for_unit() IS NULL));
  IF NOT FOUND THEN RETURN NULL; END IF;
  told := coalesce(q.raw->'data'->>'client', q.raw->>'client');
  INSERT INTO reading (client, account, shown, role, what, why)
  SELECT CASE WHEN told ~ '^-?[0-9]{1,18}$' THEN told::bigint END, a.account, a.shown, asks_as(), 'refused', read_refused.why
  FROM account a WHERE a.account = nullif(current_setting('torni.account', true), '')::bigint;
  RETURN CASE WHEN FOUND THEN q.raw END;
END $$;
DROP POLICY of_the_client_being_read ON event;
DROP POLICY of_the_client_being_read ON owed;
DROP POLICY staff_or_own_units ON tally;
DROP POLICY staff_or_own_units ON tally_now;
DROP POLICY menders_or_own_feed ON quarantine;
CREATE POLICY of_the_client_being_read ON event FOR SELECT TO torni_pages USING (
  client = ANY ((SELECT being_read())::bigint[]) AND CASE (SELECT asks_as())
    WHEN 'producer' THEN producer = (SELECT asks_for_producer()) AND ((SELECT asks_for_unit()) IS NULL OR unit = (SELECT asks_for_unit()))
    WHEN 'controller' THEN cents IS NOT NULL ELSE true END);
CREATE POLICY of_the_client_being_read ON owed FOR SELECT TO torni_pages USING (
  client = ANY ((SELECT being_read())::bigint[]) AND CASE (SELECT asks_as())
    WHEN 'producer' THEN unit IN (SELECT own_units()) WHEN 'controller' THEN false ELSE true END);
CREATE POLICY staff_or_own_units ON tally FOR SELECT TO torni_pages USING ((SELECT is_staff()) OR unit IN (SELECT own_units()));
CREATE POLICY staff_or_own_units ON tally_now FOR SELECT TO torni_pages USING ((SELECT is_staff()) OR unit IN (SELECT own_units()));
CREATE POLICY menders_or_own_feed ON quarantine FOR SELECT TO torni_pages USING (
  (SELECT asks_as()) IN ('supervisor', 'controller') OR (producer = (SELECT asks_for_producer()) AND (SELECT asks_for_unit()) IS NULL));
CREATE OR REPLACE VIEW shown.event AS
  SELECT position, recorded_at, at, source, type, service, unit, client IS NULL AS of_nobody, due, quantity, of_quantity, cents,
    CASE WHEN client IS NULL THEN data END AS data, sign, municipality, producer, definition, owes, owes_on, settles, settles_on,
    settles_unit, settles_municipality, settled, counts, counted, counted_met,
    coalesce(
      (SELECT min(a.position) FROM public.event a WHERE a.client = e.client AND a.matter = e.matter AND a.settles = e.owes),
      (SELECT min(a.position) FROM public.event a WHERE e.client IS NULL AND a.client IS NULL AND a.matter = e.matter
        AND a.settles = e.owes AND a.settles IS NOT NULL)) AS answered
  FROM public.event e WHERE (SELECT public.is_staff())
    OR (producer = (SELECT public.asks_for_producer()) AND ((SELECT public.asks_for_unit()) IS NULL OR unit = (SELECT public.asks_for_unit())));
CREATE OR REPLACE VIEW shown.owed AS
  SELECT promise, position, due, unit, municipality FROM public.owed
  WHERE (SELECT public.is_staff()) OR unit IN (SELECT public.own_units());

ALTER TABLE permit ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_client_being_read ON permit FOR SELECT TO torni_pages USING (
  client = ANY ((SELECT being_read())::bigint[]) AND (SELECT asks_as()) IN ('adviser', 'case_manager', 'supervisor', 'resident'));
CREATE POLICY door ON permit TO torni_door USING (true) WITH CHECK (true);
GRANT SELECT ON permit TO torni_pages;
GRANT SELECT, INSERT ON permit TO torni_door;
REVOKE EXECUTE ON FUNCTION permits(bigint, text, text), acts_for(bigint), represented() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION represented() TO torni_pages;

-- Heavy users with and without a case manager, measured with the indicators on the same snapshot.
ALTER TABLE measured ADD COLUMN heavy jsonb;
