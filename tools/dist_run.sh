#!/usr/bin/env bash
# What dist_train.sh and dist_test.sh share: dist_run.sh TOOL PROCESSES ARGUMENTS...
set -euo pipefail

tool=$1 processes=$2
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-python}
nnodes=${NNODES:-1}
if [ "$nnodes" = 1 ]; then
    # One machine: nothing leaves it, and two runs must not meet on a port.
    loopback=$([ "$(uname)" = Darwin ] && echo lo0 || echo lo)
    export GLOO_SOCKET_IFNAME=${GLOO_SOCKET_IFNAME:-$loopback}
    export NCCL_SOCKET_IFNAME=${NCCL_SOCKET_IFNAME:-$loopback}
    free='import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
    PORT=${PORT:-$("$python" -c "$free")}
fi
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "$python" -m torch.distributed.run \
    --nnodes="$nnodes" \
    --node_rank="${NODE_RANK:-0}" \
    --nproc_per_node="$processes" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" \
    --master_port="${PORT:-29500}" \
    "$root/tools/$tool.py" "${@:3}" --launcher pytorch
