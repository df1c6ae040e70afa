-- When promises probably break, or are kept again, by what was known the evening before: kept beside what the watch told. NULL: of a morning
-- before this was foretold.
ALTER TABLE watched ADD COLUMN foretold jsonb;
