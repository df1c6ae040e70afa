-- Each backup that was brought back into a database beside the room, and whether it was whole there: one that is only written counts for nothing.
CREATE TABLE backup_tried (
  number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at            timestamptz NOT NULL,
  whole         boolean NOT NULL,
  bytes         bigint NOT NULL
);
