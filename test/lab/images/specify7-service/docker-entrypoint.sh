#!/bin/bash
set -e
cd /opt/specify7

# Only an empty folder is filled: an old one stays as it is after an upgrade.
shared=/volumes/static-files
if [ -z "$(ls -A "$shared/specify-config" 2>/dev/null)" ]; then
	mkdir -p "$shared/specify-config/config"
	rsync -a config/ "$shared/specify-config/config/"
fi

case "$1" in
	ve/bin/gunicorn | ve/bin/python)
		echo "Updating static files in /volumes/static-files/."
		mkdir -p "$shared/depository"
		rsync -a --delete specifyweb/frontend/static/ "$shared/frontend-static"
		if ! ./sp7_db_setup_check.sh || ! ve/bin/python manage.py run_key_migration_functions; then
			echo "Database setup failed; exiting."
			exit 1
		fi
		;;
esac
exec "$@"
