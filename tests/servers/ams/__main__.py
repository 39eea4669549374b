# SPDX-License-Identifier: Apache-2.0
"""``python -m tests.servers.ams FOLDER``: the service as a process of its own, until its standard input ends.

Makes a PKI below FOLDER and says on one line of JSON where everything is.
"""

import json
import sys
from pathlib import Path

from tests.ams import ams_place
from tests.pki import Pki


def main() -> None:
    pki = Pki(Path(sys.argv[1]) / "pki")
    with ams_place(pki, deadline_seconds=600) as place:
        place.server.keep_record = False
        said = {
            "port": place.server.port,
            "authn_port": place.server.authn_port,
            "ca_directory": str(pki.ca_directory),
            "publisher": [str(place.publisher.certificate_path), str(place.publisher.key_path)],
            "consumer": [str(place.consumer.certificate_path), str(place.consumer.key_path)],
            "publisher_token": place.publisher_token,
            "consumer_token": place.consumer_token,
        }
        print(json.dumps(said), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
