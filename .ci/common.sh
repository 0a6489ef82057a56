# What the gate and the nightly have in common: steps that are named and timed, tests that are counted, services.
# Sourced by .ci/run and .ci/nightly, which set the directory first.

umask 022
export CI="${CI:-true}" LANG="${LANG:-C.UTF-8}" PYTHONUNBUFFERED=1 DEBIAN_FRONTEND=noninteractive
export SE_OFFLINE=true SE_AVOID_STATS=true
GIVEN_DATABASE_URL="${DATABASE_URL:-}"
unset DATABASE_URL DJANGO_SETTINGS_MODULE PYTHONPATH PYTHONHOME PYTHONWARNINGS PYTEST_ADDOPTS VIRTUAL_ENV
unset PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV SHOP_VAR

WORK="$(mktemp -d)"
chmod 755 "$WORK"
if [ ! -w "${HOME:-/nonexistent}" ]; then
    export HOME="$WORK/home"
    mkdir -p "$HOME"
fi

FAILED=()
FLAKY=()
PG_DATA=""

cleanup() {
    if [ -n "$PG_DATA" ]; then
        as_postgres "$PG_BIN/pg_ctl" -D "$PG_DATA" -m immediate stop >/dev/null 2>&1 </dev/null || true
    fi
    rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP

# step NAME COMMAND...: runs it, shows what it says, remembers whether it failed. Its output goes to a file that is
# shown as it grows, not through a pipe: a process that it leaves behind cannot keep us waiting.
step() {
    local name="$1" log pid began=$SECONDS status
    shift
    log="$WORK/$(tr -c 'a-zA-Z0-9\n' '-' <<<"$name").log"
    printf '\n== %s (at %d s)\n' "$name" "$SECONDS"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    tail -n +1 -f --pid="$pid" "$log" 2>/dev/null
    wait "$pid"
    status=$?
    printf -- '-- %s: %s, %d s\n' "$name" "$([ $status -eq 0 ] && echo ok || echo "exit $status")" $((SECONDS - began))
    LAST_LOG="$log"
    return $status
}

# must NAME COMMAND...: a step whose failure fails the gate, after everything else has run too.
must() {
    step "$@" || { FAILED+=("$1"); cp "$LAST_LOG" "$WORK/failed-${#FAILED[@]}.log"; return 1; }
}

# tests NAME SECONDS COMMAND...: a step that is a test run. What fails in it is run once more, alone in one process;
# what then passes is named as flaky, loudly, and does not fail the gate.
tests() {
    local name="$1" limit="$2" file status
    shift 2
    file="$WORK/$(tr -c 'a-zA-Z0-9\n' '-' <<<"$name")"
    export PYTEST_ADDOPTS="--junitxml=$file.xml --randomly-seed=${SEED:-20261101}"
    step "$name" timeout --kill-after=20 "$limit" "$@"
    status=$?
    unset PYTEST_ADDOPTS
    [ $status -eq 0 ] && return 0
    if [ $status -eq 1 ] && [ -s "$file.xml" ]; then
        cp "$LAST_LOG" "$WORK/first.log"
        if step "$name: what failed, alone" timeout --kill-after=20 "${AGAIN_SECONDS:-240}" .venv/bin/python -m pytest \
            --last-failed --last-failed-no-failures=none -n0 -p no:randomly --junitxml="$file.again.xml" "${AGAIN[@]}"; then
            mapfile -t -O "${#FLAKY[@]}" FLAKY < <(count --names "$file.xml")
            return 0
        fi
        cp "$WORK/first.log" "$LAST_LOG"
    fi
    FAILED+=("$name")
    cp "$LAST_LOG" "$WORK/failed-${#FAILED[@]}.log"
    return 1
}
AGAIN=()

count() {
    python3 .ci/count "$@"
}

# finish: says what failed, what is flaky, how many tests passed and failed, and exits accordingly.
finish() {
    local index=0 name
    printf '\n== summary (at %d s)\n' "$SECONDS"
    for name in ${FLAKY[@]+"${FLAKY[@]}"}; do
        echo "FLAKY: $name failed among the others and passed alone"
    done
    for name in ${FAILED[@]+"${FAILED[@]}"}; do
        index=$((index + 1))
        printf '\nFAILED: %s; the end of what it said:\n' "$name"
        tail -n 60 "$WORK/failed-$index.log"
    done
    [ ${#FAILED[@]} -eq 0 ] && echo "everything passed"
    shopt -s nullglob
    count "$WORK"/*.xml
    [ ${#FAILED[@]} -eq 0 ]
    exit $?
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# install PACKAGE...: Debian packages, patiently.
install_packages() {
    local try
    for try in 1 2 3; do
        as_root apt-get -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 update -q &&
            as_root apt-get -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 install -q -y --no-install-recommends "$@" &&
            return 0
        echo "apt-get failed ($try of 3)"
        sleep $((try * 5))
    done
    return 1
}

as_postgres() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# newer_pythons: an interpreter of each newer version that the machine has, by itself or through pyenv.
newer_pythons() {
    local version python
    for version in 3.12 3.13; do
        for python in "$(command -v "python$version")" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version"*/bin/python; do
            "$python" -c "" 2>/dev/null && { echo "$python"; break; }
        done
    done
}

find_postgresql() {
    PG_BIN="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)"
    [ -n "$PG_BIN" ] && [ -x "$PG_BIN/initdb" ]
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A cluster of our own, thrown away afterwards: it does not matter whether one runs, on which port, whom it trusts,
# and which databases are left in it. Sets PG_URL.
start_postgresql() {
    local port
    if ! find_postgresql; then
        step "installing PostgreSQL" install_packages postgresql
        find_postgresql || { PG_URL="$GIVEN_DATABASE_URL"; [ -n "$PG_URL" ]; return; }
    fi
    PG_DATA="$WORK/postgresql"
    mkdir -p "$PG_DATA"
    [ "$(id -u)" -ne 0 ] || chown postgres "$PG_DATA"
    port="$(free_port)"
    (
        cd /
        as_postgres "$PG_BIN/initdb" -D "$PG_DATA" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >"$WORK/initdb.log" 2>&1 &&
            as_postgres "$PG_BIN/pg_ctl" -D "$PG_DATA" -w -t 60 -l "$PG_DATA/log" -o "-p $port -c listen_addresses=127.0.0.1 \
                -c unix_socket_directories= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
                -c max_connections=100" start >>"$WORK/initdb.log" 2>&1 </dev/null
    ) || { cat "$WORK/initdb.log"; return 1; }
    PG_URL="postgres://postgres@127.0.0.1:$port/rgpd_gate"
    as_postgres "$PG_BIN/createdb" -h 127.0.0.1 -p "$port" -U postgres rgpd_gate
}

# The command between the back-ticks of README.md that ends in the given words.
readme_command() {
    python3 .ci/readme_command "$1"
}
