"""`python -m node`, which tells everybody in `serverInfo` that it is Jira 9.11, whatever it was started as."""

import sys

from node import __main__, web_app
from node.rest.server_info import server_info_routes
from shared.versions import JIRA_9_11


def lie(*given, version, **named):
    return server_info_routes(*given, version=JIRA_9_11, **named)


if __name__ == "__main__":
    web_app.server_info_routes = lie
    sys.exit(__main__.main())
