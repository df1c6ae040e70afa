-- What has been told of changes of the definitions is read by its own index: every reading of the definitions asks whether there is more.
CREATE INDEX event_change ON event (position)
  WHERE type IN ('change.proposed', 'change.rehearsed', 'change.approved', 'change.rejected', 'change.withdrawn');
