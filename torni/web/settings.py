"""Django's settings: the record room's database where there is one, three languages by a cookie that holds only the language."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from torni.core.rooms import ROOMS
from torni.facts.opening import database

_HERE = Path(__file__).parent
DEBUG = False
SECRET_KEY = (
    os.environ.get("TORNI_SECRET") or get_random_secret_key()
)  # signs what a browser holds for minutes; one for all processes
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *filter(None, os.environ.get("TORNI_HOSTS", "").split(","))]
ROOT_URLCONF = "torni.web.urls"
WSGI_APPLICATION = "torni.web.wsgi.application"
INSTALLED_APPS = ["torni.facts.apps.Facts"]
DATABASES = {"default": database(os.environ["TORNI_DATABASE"])} if "TORNI_DATABASE" in os.environ else {}
USE_I18N = False  # the texts come from torni.core.language, by the same catalogues as the command line
USE_TZ = True
TIME_ZONE = "Europe/Helsinki"
MIDDLEWARE = [
    "torni.web.metrics.Counted",
    "django.middleware.security.SecurityMiddleware",
    "torni.web.middleware.SafePages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "torni.web.middleware.Reader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [_HERE / "templates", *(_HERE.parent / room.folder / "templates" for room in ROOMS if room.brings)],
        "OPTIONS": {"environment": "torni.web.rendering.environment"},
    }
]
STATIC_URL = "/static/"
WHITENOISE_ROOT = None
WHITENOISE_AUTOREFRESH = False
WHITENOISE_USE_FINDERS = False
STATIC_ROOT = str(_HERE / "static")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
LOGGING_CONFIG = None  # what a process writes of itself is `torni.core.logs`
if os.environ.get("TORNI_HTTPS") == "1":  # a proxy before us speaks TLS, and says so
    SECURE_HSTS_SECONDS = 365 * 86400  # told over https alone: a browser that has been here asks for nothing else
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 2**20  # a batch of events
