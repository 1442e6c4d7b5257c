"""Who may ask the web page: browsers that know it by an allowed name, from the page itself."""

from collections.abc import Sequence

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Browsers leave the port out of an Origin where it is the scheme's own.
PORTS = {'http': ':80', 'https': ':443'}
PROXY = 'A reverse proxy must pass Host with its port.'
# Longest part of a header that is repeated in an answer.
REPEATED = 200


# In the scope of a request that Starlette's check lets through.
_ALLOWED = 'mssh_mmpose.allowed'


async def _allow(scope: Scope, receive: Receive, send: Send) -> None:
    scope[_ALLOWED] = True


async def _drop(message: Message) -> None:
    """Take Starlette's own refusal."""


class AllowedHosts:
    """Middleware: Starlette's check of the name in the address, with a reason in the refusal."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str]):
        self.app, self.hosts = app, list(hosts)
        self._check = TrustedHostMiddleware(_allow, self.hosts, www_redirect=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        await self._check(scope, receive, _drop)
        if not scope.pop(_ALLOWED, False):
            text = (
                f'Host is {quoted(Headers(scope=scope).get("host"))}; expected the name '
                f'{" or ".join(self.hosts)}. "tools/serve.py --allowed-host NAME" adds one. {PROXY}'
            )
            app = JSONResponse({'detail': text}, 400)
        await app(scope, receive, send)


class SameSite:
    """Middleware that refuses what another site's page sends here; links to the page work."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope['type'] == 'http':
            reason = why_foreign(scope['method'], Headers(scope=scope))
            if reason:
                text = f'Requests of other sites are refused: {reason}'
                app = JSONResponse({'detail': text}, 403)
        await app(scope, receive, send)


def why_foreign(method: str, headers: Headers) -> str:
    """Return why a request comes from another site's page, or another port, or ''."""
    origin, host = headers.get('origin'), headers.get('host')
    if origin is not None and not is_origin_of(origin, host or ''):
        return (
            f'Origin is {quoted(origin)}, Host is {quoted(host)}; expected the same name and port '
            f'in both. {PROXY}'
        )
    kind = (method, headers.get('sec-fetch-mode'), headers.get('sec-fetch-dest'))
    is_link = kind == ('GET', 'navigate', 'document')
    site = headers.get('sec-fetch-site', 'none')
    if is_link or site in ('none', 'same-origin'):
        return ''
    return f"Sec-Fetch-Site is {quoted(site)}; expected 'same-origin' or 'none'."


def is_origin_of(origin: str, host: str) -> bool:
    """Return whether an Origin is that of a Host; either may name the scheme's own port.

    >>> is_origin_of('https://pose.example.org', 'pose.example.org:443')
    True
    >>> is_origin_of('https://pose.example.org', 'pose.example.org:8443')
    False
    """
    scheme, _, place = origin.partition('://')
    port = PORTS.get(scheme, '')
    return bool(place) and place.removesuffix(port) == host.removesuffix(port)


def quoted(header: str | None) -> str:
    """Return a header as the refusal repeats it, which it does not in whole if it is long."""
    return repr((header or '')[:REPEATED])
