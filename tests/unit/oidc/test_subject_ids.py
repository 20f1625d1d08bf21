from itertools import pairwise

from tests.support.builders import make_client
from verifeye_oidc.oidc.model import SubjectType
from verifeye_oidc.oidc.subject_ids import SubjectIds

KEY = bytes(range(32))
IDS = SubjectIds(KEY)
PAIRWISE = make_client(subject_type=SubjectType.PAIRWISE)


def named(client_id: str, redirect_uri: str, sector: str | None = None) -> str | None:
    client = make_client(
        client_id=client_id,
        redirect_uris=(redirect_uri,),
        subject_type=SubjectType.PAIRWISE,
        sector_identifier=sector,
    )
    return IDS.pairwise(client, "ada")


def test_a_public_client_hears_the_persons_own() -> None:
    assert IDS.pairwise(make_client(sector_identifier="acme.example"), "ada") is None


def test_a_pairwise_one_is_always_the_same_and_tells_nothing() -> None:
    first, again = IDS.pairwise(PAIRWISE, "ada"), SubjectIds(KEY).pairwise(PAIRWISE, "ada")
    assert first == again
    assert first is not None
    assert (len(first), "ada" in first) == (43, False)


def test_people_sectors_and_keys_are_told_apart() -> None:
    found = sorted(
        [
            str(IDS.pairwise(PAIRWISE, "ada")),
            str(IDS.pairwise(PAIRWISE, "eve")),
            str(SubjectIds(bytes(32)).pairwise(PAIRWISE, "ada")),
            str(named("x", "https://other.example/cb")),
            str(named("x", "https://acme.example/cb", "acme.exampl")),
        ]
    )
    assert all(one != next_one for one, next_one in pairwise(found))


def test_clients_of_one_sector_know_a_person_under_one_name() -> None:
    mine = IDS.pairwise(PAIRWISE, "ada")
    assert named("another", "https://acme.example:8443/other") == mine
    assert named("another", "https://elsewhere.example/cb", "acme.example") == mine
    assert named("another", "com.acme:/cb") != mine
