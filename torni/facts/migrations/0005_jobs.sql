-- What the jobs have found, each time kept.
CREATE TABLE verified (
  at            timestamptz PRIMARY KEY DEFAULT clock_timestamp(),
  position      bigint NOT NULL,
  whole         boolean NOT NULL,
  seconds       real NOT NULL,
  checks        jsonb NOT NULL
);
CREATE TABLE measured (
  at            timestamptz PRIMARY KEY DEFAULT clock_timestamp(),
  position      bigint NOT NULL,  -- of the snapshot that was measured
  last_day      date NOT NULL,    -- the last complete day: the newest quarter ends on it
  definitions   text NOT NULL,
  rows          jsonb NOT NULL    -- indicator, period, municipality, numerator, denominator, behind, value
);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON verified FOR EACH ROW EXECUTE FUNCTION only_added();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON measured FOR EACH ROW EXECUTE FUNCTION only_added();
ALTER TABLE verified ENABLE ROW LEVEL SECURITY;
ALTER TABLE measured ENABLE ROW LEVEL SECURITY;
CREATE POLICY staff ON verified FOR SELECT TO torni_pages USING ((SELECT is_staff()));
CREATE POLICY staff ON measured FOR SELECT TO torni_pages USING ((SELECT is_staff()));
CREATE VIEW shown.job AS
  SELECT id, split_part(task_name, ':', 2) AS task, status::text AS status, attempts,
    (SELECT max(e.at) FROM public.procrastinate_events e WHERE e.job_id = j.id) AS at
  FROM public.procrastinate_jobs j WHERE (SELECT is_staff());

-- A job waits once: asked again while it waits, it is the same one.
CREATE FUNCTION queue_job(task text) RETURNS bigint LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  RETURN (procrastinate_defer_jobs_v1(ARRAY[ROW('torni', 'room:' || task, 0, task, task, '{}'::jsonb, NULL)::procrastinate_job_to_defer_v1]))[1];
EXCEPTION WHEN unique_violation THEN
  RETURN NULL;
END $$;
CREATE FUNCTION ask_job(task text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT is_staff() OR asks_as() = 'tower' OR task NOT IN ('measure', 'verify') THEN
    RAISE EXCEPTION 'not yours to ask' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN queue_job(task);
END $$;
GRANT SELECT ON verified, measured, shown.job TO torni_pages;
REVOKE EXECUTE ON FUNCTION queue_job(text), ask_job(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ask_job(text) TO torni_pages;
