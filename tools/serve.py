"""Show a network's predictions in a web page: drop a picture, see skeleton, heatmaps and scores.

The page is served to this machine only (127.0.0.1) and loads nothing from other servers. Needs
requirements/web.txt.
"""

import argparse
import ipaddress
import sys
from collections.abc import Sequence

import arguments
import command


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = command.Parser(__doc__)
    arguments.add_any_network(parser)
    parser.add_argument(
        '--host', default='127.0.0.1', help='0.0.0.0 for all of the network (%(default)s)'
    )
    parser.add_argument(
        '--allowed-host',
        action='append',
        type=host_name,
        default=[],
        metavar='NAME',
        help="another name by which a browser may ask: of this machine, of a proxy, '*.NAME', or "
        "'*' for any; repeatable",
    )
    parser.add_argument(
        '--port',
        type=arguments.integer(0, 65535),
        default=8000,
        help='0 for a free one (%(default)s)',
    )
    add_limits(parser)
    arguments.add_device(parser)
    return parser.parse_intermixed_args(argv)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add the limits that users may want to change."""
    parser.add_argument(
        '--max-megabytes',
        type=arguments.number(above=0),
        default=10,
        help='of a file (%(default)s)',
    )
    arguments.add_max_pixels(parser, 'of a picture (%(default)s)')
    parser.add_argument(
        '--max-waiting',
        type=arguments.integer(0),
        default=16,
        help='predictions that wait for their turn; more are refused (%(default)s)',
    )


def host_name(text: str) -> str:
    """Argument type: a name or an address, without port; '*' may stand before all or the rest."""
    rest = text.removeprefix('*.') if text != '*' else 'any'
    if not rest or any(letter in rest for letter in '*/ ') or rest.count(':') == 1:
        raise argparse.ArgumentTypeError(
            f"expected a name such as pose.example.org, *.example.org, or '*', got {text}"
        )
    return text


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def allowed_hosts(args: argparse.Namespace, loopback: Sequence[str]) -> list[str]:
    """Return the names that the server answers to; warn if others than this machine reach it."""
    hosts = [*loopback, *args.allowed_host]
    if args.host not in ('0.0.0.0', '::'):
        hosts += [args.host, f'[{args.host}]']
    if not is_loopback(args.host):
        names = ', '.join(name for name in hosts if '[' not in name)
        print(
            f'{command.program()}: warning: --host {args.host}: whoever reaches this machine can '
            'use the page, which has no authentication and no encryption. It answers to the names '
            f'{names}; --allowed-host adds one.',
            file=sys.stderr,
        )
    return hosts


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import load_model
    from mssh_mmpose.errors import InputError
    from mssh_mmpose.optional import install_command

    try:
        import uvicorn

        from mssh_mmpose.web.app import LOOPBACK, create_app
        from mssh_mmpose.web.limits import Limits
        from mssh_mmpose.web.server import server_options
    except ImportError as error:
        raise InputError(f'{error}; the web page needs "{install_command("web")}".') from error
    limits = Limits(args.max_megabytes, args.max_pixels, waiting=args.max_waiting)
    hosts = allowed_hosts(args, LOOPBACK)
    app = create_app(load_model(args.config, args.checkpoint, args.device), limits, hosts)
    # Prints the address, and that Ctrl-C ends it.
    uvicorn.run(app, host=args.host, port=args.port, log_level='info', **server_options(limits))


if __name__ == '__main__':
    command.run(parse_args, main)
