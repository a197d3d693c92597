"""How the document of the interface says that a key is needed; `access` is what asks for it."""

from __future__ import annotations

from fastapi import Security
from fastapi.security import HTTPBearer

KEY = Security(HTTPBearer(auto_error=False, scheme_name="key", description="Where the server was started with keys."))
