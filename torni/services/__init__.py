"""What the organiser has decided: services, promises, parameters and regions, read from `definitions/`.

Loads and checks the definition files (every fault at once, by file, line and field), lays a region's differences
on the shared text, and gives each definition its version (a hash of its content). A `Finding` is a promise
measured on facts at a moment. Reads files only; writes nothing.
"""

from torni.promises.finding import Finding
from torni.promises.promise import Promise
from torni.services.library import Library, load_library
from torni.services.schema import Service

__all__ = ["Finding", "Library", "Promise", "Service", "load_library"]
