-- The same sums without the day they were known: what the open tower reads, a tenth of the rows.
CREATE TABLE tally_now (
  promise       text   NOT NULL,
  day           date   NOT NULL,
  unit          text   NOT NULL,
  municipality  text   NOT NULL,
  total         bigint NOT NULL,
  met           bigint NOT NULL,
  late          bigint NOT NULL,
  PRIMARY KEY (promise, day, unit, municipality)
) WITH (fillfactor = 85);
INSERT INTO tally_now SELECT promise, day, unit, municipality, sum(total), sum(met), sum(late) FROM tally GROUP BY 1, 2, 3, 4;
