-- As what an account decides: a letter tells the official's title, office and telephone (Administrative Procedure Act 434/2003, 44 §).
ALTER TABLE standing ADD COLUMN title text CHECK (length(title) <= 200);
ALTER TABLE standing ADD COLUMN office text CHECK (length(office) <= 200);
ALTER TABLE standing ADD COLUMN phone text CHECK (length(phone) <= 200);
