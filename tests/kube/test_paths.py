import pytest

from cronwright.errors import FieldError
from cronwright.kube import paths


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (paths.scheduledtasks(), "/apis/cronwright.dev/v1alpha1/scheduledtasks"),
        (
            paths.scheduledtasks("shop", "backup", "status"),
            "/apis/cronwright.dev/v1alpha1/namespaces/shop/scheduledtasks/backup/status",
        ),
        (paths.cronjobs("shop"), "/apis/batch/v1/namespaces/shop/cronjobs"),
        (paths.jobs("shop", "a"), "/apis/batch/v1/namespaces/shop/jobs/a"),
        (paths.pods(), "/api/v1/pods"),
        (paths.pod_log("shop", "a"), "/api/v1/namespaces/shop/pods/a/log"),
        (paths.events("shop"), "/api/v1/namespaces/shop/events"),
        (
            paths.service_account_token("shop", "api"),
            "/api/v1/namespaces/shop/serviceaccounts/api/token",
        ),
        (paths.token_reviews(), "/apis/authentication.k8s.io/v1/tokenreviews"),
        (paths.subject_access_reviews(), "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
        (paths.jobs("a/b", "c?d#e%2F"), "/apis/batch/v1/namespaces/a%2Fb/jobs/c%3Fd%23e%252F"),
    ],
)
def test_paths(path: str, expected: str) -> None:
    assert path == expected


@pytest.mark.parametrize("name", [".", ".."])
def test_no_name_leads_to_another_path(name: str) -> None:
    with pytest.raises(FieldError, match="no object can have this name"):
        paths.scheduledtasks("shop", name)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (paths.scheduledtasks(), ("scheduledtasks", False)),
        (paths.scheduledtasks("shop", "backup", "status"), ("scheduledtasks/status", True)),
        (paths.jobs("shop"), ("jobs", False)),
        (paths.jobs("shop", "a"), ("jobs", True)),
        (paths.pods(), ("pods", False)),
        (paths.pod_log("shop", "a"), ("pods/log", True)),
        (paths.jobs("a/b", "c/d"), ("jobs", True)),
        (paths.service_account_token("shop", "api"), ("serviceaccounts/token", True)),
        (paths.token_reviews(), ("tokenreviews", False)),
        ("/api/v1/namespaces", ("namespaces", False)),
        ("/api/v1/namespaces/shop", ("namespaces", True)),
        ("/version", ("version", False)),
    ],
)
def test_what_a_path_leads_to(path: str, expected: tuple[str, bool]) -> None:
    assert paths.resource_of(path) == expected
