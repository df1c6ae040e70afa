-- Each backup that was brought back into a database beside the room, and whether it was whole there: one that is only written counts for nothing.
CREATE TABLE backup_tried (
  at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  whole         boolean NOT NULL,
  bytes         bigint NOT NULL
);
CREATE INDEX ON backup_tried (at);
