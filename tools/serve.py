"""Show a network's predictions in a web page: drop a picture, see skeleton, heatmaps and scores.

The page is served to this machine only (127.0.0.1) and loads nothing from other servers. Needs
requirements/web.txt.
"""

import argparse
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
        '--port',
        type=arguments.integer(0, 65535),
        default=8000,
        help='0 for a free one (%(default)s)',
    )
    parser.add_argument(
        '--max-megabytes',
        type=arguments.number(above=0),
        default=10,
        help='of a file (%(default)s)',
    )
    parser.add_argument(
        '--max-pixels',
        type=arguments.integer(1),
        default=25_000_000,
        help='of a picture (%(default)s)',
    )
    arguments.add_device(parser)
    return parser.parse_intermixed_args(argv)


def main(args: argparse.Namespace) -> None:
    from mssh_mmpose import load_model
    from mssh_mmpose.errors import InputError

    try:
        import uvicorn

        from mssh_mmpose.web.app import LOOPBACK, Limits, create_app
    except ImportError as error:
        raise InputError(
            f'{error}; the web page needs "pip install -r requirements/web.txt -c '
            'requirements/constraints.txt".'
        ) from error
    model = load_model(args.config, args.checkpoint, args.device)
    hosts = LOOPBACK if args.host in LOOPBACK else ('*',)
    app = create_app(model, Limits(args.max_megabytes, args.max_pixels), hosts)
    # Prints the address, and that Ctrl-C ends it.
    uvicorn.run(app, host=args.host, port=args.port, log_level='info', access_log=False)


if __name__ == '__main__':
    command.run(parse_args, main)
