-- What the watch tells on each morning, by what was known the evening before. Made by a job, and made anew where definitions have changed since;
-- the newest of a day holds. Of a past day it can be made again at any time, and is then the same.
CREATE TABLE watched (
  day           date NOT NULL,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  definitions   text NOT NULL,
  seen          jsonb NOT NULL,
  PRIMARY KEY (day, at)
);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON watched FOR EACH ROW EXECUTE FUNCTION only_added();
ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
CREATE POLICY staff ON watched FOR SELECT TO torni_pages USING ((SELECT is_staff()));
GRANT SELECT ON watched TO torni_pages;
