-- What producers bring to the database: each function is named with who may call it in torni/core/rooms.py.

-- The units approved as voucher producers of a service, each with the newest price of an hour: nothing of a person.
CREATE FUNCTION voucher_prices(of_service text) RETURNS TABLE (unit text, cents bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT ON (e.unit) e.unit, e.cents FROM event e WHERE e.type = 'voucher_producer.approved' AND e.service = of_service AND e.sign = 1
    AND NOT EXISTS (SELECT 1 FROM event x WHERE x.replaces = e.position) ORDER BY e.unit, e.at DESC, e.position DESC $$;
