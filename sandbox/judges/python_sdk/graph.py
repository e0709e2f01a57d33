"""A client of Microsoft's SDK that is pointed at the sandbox."""

import logging

import report as judging
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from msgraph_beta.graph_request_adapter import GraphRequestAdapter
from msgraph_beta.graph_service_client import GraphServiceClient

# What the SDK says in its log, it also says with an exception.
logging.getLogger().setLevel(logging.CRITICAL)


class Token(AccessTokenProvider):
    async def get_authorization_token(self, uri, additional_authentication_context=None):
        return judging.TOKEN

    def get_allowed_hosts_validator(self):
        return AllowedHostsValidator([])


def client(version):
    """A client as a program would make it, with the SDK's own middleware, for a version at the sandbox."""
    adapter = GraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Token()))
    adapter.base_url = f"{judging.URL}/{version}"
    return GraphServiceClient(request_adapter=adapter)
