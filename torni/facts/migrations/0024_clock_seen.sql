-- Up to when the room's clock is trusted: the worker brings it forward in small steps, an administrator across a long pause. Whoever brings
-- a room up to date stands beside it, so the clock of that moment is taken.
ALTER TABLE room ADD COLUMN clock_seen timestamptz;
UPDATE room SET clock_seen = clock_timestamp() WHERE invented IS NULL;
