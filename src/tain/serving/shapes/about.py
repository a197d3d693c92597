"""What a server says of itself."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Health(BaseModel):
    """Whether requests are answered."""

    status: Literal["ready"] = "ready"


class PointBody(BaseModel):
    """What a label ai means."""

    target_fpr: float = Field(description="False positive rate aimed at.")
    threshold: float = Field(description="A score above it means ai.")
    n_human: int = Field(description="Human texts it was fitted to.")
    fpr_upper: float = Field(description="Upper end of the 95% interval of the rate.")


class ModelCard(BaseModel):
    """A model as OpenAI's list of models has it."""

    id: str = Field(description="What requests name it by.")
    object: Literal["model"] = "model"
    created: int = Field(description="When this server started, in seconds since 1970.")
    owned_by: str = Field("tain", description="As OpenAI's lists say.")
    version: str = Field(description="Of the model.")
    model_sha: str = Field(description="Hash of all that decides its answers.")
    labels: list[str] = Field(description="Its classes.")
    max_model_len: int = Field(description="Tokens it reads at once; a detector reads longer texts in windows.")
    can_check: bool = Field(description="Whether /v1/check takes it: a detector has operating points.")
    can_take_jobs: bool = Field(description="Whether /v1/jobs takes it: a detector that is always in memory.")
    operating_points: list[PointBody] = Field(description="Loosest first; empty for a classifier without.")
    default_fpr: float | None = Field(description="Target of the operating point used by default.")
    min_words: int | None = Field(description="Texts with fewer get no score.")
    has_report: bool = Field(description="Whether /report can show how it was measured.")
    is_loaded: bool = Field(
        True, description="Whether it is in memory; an adapter that is not is loaded when asked for."
    )


class ModelList(BaseModel):
    """All models, the first for requests that name none."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class Classes(BaseModel):
    """Numbers and names of labels."""

    id2label: dict[str, str]
    label2id: dict[str, int]


class ModelType(BaseModel):
    """What kind of model it is, as TEI says it."""

    classifier: Classes


class OperatingPointBody(PointBody):
    """What a label ai means by default."""

    even_prior: float | None = Field(
        description="Share of AI texts at which the probabilities of /predict and /classify hold; null: not calibrated."
    )


class Info(BaseModel):
    """The first model and the limits, in TEI's words where it has them."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: str
    model_sha: str
    model_version: str
    model_dtype: Literal["float32"] = "float32"
    model_type: ModelType
    operating_point: OperatingPointBody | None = Field(description="Null for a classifier without.")
    min_words: int | None = Field(description="Texts with fewer get no score.")
    max_input_length: int = Field(description="Tokens read at once.")
    max_concurrent_requests: int
    max_batch_tokens: int
    max_client_batch_size: int
    max_body_bytes: int
    auto_truncate: Literal[False] = False
    version: str = Field(description="Of tain.")
