"""One module a room of pages."""
