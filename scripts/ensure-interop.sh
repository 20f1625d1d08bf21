#!/usr/bin/env bash
# The interop tests need Node.js with openid-client, and Debian's nginx and Apache with mod_auth_openidc.
set -euo pipefail
openid_client="$(dirname "${BASH_SOURCE[0]}")/../tests/interop/openid-client"

node_major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/' || true)
if [ "${node_major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
    echo "openid-client needs Node.js 20 or newer with npm (found: $(node --version 2>/dev/null || echo none))." >&2
    exit 1
fi
if [ ! "$openid_client/node_modules/.package-lock.json" -nt "$openid_client/package-lock.json" ]; then
    echo "==> openid-client, a relying party for the interop tests"
    npm ci --prefix "$openid_client" --ignore-scripts --no-audit --no-fund --loglevel=error
    touch "$openid_client/node_modules/.package-lock.json"
fi

missing=()
[ -x /usr/sbin/apache2 ] || missing+=(apache2)
[ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || missing+=(libapache2-mod-auth-openidc)
[ -x /usr/sbin/nginx ] || missing+=(nginx)
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
if ! command -v apt-get >/dev/null || ! command -v "${as_root[0]:-true}" >/dev/null; then
    echo "The interop tests need Debian's ${missing[*]}. Install them, and run this again." >&2
    exit 1
fi
echo "==> relying parties and a proxy for the interop tests (Debian: ${missing[*]})"
# The tests start their own servers: the packages' services must not take ports 80 and 443.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
fi
"${as_root[@]}" apt-get update -q
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
