#!/bin/sh
# Runs one Jupyter server on loopback in the foreground. usage: jupyter.sh HOME PORT TOKEN; HOME is a new folder, TOKEN empty for none.
set -eu
mkdir -p "$1/work"
export HOME="$1" JUPYTER_CONFIG_DIR="$1/config" JUPYTER_DATA_DIR="$1/data" JUPYTER_RUNTIME_DIR="$1/runtime" JUPYTER_NO_CONFIG=1
exec /usr/bin/jupyter-server --allow-root --no-browser --ServerApp.ip=127.0.0.1 --ServerApp.port="$2" --ServerApp.port_retries=0 \
	--ServerApp.root_dir="$1/work" --ServerApp.token="$3" --ServerApp.password=
