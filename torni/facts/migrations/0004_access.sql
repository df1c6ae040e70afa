-- Who may see what. The server never acts as the owner: its pages, its door and its gate (sign-in) each take a role of their
-- own (torni.facts.room makes them), and the pages see rows by who is signed in. What is not granted here is denied. The
-- owner's are the worker, and whoever has the command line on the machine itself.

-- Who they are. Nothing is forgotten: a change of role is a new row, and so is an end (no role).
CREATE TABLE account (
  account       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._@-]{1,99}$'),
  shown         text NOT NULL CHECK (length(shown) BETWEEN 1 AND 200),
  invented      boolean NOT NULL DEFAULT false,  -- one of a demonstration's cast
  made_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE standing (
  account       bigint NOT NULL REFERENCES account,
  since         timestamptz NOT NULL DEFAULT clock_timestamp(),
  role          text CHECK (role IN ('director', 'service_owner', 'adviser', 'case_manager', 'supervisor', 'controller',
                  'producer', 'resident', 'outsider')),
  producer      text,
  client        bigint,
  by_whom       text NOT NULL,
  PRIMARY KEY (account, since),
  CHECK ((role = 'producer') = (producer IS NOT NULL)),
  CHECK ((role = 'resident') = (client IS NOT NULL))
);
CREATE TABLE credential (
  account       bigint PRIMARY KEY REFERENCES account,
  password      text,            -- its Argon2 hash
  secret        text,            -- of the second factor
  used_step     bigint NOT NULL DEFAULT 0,  -- a code of the second factor is good once
  issuer        text,
  subject       text,
  UNIQUE (issuer, subject)
);
CREATE TABLE sign_in (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  name_hash     bytea NOT NULL,  -- what was written as a name may have been a password
  account       bigint REFERENCES account,
  way           text NOT NULL,
  succeeded     boolean NOT NULL
);
CREATE INDEX sign_in_name ON sign_in (name_hash, at);
CREATE TABLE session (
  key_hash      bytea PRIMARY KEY,
  account       bigint NOT NULL REFERENCES account,
  began_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  ends_at       timestamptz NOT NULL
);

-- Each reading of a client's data. The rows of a client can be read only in the transaction that has written this.
CREATE TABLE reading (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  xact          xid8 NOT NULL DEFAULT pg_current_xact_id(),
  client        bigint,          -- null where a refused record does not say whose it is
  account       bigint,
  shown         text NOT NULL,
  role          text NOT NULL,
  what          text NOT NULL,
  why           text NOT NULL CHECK (length(why) BETWEEN 3 AND 500)
);
CREATE INDEX reading_client ON reading (client, number);
CREATE INDEX reading_xact ON reading (xact);

-- Erasure under data-protection law: how many rows, on whose word and why; and each sealed day whose rows it changed, with
-- the day's new hash. The seals themselves stay, so the chain over the days is what it was.
CREATE TABLE erasure (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  by_whom       text NOT NULL,
  why           text NOT NULL CHECK (length(why) BETWEEN 3 AND 500),
  events        bigint NOT NULL
);
CREATE TABLE reseal (
  erasure       bigint NOT NULL REFERENCES erasure,
  day           date NOT NULL REFERENCES seal,
  hash          bytea NOT NULL,
  PRIMARY KEY (erasure, day)
);

CREATE OR REPLACE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('torni.erasing', true) = 'yes' AND TG_OP <> 'TRUNCATE' AND TG_TABLE_NAME ~ '^(event|client|quarantine)' THEN
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END; -- erasure is its own audited procedure: torni.facts.persons
  END IF;
  RAISE EXCEPTION 'facts are only added: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON account FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON standing FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON sign_in FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON reading FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON erasure FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON reseal FOR EACH ROW EXECUTE FUNCTION only_added();

-- Which event began what this one answers: taken back, it is owed again by that one.
ALTER TABLE event ADD COLUMN settles_position bigint;

-- A feed may be one producer's: it then speaks of that producer's units alone.
ALTER TABLE feed ADD COLUMN producer text;
ALTER TABLE quarantine ADD COLUMN producer text;
DROP INDEX event_unit_rows;
CREATE INDEX event_feed ON event (at) WHERE type = 'feed.complete';
CREATE INDEX event_sum ON event (counts, at) WHERE client IS NULL AND counts IS NOT NULL;
CREATE INDEX event_answer ON event (matter, settles) WHERE client IS NULL AND settles IS NOT NULL;

-- A function that runs as the owner must not be made to read somebody's temporary table of the same name.
ALTER FUNCTION room_for(bigint) SET search_path = public, pg_temp;

-- Who asks, as the connection says; set for each request, never kept.
CREATE FUNCTION asks_as() RETURNS text LANGUAGE sql STABLE AS $$ SELECT current_setting('torni.role', true) $$;
CREATE FUNCTION asks_for_producer() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('torni.producer', true), '') WHERE current_setting('torni.role', true) = 'producer' $$;
CREATE FUNCTION asks_of_self() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('torni.client', true), '')::bigint WHERE current_setting('torni.role', true) = 'resident' $$;
CREATE FUNCTION is_staff() RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(current_setting('torni.role', true) IN ('tower', 'director', 'service_owner', 'adviser', 'case_manager',
    'supervisor', 'controller'), false) $$;
CREATE FUNCTION registered() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT count(DISTINCT client) FROM client $$;

CREATE FUNCTION newest() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(max(position), 0) FROM event $$;

-- Say that a client's data is read, and why; null where the one who asks may not. By the client's number, or by the log
-- position of one of the client's events, so that no number need stand in an address.
CREATE FUNCTION read_client(of_client bigint, of_event bigint, what text, why text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  who bigint := coalesce(of_client, (SELECT e.client FROM event e WHERE e.position = of_event));
  may boolean;
BEGIN
  may := CASE
    WHEN asks_as() IN ('adviser', 'case_manager', 'supervisor') THEN true
    WHEN asks_as() = 'controller' THEN EXISTS (SELECT 1 FROM event e WHERE e.client = who AND e.cents IS NOT NULL)
    WHEN asks_as() = 'producer' THEN EXISTS (SELECT 1 FROM event e WHERE e.client = who AND e.producer = asks_for_producer())
    WHEN asks_as() = 'resident' THEN who = asks_of_self()
    ELSE false END;
  IF NOT coalesce(may, false) OR NOT EXISTS (SELECT 1 FROM client c WHERE c.client = who) THEN
    RETURN NULL;
  END IF;
  INSERT INTO reading (client, account, shown, role, what, why)
  SELECT who, a.account, a.shown, asks_as(), read_client.what, read_client.why
  FROM account a WHERE a.account = nullif(current_setting('torni.account', true), '')::bigint;
  RETURN CASE WHEN FOUND THEN who END;
END $$;
-- What was refused at the door, as it came: it may hold a client's data, so opening it is a reading too.
CREATE FUNCTION read_refused(of_number bigint, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  q quarantine;
  told text;
BEGIN
  SELECT * INTO q FROM quarantine x WHERE x.number = of_number
    AND (asks_as() IN ('supervisor', 'controller') OR x.producer = asks_for_producer());
  IF NOT FOUND THEN RETURN NULL; END IF;
  told := coalesce(q.raw->'data'->>'client', q.raw->>'client');
  INSERT INTO reading (client, account, shown, role, what, why)
  SELECT CASE WHEN told ~ '^-?[0-9]{1,18}$' THEN told::bigint END, a.account, a.shown, asks_as(), 'refused', read_refused.why
  FROM account a WHERE a.account = nullif(current_setting('torni.account', true), '')::bigint;
  RETURN CASE WHEN FOUND THEN q.raw END;
END $$;
CREATE FUNCTION refused_of_self() RETURNS SETOF quarantine LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM quarantine WHERE raw->'data'->>'client' = asks_of_self()::text $$;
CREATE FUNCTION being_read() RETURNS bigint[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(client), '{}') FROM reading WHERE xact = pg_current_xact_id_if_assigned() $$;

-- Rows by who asks. The owner and its worker are not held by these; everybody else is.
ALTER TABLE event ENABLE ROW LEVEL SECURITY;
ALTER TABLE client ENABLE ROW LEVEL SECURITY;
ALTER TABLE owed ENABLE ROW LEVEL SECURITY;
ALTER TABLE tally ENABLE ROW LEVEL SECURITY;
ALTER TABLE tally_now ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarantine ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarantine_outcome ENABLE ROW LEVEL SECURITY;
ALTER TABLE reading ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_the_client_being_read ON event FOR SELECT TO torni_pages USING (
  client = ANY ((SELECT being_read())::bigint[]) AND CASE (SELECT asks_as())
    WHEN 'producer' THEN producer = (SELECT asks_for_producer()) WHEN 'controller' THEN cents IS NOT NULL ELSE true END);
CREATE POLICY of_the_client_being_read ON client FOR SELECT TO torni_pages USING (
  client = ANY ((SELECT being_read())::bigint[]) AND (SELECT asks_as()) IN ('adviser', 'case_manager', 'supervisor', 'resident'));
CREATE POLICY of_the_client_being_read ON owed FOR SELECT TO torni_pages USING (
  client = ANY ((SELECT being_read())::bigint[]) AND CASE (SELECT asks_as())
    WHEN 'producer' THEN unit IN (SELECT u.unit FROM unit u WHERE u.producer = (SELECT asks_for_producer()))
    WHEN 'controller' THEN false ELSE true END);
CREATE POLICY staff_or_own_units ON tally FOR SELECT TO torni_pages USING (
  (SELECT is_staff()) OR unit IN (SELECT u.unit FROM unit u WHERE u.producer = (SELECT asks_for_producer())));
CREATE POLICY staff_or_own_units ON tally_now FOR SELECT TO torni_pages USING (
  (SELECT is_staff()) OR unit IN (SELECT u.unit FROM unit u WHERE u.producer = (SELECT asks_for_producer())));
CREATE POLICY menders_or_own_feed ON quarantine FOR SELECT TO torni_pages USING (
  (SELECT asks_as()) IN ('supervisor', 'controller') OR producer = (SELECT asks_for_producer()));
CREATE POLICY of_those_rows ON quarantine_outcome FOR SELECT TO torni_pages USING (
  EXISTS (SELECT 1 FROM quarantine q WHERE q.number = quarantine_outcome.number));
CREATE POLICY own ON reading FOR SELECT TO torni_pages USING (client = (SELECT asks_of_self()));

-- The same log and debts without what tells of a person, for staff, and for a producer its own: what the tower is made of.
CREATE SCHEMA shown;
CREATE VIEW shown.event AS
  SELECT position, recorded_at, at, source, type, service, unit, client IS NULL AS of_nobody, due, quantity, of_quantity, cents,
    CASE WHEN client IS NULL THEN data END AS data, sign, municipality, producer, definition, owes, owes_on, settles, settles_on,
    settles_unit, settles_municipality, settled, counts, counted, counted_met,
    coalesce(
      (SELECT min(a.position) FROM public.event a WHERE a.client = e.client AND a.matter = e.matter AND a.settles = e.owes),
      (SELECT min(a.position) FROM public.event a WHERE e.client IS NULL AND a.client IS NULL AND a.matter = e.matter
        AND a.settles = e.owes AND a.settles IS NOT NULL)) AS answered
  FROM public.event e WHERE (SELECT is_staff()) OR producer = (SELECT asks_for_producer());
CREATE VIEW shown.owed AS
  SELECT promise, position, due, unit, municipality FROM public.owed
  WHERE (SELECT is_staff()) OR unit IN (SELECT u.unit FROM public.unit u WHERE u.producer = (SELECT asks_for_producer()));

GRANT USAGE ON SCHEMA public, shown TO torni_pages;
GRANT SELECT ON room, unit, consumer, mark, seal, erasure, tally, tally_now, event, client, owed, quarantine_outcome,
  reading, shown.event, shown.owed TO torni_pages;
GRANT SELECT (number, received_at, source, reasons, producer) ON quarantine TO torni_pages;
GRANT USAGE ON SCHEMA public TO torni_door, torni_gate;
GRANT SELECT, UPDATE ON room TO torni_door;
GRANT SELECT, INSERT ON event, client, unit, quarantine, quarantine_outcome TO torni_door;
GRANT SELECT, INSERT, UPDATE, DELETE ON owed TO torni_door;
GRANT SELECT ON feed, feed_ended TO torni_door;
GRANT USAGE, SELECT ON SEQUENCE event_position TO torni_door;
CREATE POLICY door ON event TO torni_door USING (true) WITH CHECK (true);
CREATE POLICY door ON client TO torni_door USING (true) WITH CHECK (true);
CREATE POLICY door ON owed TO torni_door USING (true) WITH CHECK (true);
CREATE POLICY door ON quarantine TO torni_door USING (true) WITH CHECK (true);
CREATE POLICY door ON quarantine_outcome TO torni_door USING (true) WITH CHECK (true);
GRANT SELECT ON room, account, standing, credential, sign_in, session TO torni_gate;
GRANT INSERT ON sign_in, session TO torni_gate;
GRANT UPDATE ON credential TO torni_gate;
GRANT DELETE ON session TO torni_gate;
REVOKE EXECUTE ON FUNCTION room_for(bigint), read_client(bigint, bigint, text, text), read_refused(bigint, text), refused_of_self(), registered(), newest(),
  being_read() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION room_for(bigint) TO torni_door;
GRANT EXECUTE ON FUNCTION read_client(bigint, bigint, text, text), read_refused(bigint, text), refused_of_self(), registered(), newest(), being_read()
  TO torni_pages;
