"""Settings of the two processes: from flags, else `CRONWRIGHT_*` variables, else the defaults.

`__main__` reads them once and hands them down; nothing below reads the environment itself.
The chart sets the same names, and its README says each in a sentence.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class LogFormat(StrEnum):
    """How a log line is written."""

    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The least severity that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class CommonSettings(BaseSettings):
    """What the operator and the API have in common."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix="CRONWRIGHT_", cli_kebab_case=True, frozen=True, extra="forbid"
    )

    kubeconfig: str | None = Field(
        default=None,
        description="Path of a kubeconfig; else KUBECONFIG, else the pod's own credentials.",
    )
    log_level: LogLevel = Field(default=LogLevel.INFO, description="The least severity logged.")
    log_format: LogFormat = Field(default=LogFormat.JSON, description="JSON lines, or text.")


class OperatorSettings(CommonSettings):
    """Settings of `cronwright operator`."""

    namespace: str = Field(
        default="", description="The one namespace to serve; empty serves the whole cluster."
    )
    workers: int = Field(
        default=8, ge=1, le=64, description="How many tasks are reconciled at the same time."
    )
    max_connections: int = Field(
        default=32,
        ge=4,
        le=256,
        description="Connections to the API server; watches and followed logs have their own.",
    )
    relist_seconds: float = Field(
        default=180.0, ge=5.0,
        description="How often tasks are listed to find those deleted while nothing watched.",
    )  # fmt: skip
    concurrency_group_size: int = Field(
        default=1, ge=1, le=1000,
        description="How many runs of a concurrencyGroup are active at once, where the namespace's "
        "ConfigMap cronwright-concurrency-groups says nothing of it.",
    )  # fmt: skip
    bind_address: str = Field(
        default="0.0.0.0",  # noqa: S104 - a pod's probes come from outside its loopback
        description="The address that answers the operator's own probes.",
    )
    health_port: int = Field(
        default=8081,
        ge=0,
        le=65535,
        description="Port of /livez, /readyz, /health and /metrics; 0 serves none.",
    )
    task_metrics: bool = Field(
        default=False,
        description="Show in the metrics when each task last succeeded and runs next.",
    )
    slow_run_factor: float = Field(
        default=2.0, ge=0.0,
        description="An Event tells of a run that takes so many times as long as 95% of its "
        "task's; 0 tells of none.",
    )  # fmt: skip
    api_token_file: Path | None = Field(
        default=None,
        description="Where the operator leaves the API's token; empty hands out none.",
    )
    api_service_account: str = Field(
        default="cronwright-api", description="The account whose token the API gets."
    )
    api_service_account_namespace: str = Field(
        default="cronwright", description="The namespace of that account."
    )
    leader_election: bool = Field(
        default=False,
        description="Whether one of several operators leads, by a Lease; else there must be one.",
    )
    lease_namespace: str = Field(
        default="cronwright", min_length=1, description="The namespace of the Lease."
    )
    lease_name: str = Field(default="cronwright", min_length=1, description="Its name.")
    lease_identity: str = Field(
        default="",
        description="Who holds it; empty takes the host's name and a random part. Processes that "
        "may run at the same time need different ones.",
    )
    lease_duration_seconds: int = Field(
        default=10, ge=3, le=300,
        description="For how long the Lease holds; the same for all operators.",
    )  # fmt: skip
    lease_renew_deadline_seconds: float = Field(
        default=7.0, gt=0.0, description="After how long without a renewal a leader ends itself."
    )
    lease_retry_seconds: float = Field(
        default=1.0, gt=0.0, description="How often the leader renews its Lease."
    )

    @field_validator("lease_renew_deadline_seconds")
    @classmethod
    def _deadline_within_lease(cls, value: float, info: ValidationInfo) -> float:
        return _below(value, info, "lease_duration_seconds")

    @field_validator("lease_retry_seconds")
    @classmethod
    def _retry_within_deadline(cls, value: float, info: ValidationInfo) -> float:
        return _below(value, info, "lease_renew_deadline_seconds")


def _below(value: float, info: ValidationInfo, other: str) -> float:
    bound = info.data.get(other)  # not there where it is wrong itself
    if bound is not None and value >= bound:
        raise ValueError(f"must be below --{other.replace('_', '-')}, which is {bound:g}")
    return value


class ApiSettings(CommonSettings):
    """Settings of `cronwright api`."""

    bind_address: str = Field(
        default="0.0.0.0",  # noqa: S104 - callers come from outside the pod
        description="The address that the API listens on.",
    )
    port: int = Field(default=8080, ge=0, le=65535, description="The port it listens on.")
    metrics_port: int = Field(
        default=8082, ge=0, le=65535, description="The port of /metrics; 0 serves none."
    )
    token_file: Path | None = Field(
        default=None,
        description="A file with the API's own token, read again whenever it changes.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="The authority that signed the API server's certificate, with token_file.",
    )
    default_namespace: str = Field(
        default="default", description="The namespace of a request that names none."
    )
    audiences: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Audiences that callers' tokens are for, separated by commas; "
        "empty takes the API server's own.",
    )
    operator_health_port: int = Field(
        default=0, ge=0, le=65535,
        description="The operator's health port, at the same address; 0 where none runs beside.",
    )  # fmt: skip
    review_cache_seconds: float = Field(
        default=10.0, ge=0.0, le=300.0,
        description="How long an answer about a caller is believed.",
    )  # fmt: skip

    @field_validator("audiences", mode="before")
    @classmethod
    def _split_at_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value
