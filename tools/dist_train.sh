#!/usr/bin/env bash
# Train with several processes on one or more machines, one process per GPU.
# Without GPUs the processes run on the CPU and talk by gloo.
set -euo pipefail

if [ $# -lt 2 ]; then
    echo "usage: [NNODES=1 NODE_RANK=0 MASTER_ADDR=127.0.0.1 PORT=free]" \
         "$0 CONFIG PROCESSES [options of train.py]" >&2
    exit 2
fi
"$(dirname "$0")/dist_run.sh" train "$2" "$1" "${@:3}"
