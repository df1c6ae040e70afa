-- Who may send events, each for itself: a key is kept only as its hash, and ends by a row, never by being forgotten.
CREATE TABLE feed (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  source        text NOT NULL,
  key_hash      bytea NOT NULL UNIQUE,
  made_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE feed_ended (
  number        bigint PRIMARY KEY REFERENCES feed,
  at            timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON feed FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON feed_ended FOR EACH ROW EXECUTE FUNCTION only_added();
