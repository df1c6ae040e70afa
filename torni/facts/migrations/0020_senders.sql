-- Who sent each event, as the door knows it, never as the body tells. An event written before has none: it is not known.
ALTER TABLE event ADD COLUMN sender jsonb;
-- What was refused keeps its sender, so that what is mended tells who sent it and who mended it.
ALTER TABLE quarantine ADD COLUMN sender jsonb;
