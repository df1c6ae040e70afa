-- The record room. Facts are only ever added: triggers refuse anything else, for every role, the owner's too.

CREATE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('torni.erasing', true) = 'yes' AND TG_OP = 'UPDATE' THEN
    RETURN NEW; -- erasure under data-protection law is its own audited procedure, see erase_client
  END IF;
  RAISE EXCEPTION 'facts are only added: % of % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- One row: the region, whether its facts are invented, and the newest moment recorded. The door locks it, so that
-- positions are committed in their order and no reader can ever pass by a lower one that comes later.
CREATE TABLE room (
  only_one      boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  region        text NOT NULL,
  invented      jsonb,           -- the invented year's seed and residents; null for a real region
  recorded_at   timestamptz NOT NULL DEFAULT '-infinity'
);

CREATE SEQUENCE event_position;
CREATE TABLE event (
  position      bigint      NOT NULL DEFAULT nextval('event_position'),
  recorded_at   timestamptz NOT NULL,
  at            timestamptz NOT NULL,
  source        text        NOT NULL,
  id            text        NOT NULL,
  type          text        NOT NULL,
  service       text,
  unit          text,
  client        bigint,
  matter        text,            -- what belongs together: one visit, one request, one complaint
  due           date,
  quantity      bigint,
  of_quantity   bigint,
  cents         bigint,
  data          jsonb,
  sign          smallint    NOT NULL DEFAULT 1,  -- -1 takes the replaced event's counts back
  replaces      bigint,
  -- what the door adds, by the definitions in force
  municipality  text,
  producer      text,
  definition    text,
  owes          text,            -- the promise that something now follows, and by when
  owes_on       date,
  settles       text,            -- the promise that this event answers: in time (1), late (2), called off (3)
  settles_on    date,
  settles_unit  text,
  settles_municipality text,
  settled       smallint,
  counts        text,            -- the promise that this event is counted for
  counted       bigint,
  counted_met   bigint,
  PRIMARY KEY (position)
) PARTITION BY RANGE (position);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION only_added();
CREATE INDEX event_id ON event (id, source);
CREATE INDEX event_client ON event (client, position) WHERE client IS NOT NULL;
CREATE INDEX event_late ON event (settles, settles_on) WHERE settled = 2;
CREATE INDEX event_unmet ON event (counts, at) WHERE counted_met < counted;
CREATE INDEX event_unit_rows ON event (unit, type, at) WHERE client IS NULL;
CREATE INDEX event_replaces ON event (replaces) WHERE replaces IS NOT NULL;

-- A partition holds ten million positions: the log grows by the time it covers, and no index grows past memory.
CREATE FUNCTION room_for(upto bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
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
SELECT room_for(0);

-- State rows, each explained by the event at its position.
CREATE TABLE client (
  client        bigint NOT NULL,
  valid_from    date   NOT NULL,
  position      bigint NOT NULL,
  municipality  text   NOT NULL,
  born          date,
  protected     boolean NOT NULL DEFAULT false,
  PRIMARY KEY (client, valid_from, position)
);
CREATE TABLE unit (
  unit          text   NOT NULL,
  valid_from    date   NOT NULL,
  position      bigint NOT NULL,
  name          text   NOT NULL,
  kind          text   NOT NULL,
  producer      text   NOT NULL,
  municipality  text   NOT NULL,
  PRIMARY KEY (unit, valid_from, position)
);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON client FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON unit FOR EACH ROW EXECUTE FUNCTION only_added();

-- What is still owed: the door's own book-keeping, equal at any moment to what the log gives (verify).
CREATE TABLE owed (
  matter        text   NOT NULL,
  promise       text   NOT NULL,
  position      bigint NOT NULL,
  due           date   NOT NULL,
  unit          text,
  client        bigint,
  municipality  text,
  PRIMARY KEY (matter, promise)
) WITH (fillfactor = 80);
CREATE INDEX owed_due ON owed (promise, due);

-- The fold of the log: how many were owed, answered and late on each day, known by each day. Sums, so any part can be added.
CREATE TABLE tally (
  promise       text   NOT NULL,
  day           date   NOT NULL,
  known_on      date   NOT NULL,
  unit          text   NOT NULL,
  municipality  text   NOT NULL,
  total         bigint NOT NULL,
  met           bigint NOT NULL,
  late          bigint NOT NULL,
  PRIMARY KEY (promise, day, known_on, unit, municipality)
) WITH (fillfactor = 85);
CREATE TABLE consumer (
  name          text PRIMARY KEY,
  position      bigint NOT NULL DEFAULT 0
);
INSERT INTO consumer (name) VALUES ('tally');

-- Every picture that was shown: what had been folded at which moment.
CREATE TABLE mark (
  at            timestamptz NOT NULL,
  position      bigint NOT NULL,
  PRIMARY KEY (at, position)
);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON mark FOR EACH ROW EXECUTE FUNCTION only_added();

-- Each recorded day sealed when it is over, each seal over the one before.
CREATE TABLE seal (
  day           date PRIMARY KEY,
  position      bigint NOT NULL,
  events        bigint NOT NULL,
  hash          bytea  NOT NULL
);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON seal FOR EACH ROW EXECUTE FUNCTION only_added();

-- What was refused at the door, kept as it came, until it is mended and sent again or dropped.
CREATE TABLE quarantine (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  source        text NOT NULL,
  raw           jsonb NOT NULL,
  reasons       jsonb NOT NULL
);
CREATE TABLE quarantine_outcome (
  number        bigint PRIMARY KEY REFERENCES quarantine,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  outcome       text NOT NULL CHECK (outcome IN ('accepted', 'dropped', 'refused again')),
  by_whom       text NOT NULL
);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON quarantine FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON quarantine_outcome FOR EACH ROW EXECUTE FUNCTION only_added();
