"""How long a face is kept: days since it was last used, and at most; a property of its configuration.

GDPR Art. 5(1)(e); BIPA section 15(a): at the latest three years after the person's last interaction.
"""

from collections.abc import Sequence
from typing import Protocol

from verifeye_oidc.clock import Clock
from verifeye_oidc.storage.port import ConfigurationStore
from verifeye_oidc.storage.port_people import ErasureScope, PeopleStore
from verifeye_oidc.verifier.erasure import DAY, Eraser, Receipt, Target


class RetentionStore(ConfigurationStore, PeopleStore, Protocol):
    """Where it is looked up who is due."""


async def due(store: RetentionStore, clock: Clock) -> Sequence[Target]:
    """Whose face has been kept for as long as its configuration allows."""
    now = clock.now()
    found = []
    for configuration in await store.configurations():
        unused, most = configuration.retention_unused_days, configuration.retention_days
        if unused is None and most is None:
            continue
        overdue = await store.overdue(
            configuration.configuration_id,
            unused_since=None if unused is None else now - unused * DAY,
            made_by=None if most is None else now - most * DAY,
        )
        found += [Target(configuration.configuration_id, external_id) for external_id in overdue]
    return found


async def enforce(store: RetentionStore, eraser: Eraser, clock: Clock) -> Sequence[Receipt]:
    """Erase the faces that are due; their people keep their `sub`. Raises what `Eraser.erase` raises."""
    return await eraser.erase(await due(store, clock), ErasureScope.BIOMETRIC)
