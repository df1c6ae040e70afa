-- What has been done of alerts is read by its own index, so that the log's length is nothing to it.
CREATE INDEX event_alert ON event (at) WHERE type LIKE 'alert.%';
