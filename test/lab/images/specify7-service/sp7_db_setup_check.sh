#!/bin/bash
# Creates what the database server lacks (database, migrator and app user with their grants), then migrates.
set -euo pipefail

echo "Starting MariaDB database and user creation script..."

host=${DATABASE_HOST:-}
port=${DATABASE_PORT:-3306}
database=${DATABASE_NAME:-}
master=${MASTER_NAME:-}
master_password=${MASTER_PASSWORD:-}
root_password=${MYSQL_ROOT_PASSWORD:-password}
# A missing name takes over the password that belongs to the name it falls back to.
migrator=${MIGRATOR_NAME:-}
migrator_password=${MIGRATOR_PASSWORD:-$root_password}
if [ -z "$migrator" ]; then
	migrator=$master
	migrator_password=$master_password
fi
app=${APP_USER_NAME:-}
app_password=${APP_USER_PASSWORD:-$migrator_password}
if [ -z "$app" ]; then
	app=$migrator
	app_password=$migrator_password
fi

for value in "$host" "$database" "$master" "$master_password"; do
	if [ -z "$value" ]; then
		echo "Error: One or more required environment variables are missing or empty."
		exit 1
	fi
done

line=--------------------------------------------------
printf '%s\n' "$line" "DB Configuration:" "  DB Host: $host" "  DB Port: $port" "  DB Name: $database" \
	"  Master User: $master" "  Migrator User: $migrator" "  App User: $app" "$line"

literal() { local text=${1//\\/\\\\}; printf "'%s'" "${text//\'/\'\'}"; }
sql() { mariadb -h "$host" -P "$port" -u "$master" --password="$master_password" -N -B -e "$1"; }

echo "Checking if MariaDB instance is up and running..."
until (exec 3<> "/dev/tcp/$host/$port") 2> /dev/null; do
	echo "MariaDB is not available yet. Retrying in 5 seconds..."
	sleep 5
done
echo "MariaDB is up and running."

if ! sql 'SELECT 1' > /dev/null 2>&1; then
	echo "Error: Unable to connect to MariaDB with provided master user credentials."
	exit 1
fi

new_database=False
if [ "$(sql "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = $(literal "$database")")" = 0 ]; then
	echo "Creating database '$database'..."
	if ! sql "CREATE DATABASE \`$database\`"; then
		echo "Error: Failed to create database."
		exit 1
	fi
	new_database=True
else
	echo "Database '$database' already exists."
fi

# ensure_user KIND NAME PASSWORD PRIVILEGES: leaves an existing user alone, its password too; sets $created.
ensure_user() {
	local kind=$1 name=$2 password=$3 privileges=$4 who="$(literal "$2")@'%'"
	created=False
	if [ "$name" = "$master" ]; then
		echo "${kind^} user '$name' uses the same credentials as master."
		return
	fi
	if [ "$(sql "SELECT COUNT(*) FROM mysql.user WHERE user = $(literal "$name") AND host = '%'")" = 0 ]; then
		echo "Creating $kind user '$name'..."
		if ! sql "CREATE USER $who IDENTIFIED BY $(literal "$password"); GRANT $privileges ON \`$database\`.* TO $who; FLUSH PRIVILEGES;"; then
			echo "Error: Failed to create user."
			exit 1
		fi
		created=True
	else
		echo "User '$name' already exists."
	fi
}

# verify_user NAME ROLE PRIVILEGE…: whether one grant on the database, or on all of them, holds every privilege.
verify_user() {
	local name=$1 role=$2 grants grant missing wanted
	shift 2
	if [ "$name" = "$master" ]; then return; fi
	if ! grants=$(sql "SHOW GRANTS FOR $(literal "$name")@'%'" 2> /dev/null); then
		echo "Error: Could not retrieve grants for '$name'@'%'."
		exit 1
	fi
	while IFS= read -r grant; do
		case "${grant//\\/}" in
			*" ON *.* TO "* | *" ON \`$database\`.* TO "*) ;;
			*) continue ;;
		esac
		missing=
		if [[ $grant != "GRANT ALL PRIVILEGES "* ]]; then
			for wanted in "$@"; do
				case ", ${grant#GRANT }" in
					*", $wanted, "* | *", $wanted ON "*) ;;
					*) missing=1 ;;
				esac
			done
		fi
		if [ -z "$missing" ]; then
			echo "Verified: '$name'@'%' has $role privileges on '$database'."
			return
		fi
	done <<< "$grants"
	echo "Error: '$name'@'%' lacks $role privileges on '$database'."
	echo "Required: $*"
	echo "Grants found:"
	echo "$grants"
	exit 1
}

ensure_user migrator "$migrator" "$migrator_password" 'ALL PRIVILEGES'
new_migrator=$created
verify_user "$migrator" migration SELECT INSERT UPDATE DELETE CREATE ALTER INDEX DROP
ensure_user app "$app" "$app_password" 'SELECT, INSERT, UPDATE, DELETE, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE'
new_app=$created
verify_user "$app" required SELECT INSERT UPDATE DELETE 'CREATE TEMPORARY TABLES' 'LOCK TABLES' EXECUTE

printf '%s\n' "$line" "Database and user setup complete." "New database created: $new_database" \
	"New migrator user created: $new_migrator" "New app user created: $new_app" "$line"

echo "Running base_specify_migration..."
override=--use-override
if [ $new_database = True ]; then override=; fi
code=0
ve/bin/python manage.py base_specify_migration $override --database=migrations || code=$?
if [ $code -ne 0 ]; then
	echo "Error: base_specify_migration failed (exit code $code). Aborting."
	exit 1
fi

echo "Running Django migrations..."
ve/bin/python manage.py migrate --database=migrations
