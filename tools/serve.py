"""Show a network's predictions in a web page: drop a picture, see skeleton, heatmaps and scores.

The page is served to this machine only (127.0.0.1) and loads nothing from other servers. Needs
requirements/web.txt.
"""

import argparse

from mssh_mmpose.apis import load_model
from mssh_mmpose.cli import errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file, or mssh_mmpose::NAME.py for an installed one')
    parser.add_argument('checkpoint', help='checkpoint file or URL')
    parser.add_argument(
        '--host', default='127.0.0.1', help='0.0.0.0 for all of the network (%(default)s)'
    )
    parser.add_argument('--port', type=int, default=8000, help='0 for a free one (%(default)s)')
    parser.add_argument('--max-megabytes', type=float, default=10, help='of a file (%(default)s)')
    parser.add_argument(
        '--max-pixels', type=int, default=25_000_000, help='of a picture (%(default)s)'
    )
    parser.add_argument('--device', default='auto', help="'cpu', 'cuda:0', ... (%(default)s)")
    args = parser.parse_args()
    if args.max_megabytes <= 0 or args.max_pixels <= 0:
        raise errors.InputError('--max-megabytes and --max-pixels must be positive.')
    return args


def main() -> None:
    args = parse_args()
    try:
        import uvicorn

        from mssh_mmpose.web.app import LOOPBACK, Limits, create_app
    except ImportError as error:
        raise errors.InputError(
            f'{error}; the web page needs "pip install -r requirements/web.txt -c '
            'requirements/constraints.txt".'
        ) from error
    model = load_model(args.config, args.checkpoint, args.device)
    hosts = LOOPBACK if args.host in LOOPBACK else ('*',)
    app = create_app(model, Limits(args.max_megabytes, args.max_pixels), hosts)
    # Prints the address, and that Ctrl-C ends it.
    uvicorn.run(app, host=args.host, port=args.port, log_level='info', access_log=False)


if __name__ == '__main__':
    errors.run(main, 'tools/serve.py')
