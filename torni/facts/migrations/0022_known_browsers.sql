-- Whence each try to sign in came: the hash of a browser's own key, or of its address with a secret of the server. Empty where it is not known.
ALTER TABLE sign_in ADD COLUMN origin bytea;

-- Browsers in which an account has signed in: whoever keeps guessing its name elsewhere does not shut it here.
CREATE TABLE known_browser (
  key_hash      bytea PRIMARY KEY,
  account       bigint NOT NULL REFERENCES account,
  until         timestamptz NOT NULL
);
