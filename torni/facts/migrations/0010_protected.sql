-- Where a client with a protected address lives is told to nobody who looks at rows: the pages' views of the log and of debts leave the
-- municipality out, and a refused record shows a sign in its place. Whose address is protected, the newest word of the register says.

CREATE INDEX client_protected ON client (client) WHERE protected;
CREATE VIEW protected_client AS
  SELECT p.client FROM public.client p WHERE p.protected
    AND NOT EXISTS (SELECT 1 FROM public.client q WHERE q.client = p.client AND (q.valid_from, q.position) > (p.valid_from, p.position));

CREATE OR REPLACE VIEW shown.event AS
  SELECT position, recorded_at, at, source, type, service, unit, client IS NULL AS of_nobody, due, quantity, of_quantity, cents,
    CASE WHEN client IS NULL THEN data END AS data, sign,
    CASE WHEN client IN (SELECT client FROM public.protected_client) THEN NULL ELSE municipality END AS municipality,
    producer, definition, owes, owes_on, settles, settles_on, settles_unit,
    CASE WHEN client IN (SELECT client FROM public.protected_client) THEN NULL ELSE settles_municipality END AS settles_municipality,
    settled, counts, counted, counted_met,
    coalesce(
      (SELECT min(a.position) FROM public.event a WHERE a.client = e.client AND a.matter = e.matter AND a.settles = e.owes),
      (SELECT min(a.position) FROM public.event a WHERE e.client IS NULL AND a.client IS NULL AND a.matter = e.matter
        AND a.settles = e.owes AND a.settles IS NOT NULL)) AS answered
  FROM public.event e WHERE (SELECT public.is_staff())
    OR (producer = (SELECT public.asks_for_producer()) AND ((SELECT public.asks_for_unit()) IS NULL OR unit = (SELECT public.asks_for_unit())));
CREATE OR REPLACE VIEW shown.owed AS
  SELECT promise, position, due, unit,
    CASE WHEN client IN (SELECT client FROM public.protected_client) THEN NULL ELSE municipality END AS municipality
  FROM public.owed
  WHERE (SELECT public.is_staff()) OR unit IN (SELECT public.own_units());

-- A refused record of such a client, as it came but for the place; what is sent again with the sign keeps the place that came.
CREATE OR REPLACE FUNCTION read_refused(of_number bigint, why text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  q quarantine;
  told text;
BEGIN
  SELECT * INTO q FROM quarantine x WHERE x.number = of_number
    AND (asks_as() IN ('supervisor', 'controller') OR (x.producer = asks_for_producer() AND asks_for_unit() IS NULL));
  IF NOT FOUND THEN RETURN NULL; END IF;
  told := coalesce(q.raw->'data'->>'client', q.raw->>'client');
  INSERT INTO reading (client, account, shown, role, what, why)
  SELECT CASE WHEN told ~ '^-?[0-9]{1,18}$' THEN told::bigint END, a.account, a.shown, asks_as(), 'refused', read_refused.why
  FROM account a WHERE a.account = nullif(current_setting('torni.account', true), '')::bigint;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF q.raw->'data' ? 'municipality' AND (lower(q.raw->'data'->>'protected') = 'true'
      OR told IN (SELECT c.client::text FROM protected_client c)) THEN
    RETURN jsonb_set(q.raw, '{data,municipality}', '"…"');
  END IF;
  RETURN q.raw;
END $$;
