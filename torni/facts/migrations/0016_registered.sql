-- A resident may be registered at a page: by the personal identity code, or by a number of the organiser's own where there is none.
ALTER TABLE client ADD COLUMN identity text, ADD COLUMN language text;
CREATE INDEX client_identity ON client (identity) WHERE identity IS NOT NULL;
CREATE SEQUENCE client_number START 900000001; -- apart from the numbers that registers and feeds give

-- Questions to producers about visits not made are read by their own index, so that the log's length is nothing to them.
CREATE INDEX event_missed_asked ON event (producer, position) WHERE type = 'missed_visits.asked';
