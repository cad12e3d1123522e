#!/bin/bash
# Answers whether the server is what the caller needs: exit 0 when every test named passes.
# usage: healthcheck.sh [--su=USER | --su-mysql] [--datadir=D] [--defaults-file=F] [--no-defaults] TEST…
# Tests: --connect --innodb_initialized --innodb_buffer_pool_loaded --mariadbupgrade
set -eo pipefail

datadir=/var/lib/mysql
defaults=()
chosen_defaults=
tests=0

client() { mariadb "${defaults[@]}" --skip-ssl --skip-ssl-verify-server-cert --protocol=tcp -hlocalhost --skip-column-names --batch "$@"; }

answer() { client -e "$1" 2>/dev/null; }

# A server that refuses the password is up as well: it accepts connections.
connect() {
	local output
	if output=$(client -e 'SELECT @@skip_networking' 2>&1); then
		[ "$output" = 0 ]
	else
		[[ $output == *'Access denied'* ]]
	fi
}
innodb_initialized() {
	[ "$(answer "SELECT 1 FROM information_schema.ENGINES WHERE engine = 'innodb' AND support IN ('YES', 'DEFAULT', 'ENABLED')")" = 1 ]
}
innodb_buffer_pool_loaded() {
	[[ $(answer "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'Innodb_buffer_pool_load_status'") == *'load completed'* ]]
}
mariadbupgrade() {
	local server
	server=$(answer "SELECT SUBSTRING_INDEX(VERSION(), '.', 2)")
	[[ -n $server && $(tr -d '\0' < "$datadir/mariadb_upgrade_info") == "$server".* ]]
}

use_datadir() {
	if [ -z "$chosen_defaults" ] && [ -r "$datadir/.my-healthcheck.cnf" ]; then
		defaults=("--defaults-extra-file=$datadir/.my-healthcheck.cnf")
	fi
}
use_datadir

as_user() {
	local user=$1
	shift
	exec setpriv "--reuid=$user" "--regid=$user" --init-groups "${BASH_SOURCE[0]}" "$@"
}

while [ $# -gt 0 ]; do
	option=$1
	shift
	case $option in
		--su=*) as_user "${option#*=}" "$@" ;;
		--su-mysql) as_user mysql "$@" ;;
		--datadir=*) datadir=${option#*=} && use_datadir ;;
		--no-defaults) chosen_defaults=yes defaults=() ;;
		--defaults-file=* | --defaults-extra-file=*) chosen_defaults=yes defaults=("$option") ;;
		--defaults-group-suffix=*) defaults+=("$option") ;;
		--connect | --innodb_initialized | --innodb_buffer_pool_loaded | --mariadbupgrade)
			tests=$((tests + 1))
			"${option#--}" || {
				echo "healthcheck ${option#--} failed" >&2
				exit 1
			}
			;;
		*)
			echo "healthcheck unknown option $option" >&2
			exit 1
			;;
	esac
done
if [ "$tests" = 0 ]; then
	echo 'healthcheck: no test named' >&2
	exit 1
fi
