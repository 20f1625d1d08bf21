"""Where a finished session sends the browser: PassedUrl or FailedUrl with a signed result."""

from urllib.parse import urlsplit, urlunsplit

from verifeye_oidc.verification import contract
from verifeye_oidc.verification.port import Verifier, VerifierResult
from verifeye_oidc.verifier.model import Configuration, SessionResult, VerificationSession


def result_url(configuration: Configuration, session: VerificationSession) -> str:
    """The signed result URL of a session with a result.

    A failed result names no verifier: it travels through the browser of whoever failed, and would tell an
    attacker whether the print or the person was noticed. The caller reads the reason server to server.
    """
    result = session.result
    if result is None:
        raise ValueError("the session has no result yet")
    target = urlsplit(configuration.passed_url if result.passed else configuration.failed_url)
    own = contract.encode([*_outputs(session.session_id, result), *session.custom])
    query = f"{target.query}&{own}" if target.query else own
    signed = contract.sign(
        configuration.signing_key, contract.Direction.OUT, configuration.configuration_id, query
    )
    return urlunsplit(target._replace(query=signed))


def _outputs(session_id: str, result: SessionResult) -> list[tuple[str, str]]:
    outputs = [
        (contract.SESSION_ID, session_id),
        (contract.RESULT, contract.PASSED if result.passed else contract.FAILED),
    ]
    if result.passed:
        for name, verifier in (
            (contract.LIVENESS_RESULT, Verifier.LIVENESS),
            (contract.FACE_RESULT, Verifier.FACE),
        ):
            outputs.append((name, result.results.get(verifier, VerifierResult.NOT_EXECUTED)))
    return outputs
