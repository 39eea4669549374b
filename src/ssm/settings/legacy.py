# SPDX-License-Identifier: Apache-2.0
"""Names that older configuration files use, and what became of them."""

# (section, name) -> today's name; each use is said once.
RENAMED = {
    ("broker", "bdii-url"): "bdii",
    ("broker", "broker-network"): "network",
    ("broker", "use-ssl"): "use_ssl",
    ("broker", "username"): "login",
    ("broker", "password"): "passcode",
    ("certificates", "server"): "server_cert",
}

# (section, name) -> why it is passed over; said once each, where there is something to say.
IGNORED = {
    ("broker", "use-pwd"): "a login is used when one is given",
}
