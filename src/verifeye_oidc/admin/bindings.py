"""What must hold between a client and the configuration that it is bound to, whichever of them changes."""

from verifeye_oidc.admin.refused import Refused
from verifeye_oidc.oidc.model import Client
from verifeye_oidc.verification.port import Collection, LivenessMode, Verifier


def check_binding(client: Client, collection: Collection | None) -> None:
    """Raises Refused when the configuration cannot verify anybody for this client. Judges for the store."""
    if collection is None:
        raise Refused(
            f"configuration: there is none with the id {client.configuration_id}; "
            "`configuration list` shows those there are, `configuration create` makes one"
        )
    if not collection.face.compares:
        raise Refused(
            f"face: {collection.face} compares nobody, and the client {client.name!r} signs people in with "
            f"{_named(collection)}; it needs MatchVerification or UniqueMatchVerification"
        )
    if Verifier.LIVENESS in client.required_verifiers and collection.liveness is LivenessMode.DISABLED:
        raise Refused(
            f"liveness: with Disabled {_named(collection)} checks none, and the client {client.name!r} "
            "requires it; set `configuration update --liveness Verification`, or let the client do without: "
            "`client update --required-verifier face`"
        )


def check_tightens(client: Client, collection: Collection | None) -> None:
    """Raises Refused when the client's own enrolment policy is looser than its configuration's."""
    if collection is None or client.enrolment_policy is None:
        return
    policy = collection.enrolment_policy
    if policy.tightened_by(client.enrolment_policy) is not client.enrolment_policy:
        raise Refused(
            f"enrolment_policy: {client.enrolment_policy} is looser than {policy} of {_named(collection)}, "
            "and a client may only tighten it; leave it unset, or change the configuration's"
        )


def _named(collection: Collection) -> str:
    return f"the configuration {collection.name!r} ({collection.configuration_id})"
