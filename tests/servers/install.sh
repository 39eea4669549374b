#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install Debian packages of servers without leaving a service running: the tests start private instances.
# usage: install.sh PACKAGE...
set -eu

POLICY=${POLICY:-/usr/sbin/policy-rc.d}

missing=""
for package in "$@"; do
  case "$(dpkg-query --show --showformat '${Status}' "$package" 2>/dev/null || true)" in
    "install ok installed") ;;
    *) missing="$missing $package" ;;
  esac
done
if [ -z "$missing" ]; then
  echo "servers: $* are installed"
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "servers: there is no apt-get here; install by other means:$missing" >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null; then
  as_root="sudo"
else
  echo "servers: packages are installed by root only, and there is no sudo. Ask root to run:" >&2
  echo "  apt-get install --no-install-recommends$missing" >&2
  exit 1
fi

# While this file says 101, package scripts start no service (invoke-rc.d(8)); one that is there already is obeyed.
if [ ! -e "$POLICY" ]; then
  trap '$as_root rm -f "$POLICY"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$POLICY" >/dev/null
  $as_root chmod 755 "$POLICY"
fi

$as_root apt-get update --quiet --quiet
# shellcheck disable=SC2086 # package names are separate words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends $missing

# Nor shall they start at the next boot, where there is a service manager.
if [ -d /run/systemd/system ]; then
  for package in $missing; do
    $as_root systemctl disable --now "$package.service" || true
  done
fi
