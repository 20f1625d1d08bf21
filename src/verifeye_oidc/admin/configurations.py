"""Verification configurations: what an operator can do with them."""

from verifeye_oidc.ids import Ids
from verifeye_oidc.storage.port import ConfigurationStore
from verifeye_oidc.verification.port import EnrolmentPolicy, FaceMode, LivenessMode
from verifeye_oidc.verifier.model import Configuration


async def create_configuration(
    store: ConfigurationStore,
    ids: Ids,
    *,
    name: str,
    face: FaceMode,
    liveness: LivenessMode,
    enrolment_policy: EnrolmentPolicy,
    issuer: str,
) -> Configuration:
    """Make a verification configuration whose results go back to this provider."""
    result_url = f"{issuer}/v1/openid/verify-result"
    configuration = Configuration(
        configuration_id=ids.guid(),
        name=name,
        face=face,
        liveness=liveness,
        enrolment_policy=enrolment_policy,
        passed_url=result_url,
        failed_url=result_url,
        signing_key=ids.key(),
    )
    await store.add_configuration(configuration)
    return configuration
