"""Settings of the service, one file for both profiles of the design: `embedded` (one machine, no broker, SQLite) and `production`.

Every value that an operator may choose is an environment variable, read here and nowhere else; the table in README.md
lists them. Paths below `VAR_DIR` are made by the rooms that own them. `checks.py` refuses what is unsafe in production.
"""
from pathlib import Path

from config import env
from config.csp import CSP, Policy

BASE_DIR = Path(__file__).resolve().parent.parent

PROFILE = env.choice("CUNZHENG_PROFILE", "embedded", ("embedded", "production"))
EMBEDDED = PROFILE == "embedded"
VAR_DIR = env.folder("CUNZHENG_VAR", BASE_DIR / "var")
PUBLIC_URL = env.text("CUNZHENG_URL", f"http://127.0.0.1:{env.number('CUNZHENG_PORT', 8000)}").rstrip("/")
# Where originals are served to people: another host than PUBLIC_URL's, so that nothing in them meets a session.
EVIDENCE_ORIGIN = env.text("CUNZHENG_EVIDENCE_ORIGIN", env.originals_here(PUBLIC_URL) if EMBEDDED else "").rstrip("/")

# Django
DEBUG = False
SECRET_KEY = env.text("CUNZHENG_SECRET_KEY") or "embedded-default-refused-in-production"
ALLOWED_HOSTS = env.words("CUNZHENG_HOSTS", "127.0.0.1 localhost originals.localhost [::1] testserver" if EMBEDDED else "")
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "common",
    "accounts",
    "vault",
    "ledger",
    "notifications",
    "cases",
    "evidence",
    "config",
]
MIDDLEWARE = [
    "common.tenancy.forget_between_requests",
    "common.downloads.digest_of_downloads",
    "django.middleware.security.SecurityMiddleware",
    "config.evidence_host.EvidenceHostMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "accounts.portal.gate.machines_bring_no_cookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.csp.ContentSecurityPolicyMiddleware",
    "config.page_policies.PagePolicyMiddleware",
    "accounts.portal.gate.SignInGate",
    "common.problems.ProblemMiddleware",
    # Next to the views: it answers what they raise when somebody is to show himself again, before that becomes a problem.
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.database(env.text("DATABASE_URL"), VAR_DIR)}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request", "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages", "accounts.portal.shell.shell",
                "notifications.portal.badge.badge", "config.preferences.display",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "common.pages"],
        },
    }
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
APPEND_SLASH = False

# Language and time: Chinese first, English complete. The database holds aware UTC; pages add the fixed +08:00 of Asia/Shanghai.
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Transport security: a reverse proxy ends TLS in production and says so in X-Forwarded-Proto.
SECURE_CONTENT_TYPE_NOSNIFF = True
# Other sites learn nothing. With no-referrer browsers would send `Origin: null` with our own forms, and every one would be refused.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Nothing is loaded from elsewhere, and no script or style is inline. The names and shapes are Django 6's (`config.csp`).
SECURE_CSP: Policy = {
    "default-src": [CSP.NONE], "style-src": [CSP.SELF], "img-src": [CSP.SELF, "data:"], "script-src": [CSP.SELF], "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF], "base-uri": [CSP.NONE], "frame-ancestors": [CSP.NONE],
}
SECURE_CSP_REPORT_ONLY: Policy = {}
# Prometheus asks a web process behind the proxy, where there is no TLS to be sent to.
SECURE_REDIRECT_EXEMPT = [r"^metrics$"]

# People and their sessions. Cookies never reach the API, which knows keys only (`accounts.portal.gate`).
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["accounts.passwords.FrugalArgon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login", "display_name")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/home"
LOGOUT_REDIRECT_URL = "/sign-in"
# After so long without a page the session is over; `SignInGate` prolongs it, and ends it twelve hours after the sign-in all the same.
SESSION_COOKIE_AGE = 1800
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "common.problems.csrf_failure"

# django-allauth: login name and password, then a second factor; or a passkey alone. Nobody signs up.
ACCOUNT_ADAPTER = "accounts.sign_in.SignInAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_METHODS = ("mfa",)
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
# An agency's two hundred agents come from one address, all at nine: what succeeds may be frequent, what fails may not.
ACCOUNT_RATE_LIMITS = {"login": "300/m/ip", "login_failed": "10/m/ip,5/300s/key", "apply": "20/h/ip"}
MFA_RATE_LIMITS = {"webauthn_login": "600/m/ip"}
MFA_ADAPTER = "accounts.sign_in.SecondFactorAdapter"
USERSESSIONS_ADAPTER = "accounts.sign_in.SessionsAdapter"
MFA_FORMS = {
    "authenticate": "accounts.portal.code_forms.SecondFactorCodeForm",
    "reauthenticate": "accounts.portal.code_forms.ShowAgainCodeForm",
    "add_webauthn": "accounts.portal.passkey_forms.AddPasskeyForm",
    "authenticate_webauthn": "accounts.portal.passkey_forms.SecondFactorPasskeyForm",
    "login_webauthn": "accounts.portal.passkey_forms.SignInPasskeyForm",
    "reauthenticate_webauthn": "accounts.portal.passkey_forms.ShowAgainPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Cunzheng"
# The neighbouring half minute too: phones in vaults and courtrooms are seldom on time.
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = EMBEDDED
# Counts of failed attempts go by the address that the one proxy in front writes into X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = 0 if EMBEDDED else 1
if not EMBEDDED:
    # __Host-: no other host of the domain, and nobody on a connection in clear, can plant one of these.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-cunzheng-session", "__Host-cunzheng-csrf"
    LANGUAGE_COOKIE_NAME = "__Host-cunzheng-language"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

# Limits of the deposit interface; each refusal names the limit that it met.
MAX_FILE_BYTES = env.number("CUNZHENG_MAX_FILE_BYTES", 4 * 1024**3, at_least=1)
MAX_FILES = env.number("CUNZHENG_MAX_FILES", 100, at_least=1)
MAX_JSON_BYTES = env.number("CUNZHENG_MAX_JSON_BYTES", 4 * 1024**2, at_least=1024)
MAX_JSON_DEPTH = env.number("CUNZHENG_MAX_JSON_DEPTH", 8, at_least=5)  # a batch without any metadata has five levels
MAX_BATCH_RECORDS = env.number("CUNZHENG_MAX_BATCH_RECORDS", 1000, at_least=1)
DEPOSITS_PER_MINUTE = env.number("CUNZHENG_DEPOSITS_PER_MINUTE", 6000, at_least=1)
VERIFICATIONS_PER_MINUTE = env.number("CUNZHENG_VERIFICATIONS_PER_MINUTE", 600, at_least=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_JSON_BYTES
# A batch of 1,000 cases (cases.conditions.MOST_CASES), ticked one by one, and the form's other fields; query members too.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_100
DATA_UPLOAD_MAX_NUMBER_FILES = MAX_FILES
WEB_THREADS = env.number("CUNZHENG_WEB_THREADS", 8, at_least=1)

# Where originals and the log's tiles lie: files below VAR_DIR, or a bucket of any S3.
VAULT_STORE = env.object_place("CUNZHENG_VAULT_STORE")
LOG_STORE = env.object_place("CUNZHENG_LOG_STORE")
# Where each original lies a second time, on other storage: a folder or a bucket; nowhere by default.
VAULT_COPY = env.copy_place("CUNZHENG_VAULT_COPY")

# The vault. Who holds the organisations' vault keys: files below VAR_DIR/keys/vault, or a PKCS#11 token.
VAULT_KEYS = env.choice("CUNZHENG_VAULT_KEYS", "file", ("file", "pkcs11"))
PKCS11_MODULE = env.text("CUNZHENG_PKCS11_MODULE")
PKCS11_TOKEN = env.text("CUNZHENG_PKCS11_TOKEN")
PKCS11_PIN_FILE = env.text("CUNZHENG_PKCS11_PIN_FILE")
# A clamd that originals are shown to after the deposit; none by default.
CLAMD = env.scanner("CUNZHENG_CLAMD")

# Fonts beside the package's that documents are set in; none by default.
DOCUMENT_FONTS = env.existing_folder("CUNZHENG_DOCUMENT_FONTS")

# The log. The promise stands in every receipt; deposits stop at half of it.
RECEIPT_PROMISE_S = env.number("CUNZHENG_RECEIPT_PROMISE_S", 86_400, at_least=60)
SEQUENCE_INTERVAL_S = env.seconds("CUNZHENG_SEQUENCE_INTERVAL_S", 0.1)
CHECKPOINT_INTERVAL_S = env.seconds("CUNZHENG_CHECKPOINT_INTERVAL_S", 1.0)
STAMP_INTERVAL_S = env.seconds("CUNZHENG_STAMP_INTERVAL_S", 2.0 if EMBEDDED else 10.0)
PARTIAL_TILE_KEEP_S = env.number("CUNZHENG_PARTIAL_TILE_KEEP_S", 86_400)
ORIGIN = env.text("CUNZHENG_ORIGIN")
POLICY = env.text("CUNZHENG_POLICY")
# The two of the sandbox, of different operators and with a policy each, as production asks for.
_TEST_TSAS = (
    f"sandbox-tsa=http://127.0.0.1:{env.number('CUNZHENG_TSA_PORT', 8001)}/|sandbox-operator-1|1.3.6.1.4.1.0.3161.1 "
    f"sandbox-tsa-2=http://127.0.0.1:{env.number('CUNZHENG_TSA2_PORT', 8004)}/|sandbox-operator-2|1.3.6.1.4.1.0.3161.2"
)
TSAS = env.text("CUNZHENG_TSAS", _TEST_TSAS if EMBEDDED else "")
TSA_TIMEOUT_S = env.seconds("CUNZHENG_TSA_TIMEOUT_S", 10.0)
# 300 is the offline verifier's own bound: nothing wider would verify.
TIME_SKEW_S = env.number("CUNZHENG_TIME_SKEW_S", 300, at_least=1, at_most=300)
# Renewal: how long before a certificate behind a timestamp ends, and the algorithms that are not to be relied on much longer.
RENEW_BEFORE_DAYS = env.number("CUNZHENG_RENEW_BEFORE_DAYS", 180, at_least=1)
WEAKENING = env.words("CUNZHENG_WEAKENING")

# Jobs: rows in the database are the record of work. Without a broker one worker process sweeps them.
# The lease is longer than any job runs: a worker that died is replaced after it.
JOB_LEASE_S = env.seconds("CUNZHENG_JOB_LEASE_S", 60.0)
# Whoever has it may read /metrics; without one there is no such address.
METRICS_TOKEN = env.text("CUNZHENG_METRICS_TOKEN")
# How often the worker looks at the log through its public address.
MONITOR_INTERVAL_S = env.seconds("CUNZHENG_MONITOR_INTERVAL_S", 60.0)
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# How long a message waits for a worker; longer than clocks of two machines differ, for the worker's decides.
MESSAGES_LAST_S = 10.0
CELERY_BEAT_SCHEDULE = {
    "sweep-jobs": {"task": "common.tasks.sweep_jobs", "schedule": 1.0, "options": {"expires": MESSAGES_LAST_S}}}

# Letters about incidents, to people who can act.
ALERT_MAIL = env.words("CUNZHENG_ALERT_MAIL")
DEFAULT_FROM_EMAIL = env.text("CUNZHENG_MAIL_FROM", "cunzheng@localhost")
EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, EMAIL_USE_SSL, EMAIL_USE_TLS = env.mail_server(
    env.text("CUNZHENG_SMTP", "smtp://127.0.0.1:25"))

# SMS to people by a gateway (`notifications.sms`); without both there is none.
SMS_URL = env.text("CUNZHENG_SMS_URL").rstrip("/")
SMS_SECRET = env.signing_secret("CUNZHENG_SMS_SECRET")

# Networks that webhooks may be sent to although they are not public; to these also without TLS. In development the receiver is here.
OUTGOING_NETWORKS = env.networks("CUNZHENG_OUTGOING_NETWORKS", "127.0.0.0/8 ::1/128" if EMBEDDED else "")

# Counters of requests and of guesses, and codes of second factors that were used: all web processes must see the same ones.
COUNTERS_URL = env.counters_url("CUNZHENG_COUNTERS_URL", CELERY_BROKER_URL)
CACHES = {"default": env.counters(COUNTERS_URL)}

# OAuth 2.0 for machines: client credentials, opaque tokens that the database knows by their digest, and no other flow.
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
# The toolkit's own table, by name because Django's migrations ask for it under this one.
OAUTH2_PROVIDER_APPLICATION_MODEL = "oauth2_provider.Application"
OAUTH2_PROVIDER = {
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.BackendApplicationServer",
    "OAUTH2_VALIDATOR_CLASS": "accounts.oauth.ClientCredentialsValidator",
    "OAUTH2_BACKEND_CLASS": "accounts.oauth.TokenRequests",
    "ACCESS_TOKEN_GENERATOR": "accounts.oauth.new_token",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
    # RFC 9700, all of it, also for flows that have no address here: the toolkit's own checks judge these by name.
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    **{f"COMPLIANT_BCP_RFC9700_{name}": True for name in (
        "IMPLICIT_GRANT", "PASSWORD_GRANT", "PKCE_METHOD", "ACCESS_TOKEN_TRANSPORT", "AUTHZ_RESPONSE_ISS", "TOKEN_STORAGE", "REFRESH_TOKEN",
        "REDIRECT_URI_SCHEME", "REDIRECT_URI_MATCHING", "PKCE_REQUIRED")},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.MachineAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.authentication.NeedsScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "accounts.api.openapi.AutoSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.negotiation.OneRepresentation",
    "DEFAULT_METADATA_CLASS": None,  # the OpenAPI document describes the API; OPTIONS does not
    "EXCEPTION_HANDLER": "common.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Cunzheng 存证",
    "DESCRIPTION": (
        "Judicial evidence deposit. What is acknowledged is durable and promised to the log; what is in the log, anyone can verify without "
        "trusting this service. Every refusal is RFC 9457 `application/problem+json` with a stable `code`. "
        "JSON carries no floats, not even 1.0; amounts are strings.\n\n"
        "司法存证：受理即持久保存并承诺入链；任何人均可在不信任本服务的前提下独立核验。一切拒绝均为带稳定 code 的 RFC 9457 问题详情。"
        "JSON 中不使用浮点数，金额等以字符串表示。"
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["config.openapi.add_components"],
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "TAGS": [
        {"name": "evidence", "description": "An organisation's own records; an API key is needed. 本机构的存证，须有接口密钥。"},
        {"name": "records", "description": "What is public of any record by its number. 凭编号公开的内容。"},
        {"name": "verification", "description": "Disclosure and verification for whoever holds a file. 持有文件者的披露与核验。"},
        {"name": "webhooks", "description": "Addresses for events, and the inbox; an API key is needed. 事件推送与站内通知。"},
        {"name": "contract", "description": "What the API promises. 接口约定。"},
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Django's own request log quotes paths, and a stranger may put anything into a URL; `common.problems` logs what broke.
    "loggers": {"django.request": {"level": "CRITICAL"}, "django.security": {"level": "ERROR"}},
}
