#!/usr/bin/env bash
# Checks what the exchange needs and installs what is missing; asks once, and changes nothing where
# nothing is missing.
#
#   scripts/setup.sh [run|build|test|setup]    the verb it prepares for: it prints that verb's steps
set -euo pipefail
cd "$(dirname "$0")/.."

goal=${1:-setup}
venv=.uncross/venv
deno_version=$(sed -nE 's/^deno==([0-9.]+).*/\1/p' worker/requirements.txt)
# Only files whose hashes are in the list, and none that runs a program of its own to be built. A
# new list comes from
# `pip install --dry-run --ignore-installed --only-binary=:all: --report FILE PACKAGE==VERSION ...`,
# once for each Python and kind of machine (--python-version, --platform, --target).
pip_options=(--quiet --disable-pip-version-check --require-hashes --only-binary=:all:)
createcluster=/etc/postgresql-common/createcluster.conf

say() { printf '%s\n' "$*"; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# Times are those of two cores, measured.
print_steps() {
  say "The first time this takes some minutes (on two cores):"
  say "  1. check for Swift, PostgreSQL, libsecp256k1, Deno, the EVM; install      1 min"
  case $goal in
    run | build)
      say "  2. build the program                                                      12 min"
      ;;
    test)
      say "  2. check format and tidiness, test Worker and chain, build, run the tests  50 min"
      ;;
  esac
  if [ "$goal" = run ]; then
    say "  3. start PostgreSQL, the Worker and the exchange                           5 s"
  fi
}

is_first_time() {
  [ -z "${UNCROSS_DENO:-}" ] && [ ! -x "$venv/bin/deno" ] && return 0
  case $goal in
    run | build) [ ! -x .build/release/uncross ] ;;
    test) [ ! -d .build/debug ] ;;
    *) return 1 ;;
  esac
}

need_swift() {
  say
  say "Uncross needs Swift 6.2 or newer; $1."
  say "Get it from https://www.swift.org/install/linux (swiftly is the short way), open a new"
  say "shell, and run make $goal again."
  exit 1
}

swift_version() {
  { swift --version 2> /dev/null || true; } \
    | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1
}

# Before anything is installed: without Swift all the rest would be for nothing. A compiler that
# cannot say its version lacks a library of the list below, and is asked again after that.
check_swift() {
  command -v swift > /dev/null || need_swift "there is none on the PATH"
  local version
  version=$(swift_version)
  if [ -z "$version" ]; then
    [ "${1:-}" = again ] && need_swift "this one does not run (see: swift --version)"
    return 0
  fi
  local major=${version%%.*} minor=${version##*.}
  if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
    need_swift "this is $version ($(command -v swift))"
  fi
}

has_command() { command -v "$1" > /dev/null; }
has_library() {
  [ -n "$(find /lib /usr/lib /usr/lib64 -maxdepth 2 -name "$1*" -print -quit 2> /dev/null)" ]
}

# What is asked for is what is used, not the package: whoever has it from elsewhere needs no second
# one.
missing_packages() {
  # The database and our library to it. Debian keeps the server's programs off the PATH.
  compgen -G '/usr/lib/postgresql/*/bin/initdb' > /dev/null || has_command initdb || echo postgresql
  has_command pkg-config || echo pkg-config
  if has_command pkg-config && pkg-config --exists libpq; then :; else echo libpq-dev; fi
  # The curve of Ethereum's keys; before 0.2 a context had to be made for each purpose.
  if has_command pkg-config && pkg-config --atleast-version=0.2 libsecp256k1; then :; else
    echo libsecp256k1-dev
  fi
  # Deno comes as a Python package; Debian's Python installs none outside an environment of its own.
  has_command python3 || echo python3
  [ -x "$venv/bin/deno" ] || python3 -c 'import ensurepip, venv' 2> /dev/null || echo python3-venv
  # The compiler's libraries, and what it links with: the C and C++ libraries' files, and zlib.
  has_library libncurses.so.6 || echo libncurses6
  has_library libsqlite3.so.0 || echo libsqlite3-0
  has_library libcurl.so.4 || echo libcurl4
  has_library libxml2.so.2 || echo libxml2
  has_command g++ || echo g++
  [ -e /usr/include/zlib.h ] || echo zlib1g-dev
  has_command git || echo git
  [ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
  [ -e /usr/share/zoneinfo/UTC ] || echo tzdata
  # What the program and its documentation call.
  has_command setpriv || echo util-linux
  has_command openssl || echo openssl
  has_command curl || echo curl
}

install_packages() {
  local sudo=() line="apt-get update && apt-get install -y --no-install-recommends $*"
  if ! is_root; then
    sudo=(sudo)
    line="sudo sh -c '$line'"
  fi
  if ! has_command apt-get; then
    say "These Debian packages or their like are missing, and there is no apt-get: $*"
    exit 1
  fi
  if [ -t 0 ]; then
    local answer
    read -r -p "Install with apt-get: $* ? [Y/n] " answer
    case ${answer:-y} in
      [Yy]*) ;;
      *)
        say "Nothing was installed. By hand: $line"
        exit 1
        ;;
    esac
  elif ! is_root; then
    say "These packages are missing, and there is no terminal to ask you on: $*"
    say "Run this, and make $goal again:"
    say "  $line"
    exit 1
  fi
  # Debian makes and starts a server of its own with the package; ours is private, and none must
  # take its port.
  if [[ " $* " == *" postgresql "* ]] && ! grep -qsE '^ *create_main_cluster' "$createcluster"; then
    "${sudo[@]}" mkdir -p "${createcluster%/*}"
    echo 'create_main_cluster = false' | "${sudo[@]}" tee -a "$createcluster" > /dev/null
  fi
  say "Installing $*"
  "${sudo[@]}" apt-get update -qq 2>&1 | sed '/^W:/d'
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "$@" > .uncross/apt.log 2>&1 \
    || {
      tail -n 20 .uncross/apt.log
      say "apt-get failed; the whole of what it said is in .uncross/apt.log"
      exit 1
    }
}

install_deno() {
  if [ -n "${UNCROSS_DENO:-}" ]; then return 0; fi
  local found=
  if [ -x "$venv/bin/deno" ]; then found=$("$venv/bin/deno" --version 2> /dev/null | head -n 1); fi
  case $found in "deno $deno_version "* | "deno $deno_version") return 0 ;; esac
  say "Installing Deno $deno_version from PyPI into $venv"
  # A first attempt that was cut off may have left half an environment.
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install "${pip_options[@]}" --requirement worker/requirements.txt || {
    say "pip could not install Deno $deno_version. The project needs it for the Worker on this"
    say "machine; one from elsewhere will do: name it in UNCROSS_DENO."
    exit 1
  }
}

# The EVM of the development chain. Its list of packages, as it was installed, says whether it is
# the present one.
install_evm() {
  if [ -n "${UNCROSS_PYTHON:-}" ]; then return 0; fi
  if cmp -s devchain/requirements.txt "$venv/devchain-requirements.txt"; then return 0; fi
  say "Installing the development chain's EVM from PyPI into $venv"
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  "$venv/bin/pip" install "${pip_options[@]}" --requirement devchain/requirements.txt || {
    say "pip could not install what devchain/requirements.txt names, for Python 3.11 to 3.13."
    say "The development chain needs it; an interpreter that has it will do: name it in"
    say "UNCROSS_PYTHON."
    exit 1
  }
  cp devchain/requirements.txt "$venv/devchain-requirements.txt"
}

# What checks the API's description, for the tests only.
install_contract() {
  if [ "$goal" != test ] || [ -n "${UNCROSS_PYTHON:-}" ]; then return 0; fi
  if cmp -s scripts/contract/requirements.txt "$venv/contract-requirements.txt"; then return 0; fi
  say "Installing openapi-spec-validator and schemathesis from PyPI into $venv"
  "$venv/bin/pip" install "${pip_options[@]}" --requirement scripts/contract/requirements.txt || {
    say "pip could not install what scripts/contract/requirements.txt names, for Python 3.11 to"
    say "3.13. The tests need it; an interpreter that has it will do: name it in UNCROSS_PYTHON."
    exit 1
  }
  cp scripts/contract/requirements.txt "$venv/contract-requirements.txt"
}

if is_first_time; then print_steps; fi
check_swift
mkdir -p .uncross
mapfile -t missing < <(missing_packages)
if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
check_swift again
install_deno
install_evm
install_contract
if [ "$goal" = setup ]; then
  say "Ready: $(swift_version | sed 's/^/Swift /'), Deno $deno_version, PostgreSQL."
fi
