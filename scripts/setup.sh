#!/usr/bin/env bash
# Checks what the exchange needs and installs what is missing: asks once, and does nothing where nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
goal=${1:-setup}
venv=.uncross/venv
deno_version=2.9.8

say() { printf '%s\n' "$*"; }

steps() {
  say "Steps, with the time they take the first time on two cores:"
  say "  1. check for Swift, Postgres, libpq and Deno; install what is missing   1 min"
  case $goal in
    run | build) say "  2. build the program (release)                                          5-12 min" ;;
    test) say "  2. check format, test the Worker, build (debug), run the tests          10-20 min" ;;
  esac
  if [ "$goal" = run ]; then say "  3. start Postgres, the Worker and the exchange                          5 s"; fi
}

need_swift() {
  say
  say "Uncross needs Swift 6.2 or later; $1."
  say "Get it from https://www.swift.org/install/linux (swiftly is the short way), then run make $goal again."
  exit 1
}

check_swift() {
  command -v swift > /dev/null || need_swift "there is none on the PATH"
  local version major minor
  version=$(swift --version 2> /dev/null | grep -oE 'Swift version [0-9]+\.[0-9]+' | grep -oE '[0-9]+\.[0-9]+' | head -1)
  major=${version%%.*} minor=${version##*.}
  if [ "${major:-0}" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
    need_swift "this is ${version:-unknown}"
  fi
}

missing_packages() {
  local missing=()
  compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || missing+=(postgresql)
  [ -e /usr/include/postgresql/libpq-fe.h ] || missing+=(libpq-dev)
  command -v pkg-config > /dev/null || missing+=(pkg-config)
  command -v python3 > /dev/null || missing+=(python3)
  [ -x "$venv/bin/deno" ] || python3 -c 'import ensurepip, venv' 2> /dev/null || missing+=(python3-venv)
  command -v setpriv > /dev/null || missing+=(util-linux)
  command -v openssl > /dev/null || missing+=(openssl)
  command -v curl > /dev/null || missing+=(curl)
  printf '%s\n' "${missing[@]}"
}

install_packages() {
  local sudo=() packages=("$@")
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  local line="apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
  [ "$(id -u)" -eq 0 ] || line="sudo sh -c '$line'"
  if [ -t 0 ]; then
    read -r -p "Install with apt-get: ${packages[*]}? [Y/n] " answer
    case ${answer:-y} in [Yy]*) ;; *) say "Then run: $line"; exit 1 ;; esac
  elif [ "$(id -u)" -ne 0 ]; then
    say "These packages are missing, and there is no terminal to ask. Run:"
    say "  $line"
    exit 1
  fi
  if [[ " ${packages[*]} " == *" postgresql "* ]]; then
    # Debian starts a cluster of its own when the server is installed; ours is private.
    "${sudo[@]}" mkdir -p /etc/postgresql-common
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
      echo 'create_main_cluster = false' | "${sudo[@]}" tee /etc/postgresql-common/createcluster.conf > /dev/null
    fi
  fi
  "${sudo[@]}" apt-get update -q
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
}

install_deno() {
  if [ -x "$venv/bin/deno" ] && "$venv/bin/deno" --version 2> /dev/null | grep -q "deno $deno_version"; then return; fi
  say "Installing Deno $deno_version from PyPI into $venv"
  mkdir -p .uncross
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "deno==$deno_version"
}

mapfile -t missing < <(missing_packages | sed '/^$/d')
if [ ${#missing[@]} -gt 0 ] || [ ! -x "$venv/bin/deno" ] || [ "$goal" = setup ]; then steps; fi
check_swift
if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
install_deno
