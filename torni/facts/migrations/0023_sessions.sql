-- When a session was last used, and how it began: by a password, an identity provider, or as one of a demonstration's cast.
ALTER TABLE session ADD COLUMN seen_at timestamptz NOT NULL DEFAULT clock_timestamp(), ADD COLUMN way text NOT NULL DEFAULT 'password';
