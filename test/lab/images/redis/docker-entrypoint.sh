#!/bin/sh
# Starts Redis as its own user, open to its network as the official image is.
set -e

case ${1:-} in
	-* | *.conf) set -- redis-server "$@" ;;
esac

if [ "$1" = redis-server ]; then
	if [ "$(id -u)" = 0 ]; then
		find . \! -user redis -exec chown redis '{}' +
		exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
	fi
	# New files are the server's own affair unless somebody chose otherwise.
	[ "$(umask)" != 0022 ] || umask 0077

	# The official build comes with protected mode off; a configuration that says otherwise wins.
	shift
	case ${1:-} in
		- | -[!-]* | --version | --help | --test-memory | --check-system) ;;
		'' | --*) set -- --protected-mode no "$@" ;;
		*)
			if ! grep -qis '^[[:space:]]*protected-mode' "$1"; then
				configuration=$1
				shift
				set -- "$configuration" --protected-mode no "$@"
			fi
			;;
	esac
	set -- redis-server "$@"
fi

exec "$@"
