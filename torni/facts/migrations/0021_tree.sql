-- What is written is a tree of hashes: each event a salted leaf, each day's tree a leaf of the tree of days, whose root is told outside.

-- A row's salt goes with its content when it is erased: what is left of it, the hash, then tells nothing.
ALTER TABLE event ADD COLUMN salt uuid NOT NULL DEFAULT gen_random_uuid();

-- The hash of each row of every table that is only added to, but the events' own: what was written in the place of which (an erasure's
-- number says why), and of an event that was erased the hash that the tree has of it.
CREATE TABLE leaf (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name          text NOT NULL,          -- of the table
  leaf          bytea,                  -- null where the row is gone
  instead       bytea,                  -- the leaf in whose place this one is
  erasure       bigint,
  position      bigint                  -- of an event
);
CREATE INDEX leaf_instead ON leaf (instead) WHERE instead IS NOT NULL;
CREATE INDEX leaf_position ON leaf (position, number) WHERE position IS NOT NULL;

-- What the door has written since the last seal: how many events, and a sum of their rows that a change would not meet.
CREATE TABLE tail (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  position      bigint NOT NULL,        -- of the last of them
  events        bigint NOT NULL,
  hash          bigint NOT NULL
);

-- A day's seal is a leaf of the tree of days: `hash` is of the line that its other columns make.
ALTER TABLE seal ADD COLUMN noted bigint NOT NULL DEFAULT 0,  -- up to which number of `leaf`
  ADD COLUMN root bytea NOT NULL DEFAULT '',                  -- of the day's tree: its events, and last a hash of those of `leaf`
  ADD COLUMN held boolean NOT NULL DEFAULT true,              -- whether what was sealed was what had been written
  ADD COLUMN chained bytea;                                   -- its hash of before, in a chain of days

-- The root of the tree of days, signed: what those outside keep.
CREATE TABLE checkpoint (
  size          bigint PRIMARY KEY,
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  note          text NOT NULL,
  salt          uuid NOT NULL DEFAULT gen_random_uuid()
);
