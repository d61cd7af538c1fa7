#!/bin/sh
# Writes the lock files anew. Needs `uv` on the PATH; nothing else in the project does.
set -eu
cd "$(dirname "$0")/.."
lock() { out=$1; shift; uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate "$@" -o "requirements/$out"; }
lock server.txt pyproject.toml --extra server --extra postgres --group build
lock dev.txt pyproject.toml --extra server --extra postgres --group build --group test --group check
lock tpm.txt pyproject.toml --extra tpm
lock bench.txt --group pyproject.toml:bench --constraints requirements/dev.txt
