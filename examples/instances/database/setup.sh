umask 077
printf '%s\n' "$PASSWORD" > /etc/database-password
