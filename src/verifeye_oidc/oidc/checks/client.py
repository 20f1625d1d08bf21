"""``client_id`` names a registered client (RFC 6749, 4.1.1 and 4.1.2.1)."""

from verifeye_oidc.oidc.checks import Parameters
from verifeye_oidc.oidc.errors import ProtocolError, invalid_request
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.storage.port import ClientStore

MAX_CHARACTERS = 255


async def proven_client(parameters: Parameters, clients: ClientStore) -> Client:
    """The client that the request names.

    Raises ProtocolError, to be shown on a page: an unknown client is nobody that a browser may be sent to.
    """
    client_id = parameters.get("client_id")
    if client_id is None:
        raise invalid_request("client_id is missing")
    client = await clients.client(client_id) if len(client_id) <= MAX_CHARACTERS else None
    if client is None:
        raise ProtocolError("invalid_client", "no client is registered under this client_id")
    return client
