-- Today's functions and views of the record room: all of them, as they now stand. Migrations hold tables; this text is run anew
-- (torni/facts/present.py) whenever it or the table of rights (torni/facts/rights.py) has changed, after all that was there before is
-- taken down. Row policies, grants and the triggers that let facts only be added are made from that table. What stands between
-- two @ is filled in from it: no role is named here, only actions and conditions.

-- Facts are only ever added: triggers refuse anything else, for every role, the owner's too.
CREATE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('torni.erasing', true) = 'yes' AND TG_OP <> 'TRUNCATE' AND TG_TABLE_NAME ~ '^(event|effect|client|care|permit|quarantine|account|standing)' THEN
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END; -- erasure is its own audited procedure: torni.facts.persons
  END IF;
  RAISE EXCEPTION 'facts are only added: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
-- The hash of a row of a table that is only added to: a byte 0, its salt, its table's name and what it holds. A column without a value is
-- left out, so that one that is added later changes no hash of before.
CREATE FUNCTION leaf_of(name text, told jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT sha256('\x00'::bytea || decode(replace(told->>'salt', '-', ''), 'hex') || convert_to(name || E'\n' ||
    (SELECT jsonb_object_agg(key, value) FROM jsonb_each(told - 'salt') WHERE value <> 'null')::text, 'UTF8')) $$;

-- Each row that is added to such a table is noted beside it, with its hash; and what an erasure takes away or changes, in the place of what.
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO leaf (name, leaf) SELECT TG_TABLE_NAME, leaf_of(TG_TABLE_NAME, to_jsonb(x)) FROM added x;
  ELSE
    INSERT INTO leaf (name, leaf, instead, erasure) VALUES (TG_TABLE_NAME,
      CASE WHEN TG_OP = 'UPDATE' THEN leaf_of(TG_TABLE_NAME, to_jsonb(NEW)) END, leaf_of(TG_TABLE_NAME, to_jsonb(OLD)),
      nullif(current_setting('torni.erasure', true), '')::bigint);
  END IF;
  RETURN NULL;
END $$;
-- The last number noted, when whoever writes one now has been waited for; nobody notes until the transaction ends.
CREATE FUNCTION newest_noted() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  LOCK TABLE leaf IN SHARE MODE;
  RETURN (SELECT coalesce(max(number), 0) FROM leaf);
END $$;
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION only_added();

-- A partition holds ten million positions: the log grows by the time it covers, and no index grows past memory.
CREATE FUNCTION room_for(upto bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE part bigint;
BEGIN
  FOR part IN 0 .. upto / 10000000 LOOP
    IF to_regclass('event_' || lpad(part::text, 4, '0')) IS NULL THEN
      EXECUTE format('CREATE TABLE %I PARTITION OF event FOR VALUES FROM (%s) TO (%s)', 'event_' || lpad(part::text, 4, '0'),
        part * 10000000, (part + 1) * 10000000);
      EXECUTE format('ALTER TABLE %I SET (autovacuum_freeze_min_age = 0)', 'event_' || lpad(part::text, 4, '0'));
    END IF;
  END LOOP;
END $$;

-- What has been said of a subject, each telling over those before: what a telling leaves out stays as it was. What held until a
-- day that has passed is said anew, not gone on with: its end is not inherited.
CREATE FUNCTION said_over(before jsonb, day date, told jsonb) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN before->>'until' < to_char(day, 'YYYY-MM-DD') THEN before - 'until' ELSE before END || coalesce(told, '{}') $$;
CREATE AGGREGATE said (day date, told jsonb) (SFUNC = said_over, STYPE = jsonb, INITCOND = '{}');

-- Who asks, as the connection says; set for each request, never kept.
CREATE FUNCTION asks_as() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('torni.role', true) $$;
CREATE FUNCTION asks_for_producer() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('torni.producer', true), '') WHERE current_setting('torni.role', true) = ANY (@of_a_producer@) $$;
CREATE FUNCTION asks_for_unit() RETURNS text LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('torni.unit', true), '') $$;
CREATE FUNCTION asks_of_self() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('torni.client', true), '')::bigint WHERE current_setting('torni.role', true) = ANY (@of_a_client@) $$;
CREATE FUNCTION asks_by_account() RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('torni.account', true), '')::bigint $$;
CREATE FUNCTION asks_by_name() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT name FROM account WHERE account = asks_by_account() $$;
CREATE FUNCTION own_units() RETURNS SETOF text LANGUAGE sql STABLE AS $$
  SELECT u.unit FROM public.unit u WHERE u.producer = public.asks_for_producer()
    AND (public.asks_for_unit() IS NULL OR u.unit = public.asks_for_unit()) $$;

-- On what condition the one who asks may do it, by the table of rights; null where not at all.
CREATE FUNCTION how(action text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT h FROM (SELECT '@rights@'::jsonb #>> ARRAY[current_setting('torni.role', true), action] AS h) held
  WHERE h <> 'own producer' OR nullif(current_setting('torni.unit', true), '') IS NULL $$;
CREATE FUNCTION of_producer(action text, producer text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(how(action) = 'all' OR (how(action) = 'own producer' AND producer = asks_for_producer()), false) $$;

CREATE FUNCTION registered() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT count(DISTINCT client) FROM client $$;
CREATE FUNCTION newest() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(max(position), 0) FROM event $$;

-- Whose client each is; what a client has allowed or forbidden, and who acts.
CREATE FUNCTION manager_of(of_client bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT case_manager FROM care WHERE client = of_client ORDER BY valid_from DESC, position DESC LIMIT 1 $$;
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

-- What gives the right to open a client's data: the reason that is written down of itself, or null. An official has it through
-- the matter at hand: for own clients, or for those whose need was reported within a year.
-- A producer has it through what was written of the client at its own unit, not by itself, and still stands: what a producer sends opens nobody to it. An event of before
-- senders were stamped counts.
-- Has what the event tells of come to its end at its unit: the service, the enrolment or the plan ended since, or before, and this is no new beginning?
CREATE FUNCTION has_ended(e event) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM event z WHERE z.client = e.client AND z.type = ANY (@ends_reading@) AND z.unit = e.unit
    AND z.service IS NOT DISTINCT FROM e.service AND (z.at >= e.at OR NOT e.type = ANY (@begins_reading@))
    AND z.sign = 1 AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = z.position)) $$;
CREATE FUNCTION right_to_read(who bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE how('read_client')
    WHEN 'all' THEN 'supervision'
    WHEN 'own clients' THEN CASE WHEN manager_of(who) = asks_by_name() THEN 'own client' END
    WHEN 'need or consent' THEN CASE
      WHEN EXISTS (SELECT 1 FROM event e WHERE e.client = who AND e.type = 'need.reported'
        AND e.at > (SELECT recorded_at FROM room) - interval '1 year') THEN 'need reported'
      WHEN permits(who, 'consent', '') THEN 'consent' END
    WHEN 'charged' THEN CASE WHEN EXISTS (SELECT 1 FROM event e WHERE e.client = who AND e.cents IS NOT NULL) THEN 'fees' END
    WHEN 'own units' THEN CASE WHEN NOT permits(who, 'restriction', asks_for_producer()) AND EXISTS (SELECT 1 FROM event e
      WHERE e.client = who AND e.producer = asks_for_producer() AND (asks_for_unit() IS NULL OR e.unit = asks_for_unit())
        AND e.sign = 1 AND e.type <> 'event.withdrawn' AND NOT coalesce(e.sender ? 'organisation', false) AND NOT EXISTS (SELECT 1 FROM event d WHERE d.replaces = e.position AND d.sign = -1)
        AND NOT has_ended(e)
      ) THEN 'own client' END
    WHEN 'self or acts for' THEN CASE WHEN who = asks_of_self() THEN 'own data' ELSE acts_for(who) END END $$;

-- Say that a client's data is read, and why. Without a reason of one's own the right's own is written. In an emergency those who may
-- open anybody's: with a reason of one's own, marked, and told to the supervisors and to the client. A producer's machine reads as
-- the producer does, by its feed's key; the reading names the feed. By the client's number, or by the log position of one of the
-- client's events, so that no number need stand in an address. The reading's number; null where the one who asks may not. What it opens is
-- seen when it stands for good, in a later transaction that names it (`torni.reading`): a reading that is rolled back has shown nothing.
CREATE FUNCTION open_client(of_client bigint, of_event bigint, what text, why text, emergency boolean) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  who bigint := coalesce(of_client, (SELECT e.client FROM event e WHERE e.position = of_event));
  held text := right_to_read(who);
  machine text := nullif(current_setting('torni.machine', true), '');
  made bigint;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM client c WHERE c.client = who) OR (held IS NULL AND NOT (emergency AND
      how('open_in_emergency') IS NOT NULL AND length(open_client.why) >= 10)) THEN
    RETURN NULL;
  END IF;
  IF machine IS NOT NULL AND asks_for_producer() IS NOT NULL THEN
    INSERT INTO reading (client, shown, role, what, why) VALUES (who, machine, asks_as(), open_client.what, held)
    RETURNING number INTO made;
    RETURN made;
  END IF;
  INSERT INTO reading (client, account, shown, role, what, why, emergency)
  SELECT who, a.account, a.shown, asks_as(), open_client.what, coalesce(nullif(open_client.why, ''), held), held IS NULL
  FROM account a WHERE a.account = asks_by_account() RETURNING number INTO made;
  RETURN made;
END $$;

-- The reading that the connection names, where it stands for good, is of the last minute and of the one who asks; or nothing.
CREATE FUNCTION named_reading() RETURNS SETOF reading LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM reading WHERE number = nullif(current_setting('torni.reading', true), '')::bigint
    AND xact IS DISTINCT FROM pg_current_xact_id_if_assigned() AND at > now() - interval '1 minute'
    AND CASE WHEN account IS NULL THEN shown = current_setting('torni.machine', true) ELSE account = asks_by_account() END $$;
CREATE FUNCTION being_read() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(client), '{}') FROM named_reading() WHERE what NOT IN ('search', 'worklist', 'refused') $$;

-- Write down that these clients' names are shown to the one who asks, each once in twelve hours; of which of them it stands for good. What is
-- written now can still be rolled back, so it shows nothing yet: 'torni.noted' tells how many were written, and that one asks again.
CREATE FUNCTION noted_as_shown(of_clients bigint[], of_what text, whys text[]) RETURNS bigint[] LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  me bigint := asks_by_account();
  written bigint;
BEGIN
  INSERT INTO reading (client, account, shown, role, what, why)
  SELECT DISTINCT ON (f.client) f.client, a.account, a.shown, asks_as(), of_what, f.why FROM unnest(of_clients, whys) f (client, why), account a
  WHERE a.account = me AND NOT EXISTS (SELECT 1 FROM reading r
    WHERE r.account = me AND r.client = f.client AND r.what = of_what AND r.at > clock_timestamp() - interval '12 hours');
  GET DIAGNOSTICS written = ROW_COUNT;
  PERFORM set_config('torni.noted', written::text, false);
  RETURN ARRAY(SELECT DISTINCT r.client FROM reading r WHERE r.account = me AND r.client = ANY (of_clients) AND r.what = of_what
    AND r.at > clock_timestamp() - interval '13 hours' AND r.xact IS DISTINCT FROM pg_current_xact_id_if_assigned());
END $$;

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
  mine := noted_as_shown(mine, 'worklist', ARRAY(SELECT acts_for(m) FROM unnest(mine) m));
  RETURN QUERY SELECT (SELECT min(c.position) FROM client c WHERE c.client = m.client),
    (SELECT c.name FROM client c WHERE c.client = m.client ORDER BY c.valid_from DESC, c.position DESC LIMIT 1), acts_for(m.client)
  FROM unnest(mine) m (client) ORDER BY 1;
END $$;

-- Emergency openings, for those who supervise them: when, who, why; whose is not told.
CREATE FUNCTION emergencies() RETURNS TABLE (at timestamptz, shown text, role text, why text) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT at, shown, role, why FROM reading WHERE emergency AND how('emergencies') = 'all'
    AND at > clock_timestamp() - interval '90 days' ORDER BY number DESC LIMIT 200 $$;

-- Where a client with a protected address lives is told to nobody who looks at rows: the pages' views of the log and of debts leave the
-- municipality out, and a refused record shows a sign in its place. Whose address is protected, the newest word of the register says.
CREATE VIEW protected_client AS
  SELECT p.client FROM public.client p WHERE p.protected
    AND NOT EXISTS (SELECT 1 FROM public.client q WHERE q.client = p.client AND (q.valid_from, q.position) > (p.valid_from, p.position));

-- What was refused at the door, as it came but for the place of a client with a protected address; what is sent again with the sign
-- keeps the place that came. It may hold a client's data, so opening it is a reading too.
CREATE FUNCTION refused_client(raw jsonb) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN told ~ '^-?[0-9]{1,18}$' THEN told::bigint END FROM (SELECT coalesce(raw->'data'->>'client', raw->>'client') AS told) c $$;
CREATE FUNCTION read_refused(of_number bigint, why text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  q quarantine;
  made bigint;
BEGIN
  SELECT * INTO q FROM quarantine x WHERE x.number = of_number AND of_producer('records', x.producer);
  IF NOT FOUND THEN RETURN NULL; END IF;
  INSERT INTO reading (client, account, shown, role, what, why)
  SELECT refused_client(q.raw), a.account, a.shown, asks_as(), 'refused', read_refused.why
  FROM account a WHERE a.account = asks_by_account() RETURNING number INTO made;
  RETURN made;
END $$;
CREATE FUNCTION refused_row(of_number bigint) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE WHEN q.raw->'data' ? 'municipality' AND (lower(q.raw->'data'->>'protected') = 'true'
      OR refused_client(q.raw) IN (SELECT c.client FROM protected_client c)) THEN jsonb_set(q.raw, '{data,municipality}', '"…"') ELSE q.raw END
  FROM quarantine q JOIN named_reading() r ON r.what = 'refused' AND r.client IS NOT DISTINCT FROM refused_client(q.raw)
  WHERE q.number = of_number AND of_producer('records', q.producer) $$;
CREATE FUNCTION refused_of_self() RETURNS SETOF quarantine LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM quarantine WHERE raw->'data'->>'client' = asks_of_self()::text $$;

-- What waits for the one who asks: of own clients, or of the whole region, the soonest due first. Of own clients the findings of home
-- monitoring come too, whosever they are to assess; and visits not made until they are dealt with, with what was last done of them. Names are read with it, so each
-- client shown is a reading, written once a day.
CREATE FUNCTION own_work(promises text[], late text[], today date, most int)
RETURNS TABLE (promise text, "position" bigint, due date, unit text, name text, born date, protected boolean, began timestamptz,
  followed text, channel text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  me text := asks_by_name();
  found owed[];
  told bigint[];
BEGIN
  IF me IS NULL OR how('worklist') IS NULL THEN RETURN; END IF;
  IF how('worklist') = 'own clients' THEN
    SELECT array_agg(x) INTO found FROM (
      SELECT o AS x FROM owed o
      WHERE (o.promise = ANY (promises) OR (o.promise = ANY (late) AND (o.due < today AND o.due > today - 60 OR EXISTS (SELECT 1 FROM event n
          WHERE n.position = o.position AND n.type = 'need.reported' AND n.data->>'channel' = 'home_monitoring'))))
        AND o.client = ANY (ARRAY(SELECT DISTINCT c.client FROM care c WHERE c.case_manager = me AND manager_of(c.client) = me))
        AND NOT EXISTS (SELECT 1 FROM event d JOIN event v ON v.position = o.position AND v.type LIKE 'visit.%'
          WHERE d.client = o.client AND d.type LIKE 'missed_visits.%' AND split_part(d.type, '.', 2) = 'closed' AND d.sign = 1 AND d.unit = o.unit AND d.service = v.service
            AND d.data->>'until' >= to_char(o.due, 'YYYY-MM-DD') AND NOT EXISTS (SELECT 1 FROM event x WHERE x.replaces = d.position))
      ORDER BY o.due, o.position LIMIT most) s;
  ELSIF how('worklist') = 'all' THEN
    SELECT array_agg(x) INTO found FROM (
      SELECT o AS x FROM owed o WHERE o.promise = ANY (promises) AND o.client IS NOT NULL ORDER BY o.due, o.position LIMIT most) s;
  END IF;
  told := noted_as_shown(ARRAY(SELECT f.client FROM unnest(found) f), 'worklist',
    ARRAY(SELECT CASE how('worklist') WHEN 'all' THEN 'need reported' ELSE 'own client' END FROM unnest(found)));
  RETURN QUERY SELECT f.promise, f.position, f.due, f.unit, c.name, c.born, c.protected, e.at,
      CASE WHEN e.type LIKE 'visit.%' THEN (SELECT split_part(m.type, '.', 2) FROM event m WHERE m.client = f.client AND m.unit = f.unit
        AND m.service = e.service AND m.type LIKE 'missed_visits.%' AND m.sign = 1 AND EXISTS (SELECT 1 FROM event q WHERE q.client = f.client
          AND q.matter = m.matter AND q.data->>'until' >= to_char(f.due, 'YYYY-MM-DD')) ORDER BY m.at DESC, m.position DESC LIMIT 1) END,
      CASE WHEN e.type = 'need.reported' THEN e.data->>'channel' END
    FROM unnest(found) f
    JOIN LATERAL (SELECT x.name, x.born, x.protected FROM client x WHERE x.client = f.client
      ORDER BY x.valid_from DESC, x.position DESC LIMIT 1) c ON true
    JOIN event e ON e.position = f.position
    WHERE f.client = ANY (told) ORDER BY f.due, f.position;
END $$;

-- A case manager's own clients: the position of the event that made each so, and the name. A reading as above.
CREATE FUNCTION own_clients() RETURNS TABLE ("position" bigint, name text, born date, protected boolean, since date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  me text := asks_by_name();
  mine bigint[];
BEGIN
  IF how('worklist') IS DISTINCT FROM 'own clients' OR me IS NULL THEN RETURN; END IF;
  mine := ARRAY(SELECT DISTINCT m.client FROM care m WHERE m.case_manager = me AND manager_of(m.client) = me);
  mine := noted_as_shown(mine, 'worklist', array_fill('own client'::text, ARRAY[cardinality(mine)]));
  RETURN QUERY SELECT DISTINCT ON (c.name, m.client) m.position, c.name, c.born, c.protected, m.valid_from
    FROM care m
    JOIN LATERAL (SELECT x.name, x.born, x.protected FROM client x WHERE x.client = m.client
      ORDER BY x.valid_from DESC, x.position DESC LIMIT 1) c ON true
    WHERE m.case_manager = me AND m.client = ANY (mine)
    ORDER BY c.name, m.client, m.valid_from DESC, m.position DESC;
END $$;

-- Whose newest name holds each of the parts (small letters without accents, as `plain` writes them and `client.plain` keeps them), in the
-- names' order. One pass over what is kept: of a common name thousands, so whoever asks looks at each in turn until enough are found.
CREATE FUNCTION named_like(parts text[]) RETURNS TABLE (client bigint) LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT c.client FROM client c WHERE c.plain LIKE ALL (ARRAY(SELECT '%' || p || '%' FROM unnest(parts) p))
    AND NOT EXISTS (SELECT 1 FROM client n WHERE n.client = c.client AND (n.valid_from, n.position) > (c.valid_from, c.position))
  ORDER BY c.name, c.client OFFSET 0 $$;

-- Clients whom the one who asks may open, by the number or by parts of the newest name (small letters without accents, as
-- `plain` writes them): where each one's register begins, the name, born, whether the address is protected. Nothing of their data
-- is opened; that the name was shown is a reading, as in a worklist.
CREATE FUNCTION sought_clients(number bigint, parts text[], most int)
RETURNS TABLE ("position" bigint, name text, born date, protected boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  me bigint := asks_by_account();
  found bigint[];
  told bigint[];
BEGIN
  IF me IS NULL OR how('person') IS NULL OR (sought_clients.number IS NULL AND cardinality(parts) = 0) THEN RETURN; END IF;
  IF sought_clients.number IS NOT NULL THEN
    SELECT array_agg(DISTINCT c.client) INTO found FROM client c
    WHERE c.client = sought_clients.number AND right_to_read(c.client) IS NOT NULL;
  ELSE
    SELECT array_agg(s.client) INTO found FROM (
      SELECT n.client FROM named_like(parts) n WHERE right_to_read(n.client) IS NOT NULL LIMIT most) s;
  END IF;
  told := noted_as_shown(found, 'search', ARRAY(SELECT right_to_read(f) FROM unnest(found) f));
  RETURN QUERY SELECT (SELECT min(x.position) FROM client x WHERE x.client = f.client), c.name, c.born, c.protected
    FROM unnest(found) WITH ORDINALITY f (client, place)
    JOIN LATERAL (SELECT x.name, x.born, x.protected FROM client x WHERE x.client = f.client
      ORDER BY x.valid_from DESC, x.position DESC LIMIT 1) c ON true
    WHERE f.client = ANY (told) ORDER BY f.place;
END $$;

-- Everybody in the register, for whoever writes a need down: by the number, by the identity code, or by parts of the newest name. The
-- client's number, the name, born, where the client lives (not where the address is protected), and no more. The name shown is a reading.
CREATE FUNCTION known_residents(of_number bigint, of_identity text, parts text[], most int)
RETURNS TABLE (client bigint, name text, born date, municipality text, protected boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
  me bigint := asks_by_account();
  found bigint[];
  told bigint[];
BEGIN
  IF me IS NULL OR how('case') IS NULL OR (of_number IS NULL AND of_identity IS NULL AND cardinality(parts) = 0) THEN RETURN; END IF;
  IF of_number IS NOT NULL THEN
    SELECT array_agg(DISTINCT c.client) INTO found FROM client c WHERE c.client = of_number;
  ELSIF of_identity IS NOT NULL THEN
    SELECT array_agg(s.client) INTO found FROM (
      SELECT c.client FROM client c WHERE c.identity = of_identity
        AND NOT EXISTS (SELECT 1 FROM client n WHERE n.client = c.client AND (n.valid_from, n.position) > (c.valid_from, c.position))
      ORDER BY c.name, c.client LIMIT most) s;
  ELSE
    SELECT array_agg(s.client) INTO found FROM (SELECT n.client FROM named_like(parts) n LIMIT most) s;
  END IF;
  told := noted_as_shown(found, 'search', ARRAY(SELECT 'new need' FROM unnest(found)));
  RETURN QUERY SELECT f.client, c.name, c.born, CASE WHEN c.protected THEN '' ELSE c.municipality END, c.protected
    FROM unnest(found) WITH ORDINALITY f (client, place)
    JOIN LATERAL (SELECT x.name, x.born, x.municipality, x.protected FROM client x WHERE x.client = f.client
      ORDER BY x.valid_from DESC, x.position DESC LIMIT 1) c ON true
    WHERE f.client = ANY (told) ORDER BY f.place;
END $$;

-- The number of a resident who is registered at a page; null where the identity code is in the register already. Two who register the
-- same person at once wait for each other here.
CREATE FUNCTION next_client(of_identity text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE number bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('torni next client'));
  IF of_identity IS NOT NULL AND EXISTS (SELECT 1 FROM client c WHERE c.identity = of_identity) THEN RETURN NULL; END IF;
  LOOP
    number := nextval('client_number');
    EXIT WHEN NOT EXISTS (SELECT 1 FROM client c WHERE c.client = number);
  END LOOP;
  RETURN number;
END $$;

-- Own clients whose fees of the year come near a limit: the position of the newest charge, the name, and the sum of those formulas.
CREATE FUNCTION own_fees(since timestamptz, limit_cents bigint, formulas text[])
RETURNS TABLE ("position" bigint, name text, born date, cents bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH s AS MATERIALIZED (
    SELECT mine.client, max(e.position) AS position, sum(e.sign * e.cents)::bigint AS cents
    FROM (SELECT DISTINCT c.client FROM care c WHERE c.case_manager = asks_by_name() AND how('worklist') = 'own clients'
      AND manager_of(c.client) = asks_by_name()) mine
    JOIN event e ON e.client = mine.client AND e.cents IS NOT NULL AND e.at >= since AND e.data->>'formula' = ANY (formulas)
    GROUP BY 1 HAVING sum(e.sign * e.cents) >= limit_cents),
  told AS MATERIALIZED (SELECT noted_as_shown(array_agg(s.client), 'worklist', array_agg('own client'::text)) AS clients FROM s)
  SELECT s.position, c.name, c.born, s.cents FROM told JOIN s ON s.client = ANY (told.clients)
  JOIN LATERAL (SELECT x.name, x.born FROM client x WHERE x.client = s.client ORDER BY x.valid_from DESC, x.position DESC LIMIT 1) c ON true
  ORDER BY s.cents DESC $$;

-- How full each unit's list is: nothing of a person, for whoever chooses.
CREATE FUNCTION list_room(of_promise text) RETURNS TABLE (unit text, listed bigint, most bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT unit, sum(met)::bigint, sum(total)::bigint FROM tally_now WHERE promise = of_promise GROUP BY unit $$;

-- For how many clients something was not as promised, each once: of what is owed by a day after `first` and up to `last` what is overdue or
-- was late, of what is counted (`of_sums`) on those days what was not met; as known at the log's position `upto`, and where that is `past`
-- what has come since is nothing. Only of the units whose rows the one who asks sees; of a municipality no client whose address is protected.
-- Null where it is not known: what tells of nobody was not as promised to somebody. Whoever was erased is counted no more.
CREATE FUNCTION clients_unmet(of_promise text, of_sums boolean, first date, last date, upto bigint, past boolean, of_units text[], of_municipality text)
RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  found bigint[];
  seen text[] := of_units;
BEGIN
  IF how('live_rows') IS NULL THEN RETURN NULL; END IF;
  IF how('live_rows') <> 'all' THEN
    seen := ARRAY(SELECT u FROM own_units() u WHERE of_units IS NULL OR u = ANY (of_units));
  END IF;
  IF of_sums OR NOT past THEN
    SELECT array_agg(coalesce(f.client, (SELECT 0 FROM event e WHERE e.position = f.position AND e.id LIKE 'erased-%'))) INTO found FROM effect f
    WHERE f.promise = of_promise AND f.day > first AND f.day <= last AND f.since <= upto AND f.sign = 1
      AND CASE WHEN of_sums THEN f.what = 'counted' AND f.met < f.total ELSE f.late > 0 END
      AND (seen IS NULL OR f.unit = ANY (seen)) AND (of_municipality IS NULL OR f.municipality = of_municipality)
      AND NOT EXISTS (SELECT 1 FROM effect u WHERE u.position = f.position AND u.promise = f.promise AND u.what = f.what AND u.day = f.day
        AND u.sign = -1 AND u.since > f.since AND u.since <= upto);
    IF NOT of_sums THEN
      found := found || (SELECT array_agg(coalesce(o.client, (SELECT 0 FROM event e WHERE e.position = o.position AND e.id LIKE 'erased-%'))) FROM owed o WHERE o.promise = of_promise AND o.due > first AND o.due <= last
        AND (seen IS NULL OR o.unit = ANY (seen)) AND (of_municipality IS NULL OR o.municipality = of_municipality));
    END IF;
  ELSE
    SELECT array_agg(x.client) INTO found FROM (
      SELECT coalesce(max(f.client), (SELECT 0 FROM event e WHERE e.position = min(f.position) AND e.id LIKE 'erased-%')) AS client FROM effect f
      WHERE f.promise = of_promise AND f.what <> 'counted' AND f.day > first AND f.day <= last AND f.since <= upto
        AND f.since > (SELECT coalesce(max(position), 0) FROM seal WHERE day < first - 400)
        AND (seen IS NULL OR f.unit = ANY (seen)) AND (of_municipality IS NULL OR f.municipality = of_municipality)
      GROUP BY coalesce(f.began, f.position), f.day HAVING sum(f.total - f.met) > 0) x;
  END IF;
  IF array_position(found, NULL) IS NOT NULL THEN RETURN NULL; END IF;
  RETURN (SELECT count(DISTINCT c) FROM unnest(found) c
    WHERE c > 0 AND (of_municipality IS NULL OR NOT EXISTS (SELECT 1 FROM protected_client p WHERE p.client = c)));
END $$;

-- Sums that stand in the municipality of a client whose address has been protected since, taken from there and told of no municipality:
-- beside rows that tell no place they would tell it. `before`: only what was known before this day; null: all. For whoever sees every sum.
CREATE FUNCTION moved_sums(upto bigint, before date) RETURNS TABLE (promise text, day date, unit text, municipality text, total bigint, met bigint, late bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH stood AS MATERIALIZED (
    SELECT f.promise, f.day, f.unit, f.municipality, sum(f.total)::bigint AS total, sum(f.met)::bigint AS met, sum(f.late)::bigint AS late
    FROM protected_client p JOIN event e ON e.client = p.client JOIN effect f ON f.position = e.position
    WHERE f.municipality <> '' AND f.since <= upto AND (before IS NULL OR f.known_on < before)
      AND NOT EXISTS (SELECT 1 FROM uncounted u WHERE u.position = f.since)
      AND (how('live_rows') = 'all' OR coalesce(nullif(current_setting('role'), 'none'), session_user) NOT IN ('torni_pages', 'torni_door', 'torni_gate'))
    GROUP BY 1, 2, 3, 4
  )
  SELECT promise, day, unit, municipality, -total, -met, -late FROM stood
  UNION ALL SELECT promise, day, unit, '', total, met, late FROM stood $$;

-- A job waits once: asked again while it waits, it is the same one.
CREATE FUNCTION queue_job(task text) RETURNS bigint LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (procrastinate_defer_jobs_v1(ARRAY[
    ROW('torni', 'room:' || task, 0, task, task, '{}'::jsonb, NULL)::procrastinate_job_to_defer_v1]))[1];
EXCEPTION WHEN unique_violation THEN
  RETURN NULL;
END $$;
CREATE FUNCTION ask_job(task text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF how('ask_job') IS NULL OR task NOT IN ('measure', 'verify') THEN
    RAISE EXCEPTION 'not yours to ask' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN queue_job(task);
END $$;

-- What was set aside and is still missing from a sum.
CREATE VIEW missed AS SELECT position, at, why FROM uncounted u
  WHERE takes_back IS NULL AND NOT EXISTS (SELECT 1 FROM uncounted b WHERE b.takes_back = u.position);

-- The log and the debts without what tells of a person: what the tower is made of. And the jobs.
CREATE VIEW shown.event AS
  SELECT position, recorded_at, at, source, type, service, unit, client IS NULL AS of_nobody, due, quantity, of_quantity, cents,
    CASE WHEN client IS NULL THEN data END AS data, sign,
    CASE WHEN client IN (SELECT client FROM public.protected_client) THEN NULL ELSE municipality END AS municipality,
    producer, definition
  FROM public.event e WHERE (SELECT public.how('live_rows') = 'all') OR ((SELECT public.how('live_rows') = 'own units')
    AND producer = (SELECT public.asks_for_producer()) AND ((SELECT public.asks_for_unit()) IS NULL OR unit = (SELECT public.asks_for_unit())));
CREATE VIEW shown.effect AS
  SELECT position, since, sign, promise, what, day, unit,
    CASE WHEN client IN (SELECT client FROM public.protected_client) THEN '' ELSE municipality END AS municipality,
    known_on, total, met, late, began
  FROM public.effect
  WHERE (SELECT public.how('live_rows') = 'all')
    OR ((SELECT public.how('live_rows') = 'own units') AND unit IN (SELECT public.own_units()));
CREATE VIEW shown.owed AS
  SELECT promise, position, due, unit,
    CASE WHEN client IN (SELECT client FROM public.protected_client) THEN NULL ELSE municipality END AS municipality
  FROM public.owed
  WHERE (SELECT public.how('live_rows') = 'all')
    OR ((SELECT public.how('live_rows') = 'own units') AND unit IN (SELECT public.own_units()));
CREATE VIEW shown.job AS
  SELECT id, split_part(task_name, ':', 2) AS task, status::text AS status, attempts,
    (SELECT max(e.at) FROM public.procrastinate_events e WHERE e.job_id = j.id) AS at
  FROM public.procrastinate_jobs j WHERE (SELECT public.how('live_tower') = 'all');

-- What accounts there may be. What an earlier table of rights knew stays as it was: only what is new is held to this one.
ALTER TABLE standing
  DROP CONSTRAINT IF EXISTS standing_role_check, DROP CONSTRAINT IF EXISTS standing_check, DROP CONSTRAINT IF EXISTS standing_check1,
  DROP CONSTRAINT IF EXISTS standing_check2, DROP CONSTRAINT IF EXISTS standing_producer, DROP CONSTRAINT IF EXISTS standing_client,
  DROP CONSTRAINT IF EXISTS standing_unit,
  ADD CONSTRAINT standing_role_check CHECK (role = ANY (@every_role@)) NOT VALID,
  ADD CONSTRAINT standing_producer CHECK ((role = ANY (@of_a_producer@)) = (producer IS NOT NULL)) NOT VALID,
  ADD CONSTRAINT standing_client CHECK ((role = ANY (@of_a_client@)) = (client IS NOT NULL)) NOT VALID,
  ADD CONSTRAINT standing_unit CHECK (unit IS NULL OR role = ANY (@of_a_producer@)) NOT VALID;
