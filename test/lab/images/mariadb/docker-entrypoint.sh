#!/bin/bash
# Prepares the data folder the way the official MariaDB image does, then becomes the server.
set -eo pipefail
shopt -s nullglob

# ---- messages -------------------------------------------------------------------------------------------------------

log() {
	local level=$1
	shift
	printf '%s [%s] [Entrypoint]: %s\n' "$(date '+%Y-%m-%d %H:%M:%S%:z')" "$level" "$*"
}
note() { log Note "$@"; }
warn() { log Warn "$@" >&2; }
die() {
	log ERROR "$@" >&2
	exit 1
}

# ---- settings -------------------------------------------------------------------------------------------------------

# setting NAME [DEFAULT]: reads NAME or the file named by NAME_FILE into NAME.
setting() {
	local name=$1 file_name=${1}_FILE value=${2:-}
	if [ -n "${!name:-}" ] && [ -n "${!file_name:-}" ]; then
		die "Both $name and $file_name are set (but are exclusive)"
	fi
	if [ -n "${!name:-}" ]; then
		value=${!name}
	elif [ -n "${!file_name:-}" ]; then
		[ -r "${!file_name}" ] || die "$file_name: cannot read ${!file_name}"
		value=$(<"${!file_name}")
	fi
	export "$name=$value"
	unset "$file_name"
}

# twin SUFFIX [DEFAULT]: MARIADB_SUFFIX, else MYSQL_SUFFIX, each also as a file; the result is in both.
twin() {
	local mariadb=MARIADB_$1 mysql=MYSQL_$1
	setting "$mysql" "${2:-}"
	setting "$mariadb" "${!mysql}"
	export "$mysql=${!mariadb}"
}

read_settings() {
	twin ROOT_HOST '%'
	twin DATABASE
	twin USER
	twin PASSWORD
	twin ROOT_PASSWORD
	setting MARIADB_PASSWORD_HASH
	setting MARIADB_ROOT_PASSWORD_HASH
	twin ALLOW_EMPTY_PASSWORD
	setting MARIADB_ALLOW_EMPTY_ROOT_PASSWORD "$MARIADB_ALLOW_EMPTY_PASSWORD"
	twin RANDOM_ROOT_PASSWORD
	twin INITDB_SKIP_TZINFO
	setting MARIADB_MYSQL_LOCALHOST_USER
	setting MARIADB_MYSQL_LOCALHOST_GRANTS USAGE
	setting MARIADB_HEALTHCHECK_GRANTS USAGE
	setting MARIADB_AUTO_UPGRADE
	setting MARIADB_DISABLE_UPGRADE_BACKUP
}

verify_settings() {
	if [ -z "$MARIADB_ROOT_PASSWORD$MARIADB_ROOT_PASSWORD_HASH$MARIADB_ALLOW_EMPTY_ROOT_PASSWORD$MARIADB_RANDOM_ROOT_PASSWORD" ]; then
		die $'Database is uninitialized and password option is not specified\n\tYou need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD'
	fi
	if [ -n "$MARIADB_ROOT_PASSWORD_HASH" ] && [ -n "$MARIADB_ROOT_PASSWORD$MARIADB_RANDOM_ROOT_PASSWORD" ]; then
		die 'Cannot specify MARIADB_ROOT_PASSWORD_HASH together with another root password option'
	fi
	if [ "$MARIADB_USER" = root ]; then
		die 'MARIADB_USER="root", MARIADB_USER and MARIADB_PASSWORD are for configuring a regular user and cannot be used for the root user'
	fi
	if [ -n "$MARIADB_USER" ] && [ -z "$MARIADB_PASSWORD$MARIADB_PASSWORD_HASH" ]; then
		die 'MARIADB_USER set but no password: set MARIADB_PASSWORD or MARIADB_PASSWORD_HASH'
	fi
}

# ---- the server's own answers ---------------------------------------------------------------------------------------

check_config() {
	local errors
	if ! errors=$("$@" --verbose --help --log-bin-index=/dev/null 2>&1 >/dev/null); then
		die $'mariadbd failed while attempting to check config\n\tcommand was: '"$* --verbose --help"$'\n\t'"$errors"
	fi
}

# server_option NAME COMMAND…: the value the server would run with.
server_option() {
	local name=$1
	shift
	"$@" --verbose --help --log-bin-index=/dev/null 2>/dev/null |
		awk -v name="$name" '$1 == name && /^[^ \t]/ { sub(/^[^ \t]+[ \t]+/, ""); print; exit }'
}

# ---- SQL ------------------------------------------------------------------------------------------------------------

# Quotes for an SQL string; the server's default mode treats the backslash as an escape.
sql_string() {
	local text=${1//\\/\\\\}
	printf "'%s'" "${text//\'/\'\'}"
}
sql_name() { printf '`%s`' "${1//\`/\`\`}"; }

# Statements come on standard input; arguments go to the client. The password travels in the environment.
root_client() {
	MYSQL_PWD=${root_password_now:-} mariadb --protocol=socket --skip-ssl --skip-ssl-verify-server-cert -uroot -hlocalhost --socket="$socket" "$@"
}

identified() {
	local password=$1 hash=$2
	if [ -n "$hash" ]; then
		printf 'IDENTIFIED BY PASSWORD %s' "$(sql_string "$hash")"
	else
		printf 'IDENTIFIED BY %s' "$(sql_string "$password")"
	fi
}

healthcheck_statements() {
	local password=$1 host
	for host in 127.0.0.1 ::1 localhost; do
		printf 'CREATE USER IF NOT EXISTS healthcheck@%s;\n' "'$host'"
		printf 'ALTER USER healthcheck@%s %s;\n' "'$host'" "$(identified "$password" '')"
		printf 'GRANT %s ON *.* TO healthcheck@%s;\n' "$MARIADB_HEALTHCHECK_GRANTS" "'$host'"
	done
}

write_healthcheck_file() {
	local file=$datadir/.my-healthcheck.cnf
	(
		umask 0077
		printf '[mariadb-client]\nport=%s\nsocket=%s\nuser=healthcheck\npassword=%s\nprotocol=tcp\n' "$port" "$socket" "$1" > "$file"
	)
}

# ---- a new data folder ----------------------------------------------------------------------------------------------

create_files() {
	note 'Initializing database files'
	local options=()
	local option
	for option in "${@:2}"; do
		case $option in
			--user=*) ;;
			*) options+=("$option") ;;
		esac
	done
	mariadb-install-db --datadir="$datadir" --rpm --auth-root-authentication-method=normal --skip-test-db \
		--old-mode=UTF8_IS_UTF8MB3 --default-time-zone=SYSTEM --enforce-storage-engine= --skip-log-bin \
		--loose-innodb_buffer_pool_load_at_startup=0 --loose-innodb_buffer_pool_dump_at_shutdown=0 \
		--cross-bootstrap "${options[@]}" > /dev/null
	note 'Database files initialized'
}

start_temporary_server() {
	note 'Starting temporary server'
	"$@" --skip-networking --default-time-zone=SYSTEM --socket="$socket" --skip-slave-start --wsrep-on=OFF \
		--loose-innodb_buffer_pool_load_at_startup=0 --skip-log-bin --skip-ssl &
	server=$!
	note 'Waiting for server startup'
	local attempt
	for attempt in {1..240}; do
		if root_client --database=mysql <<< 'SELECT 1' > /dev/null 2>&1; then
			note 'Temporary server started.'
			return
		fi
		kill -0 "$server" 2>/dev/null || break
		sleep 0.25
	done
	die 'Unable to start server.'
}

stop_temporary_server() {
	note 'Stopping temporary server'
	kill "$server"
	wait "$server"
	note 'Temporary server stopped'
}

set_up_users() {
	if [ -n "$MARIADB_RANDOM_ROOT_PASSWORD" ]; then
		MARIADB_ROOT_PASSWORD=$(pwgen --numerals --capitalize --symbols --remove-chars="'\\" -1 32)
		note "GENERATED ROOT PASSWORD: $MARIADB_ROOT_PASSWORD"
	fi
	local healthcheck_password
	healthcheck_password=$(pwgen --numerals --capitalize -1 32)
	write_healthcheck_file "$healthcheck_password"

	note 'Securing system users (equivalent to running mysql_secure_installation)'
	{
		echo 'SET @@SESSION.SQL_LOG_BIN=0;'
		echo "DROP USER IF EXISTS root@'127.0.0.1', root@'::1';"
		printf "DELETE FROM mysql.global_priv WHERE user = '' OR (user = 'root' AND host <> 'localhost');\nFLUSH PRIVILEGES;\n"
		printf "ALTER USER root@localhost %s;\n" "$(identified "$MARIADB_ROOT_PASSWORD" "$MARIADB_ROOT_PASSWORD_HASH")"
		if [ -n "$MARIADB_ROOT_HOST" ] && [ "$MARIADB_ROOT_HOST" != localhost ]; then
			local host
			host=$(sql_string "$MARIADB_ROOT_HOST")
			printf "CREATE USER root@%s %s;\n" "$host" "$(identified "$MARIADB_ROOT_PASSWORD" "$MARIADB_ROOT_PASSWORD_HASH")"
			printf "GRANT ALL ON *.* TO root@%s WITH GRANT OPTION;\nGRANT PROXY ON ''@'%%' TO root@%s WITH GRANT OPTION;\n" "$host" "$host"
		fi
		healthcheck_statements "$healthcheck_password"
		if [ -n "$MARIADB_MYSQL_LOCALHOST_USER" ]; then
			echo 'CREATE USER IF NOT EXISTS mysql@localhost IDENTIFIED VIA unix_socket;'
			printf 'GRANT %s ON *.* TO mysql@localhost;\n' "$MARIADB_MYSQL_LOCALHOST_GRANTS"
		fi
	} | root_client --database=mysql --binary-mode
	root_password_now=$MARIADB_ROOT_PASSWORD

	if [ -n "$MARIADB_DATABASE" ]; then
		note "Creating database $MARIADB_DATABASE"
		printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(sql_name "$MARIADB_DATABASE")" | root_client --database=mysql
	fi
	if [ -n "$MARIADB_USER" ]; then
		note "Creating user $MARIADB_USER"
		printf "CREATE USER %s@'%%' %s;\n" "$(sql_string "$MARIADB_USER")" "$(identified "$MARIADB_PASSWORD" "$MARIADB_PASSWORD_HASH")" |
			root_client --database=mysql --binary-mode
		if [ -n "$MARIADB_DATABASE" ]; then
			note "Giving user $MARIADB_USER access to schema $MARIADB_DATABASE"
			# In a grant, _ and % of a database name are wildcards unless escaped.
			printf "GRANT ALL ON %s.* TO %s@'%%';\n" "$(sql_name "${MARIADB_DATABASE//_/\\_}")" "$(sql_string "$MARIADB_USER")" |
				root_client --database=mysql --binary-mode
		fi
	fi
}

load_time_zones() {
	[ -z "$MARIADB_INITDB_SKIP_TZINFO" ] || return 0
	mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2>/dev/null | root_client --database=mysql
}

# Names and behaviour the scripts of other people rely on.
docker_process_sql() { root_client ${MARIADB_DATABASE:+--database="$MARIADB_DATABASE"} --binary-mode "$@"; }
mysql_note() { note "$@"; }
mysql_warn() { warn "$@"; }
mysql_error() { die "$@"; }

process_files() {
	local file
	for file; do
		case $file in
			*.sh)
				if [ -x "$file" ]; then
					note "$0: running $file"
					"$file"
				else
					note "$0: sourcing $file"
					# shellcheck disable=SC1090
					. "$file"
				fi
				;;
			*.sql) note "$0: running $file" && docker_process_sql < "$file" ;;
			*.sql.gz) note "$0: running $file" && gunzip -c "$file" | docker_process_sql ;;
			*.sql.xz) note "$0: running $file" && xz -dc "$file" | docker_process_sql ;;
			*.sql.zst) note "$0: running $file" && zstd -dc "$file" | docker_process_sql ;;
			*) warn "$0: ignoring $file" ;;
		esac
	done
}

initialize() {
	verify_settings
	create_files "$@"
	start_temporary_server "$@"
	load_time_zones
	set_up_users
	process_files /docker-entrypoint-initdb.d/*
	stop_temporary_server
	note 'MariaDB init process done. Ready for start up.'
}

# ---- an older data folder -------------------------------------------------------------------------------------------

# mariadb-upgrade asks a running server; the file it leaves behind answers before one runs.
recorded_version() {
	local file
	for file in "$datadir/mariadb_upgrade_info" "$datadir/mysql_upgrade_info"; do
		if [ -r "$file" ]; then
			tr -d '\0' < "$file" | grep -oE '^[0-9]+\.[0-9]+' && return
		fi
	done
	return 1
}

upgrade_or_skip() {
	local server_version version
	server_version=$(mariadbd --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)
	version=$(recorded_version || true)
	if [ "${server_version%.*}" = "$version" ] && [ -r "$datadir/.my-healthcheck.cnf" ]; then
		note 'MariaDB upgrade not required'
		return
	fi
	if [ -z "$MARIADB_AUTO_UPGRADE" ]; then
		note 'MariaDB upgrade (mariadb-upgrade or creating healthcheck users) required, but skipped due to $MARIADB_AUTO_UPGRADE setting'
		return
	fi
	start_temporary_server "$@" --skip-grant-tables
	if [ -z "$MARIADB_DISABLE_UPGRADE_BACKUP" ]; then
		local backup=system_mysql_backup_${version:-unknown_version}.sql.zst
		note "Backing up system database to $backup"
		mariadb-dump --protocol=socket --skip-ssl --socket="$socket" --skip-lock-tables --replace --databases mysql |
			zstd -q > "$datadir/.$backup.part"
		mv "$datadir/.$backup.part" "$datadir/$backup"
		note 'Backing up complete'
	fi
	note 'Starting mariadb-upgrade'
	mariadb-upgrade --protocol=socket --skip-ssl --socket="$socket" --upgrade-system-tables
	note 'Finished mariadb-upgrade'
	if [ ! -r "$datadir/.my-healthcheck.cnf" ]; then
		# The upgrade switched the grant tables on again.
		stop_temporary_server
		start_temporary_server "$@" --skip-grant-tables
		note 'Creating healthcheck users'
		local password
		password=$(pwgen --numerals --capitalize -1 32)
		{ echo 'FLUSH PRIVILEGES;'; healthcheck_statements "$password"; } | root_client --database=mysql
		write_healthcheck_file "$password"
	fi
	stop_temporary_server
}

# ---- here it begins -------------------------------------------------------------------------------------------------

wants_help() {
	local argument
	for argument; do
		case $argument in
			-'?' | --help | --print-defaults | -V | --version) return 0 ;;
		esac
	done
	return 1
}

main() {
	[ "${1:0:1}" != - ] || set -- mariadbd "$@"
	if { [ "$1" != mariadbd ] && [ "$1" != mysqld ]; } || wants_help "$@"; then
		exec "$@"
	fi

	note "Entrypoint script for MariaDB Server $(mariadbd --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+-MariaDB\S*' | head -n 1) started."
	check_config "$@"
	datadir=$(server_option datadir "$@")
	datadir=${datadir%/}
	socket=$(server_option socket "$@")
	port=$(server_option port "$@")
	mkdir -p "$datadir" "${socket%/*}"

	if [ "$(id -u)" = 0 ]; then
		find "$datadir" \! -user mysql -exec chown mysql: '{}' +
		find "${socket%/*}" -maxdepth 0 \! -user mysql -exec chown mysql: '{}' +
		note "Switching to dedicated user 'mysql'"
		exec setpriv --reuid=mysql --regid=mysql --init-groups env HOME=/home/mysql "${BASH_SOURCE[0]}" "$@"
	fi

	root_password_now=''
	read_settings
	if [ -d "$datadir/mysql" ]; then
		upgrade_or_skip "$@"
	else
		initialize "$@"
	fi
	# The server has no use for the secrets that made its users.
	unset MARIADB_ROOT_PASSWORD MYSQL_ROOT_PASSWORD MARIADB_PASSWORD MYSQL_PASSWORD root_password_now
	exec "$@"
}

main "$@"
