# SPDX-License-Identifier: Apache-2.0
# The real servers that the tests use where they are installed.

.PHONY: servers
servers: ## install the real servers for the tests (Debian packages; as root or with sudo)
	@sh tests/servers/install.sh activemq rabbitmq-server slapd postgresql mariadb-server chromium
