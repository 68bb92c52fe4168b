#!/bin/sh
# Verify a package with nothing but the verifier's own dependencies: a fresh virtual environment, filled by pip with the
# versions and hashes of requirements.txt, and this checkout.
#
#   tests/tlog/clean_venv.sh PACKAGE TRUST
#
# PYTHON chooses the interpreter (default python3). Ends with the verifier's exit status.
set -eu
if [ $# -ne 2 ]; then echo "usage: $0 PACKAGE TRUST" >&2; exit 1; fi
package=$(realpath "$1")
trust=$(realpath "$2")
unset PYTHONPATH  # nothing but what pip puts there
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
awk '/^[a-z]/ { keep = $1 ~ /^(cryptography|cffi|pycparser|pyasn1|typing-extensions)==/ } keep' \
    requirements.txt > "$folder/requirements.txt"
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r "$folder/requirements.txt"
"$folder/venv/bin/python" -m pip list --disable-pip-version-check
status=0
"$folder/venv/bin/python" -m tlog verify "$package" --trust "$trust" || status=$?
exit $status
