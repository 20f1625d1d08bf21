#!/usr/bin/env bash
# The end-to-end tests need a Chromium: the one that $CHROMIUM names, Debian's, or Debian's installed now.
set -euo pipefail

if [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    exit 0
fi
if [ -n "${CHROMIUM:-}" ]; then
    echo "CHROMIUM is set to $CHROMIUM, and that is no program." >&2
    exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
if ! command -v apt-get >/dev/null || ! command -v "${as_root[0]:-true}" >/dev/null; then
    echo "The end-to-end tests need Chromium. Install it, and set CHROMIUM to its path." >&2
    exit 1
fi
echo "==> Chromium for the end-to-end tests (Debian's package, about 100 MB)"
"${as_root[@]}" apt-get update -q
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -q --no-install-recommends chromium
