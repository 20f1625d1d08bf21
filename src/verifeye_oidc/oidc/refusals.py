"""What a client hears when nobody was verified (RFC 6749, 4.1.2.1). The reason itself is for the log."""

from verifeye_oidc.oidc.errors import ProtocolError
from verifeye_oidc.verification.port import FailureReason

_DESCRIPTIONS = {
    FailureReason.CANCELLED: "the verification was cancelled",
    FailureReason.CONSENT_DECLINED: "the verification was cancelled",
    FailureReason.NO_CAMERA: "the verification was cancelled",
    FailureReason.TIME_OUT: "the verification was not finished in time",
}


def refusal(reason: FailureReason) -> ProtocolError:
    """The same words for a wrong face, a spoof, and somebody not enrolled: nobody learns which it was."""
    if reason is FailureReason.SERVICE_UNAVAILABLE:
        return ProtocolError(
            "temporarily_unavailable", "the verification service cannot be reached", reason.value, status=503
        )
    if reason is FailureReason.LOGIN_REQUIRED:
        return ProtocolError(
            "login_required", "the person must be verified, and prompt none forbids to ask", status=403
        )
    description = _DESCRIPTIONS.get(reason, "the person was not verified")
    return ProtocolError("access_denied", description, reason.value, status=403)
