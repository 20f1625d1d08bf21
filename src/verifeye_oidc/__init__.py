"""An OpenID Provider whose way of authenticating a person is their face."""

import os
from importlib.metadata import version

# ONNX Runtime's builds report usage to their maker unless this is set before it is first imported (its
# Privacy.md). A service that looks at faces tells nobody that it runs.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = version("verifeye-oidc")
