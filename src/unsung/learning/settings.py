"""How a language model is fine-tuned."""

from typing import Literal

from pydantic import Field

from unsung.learning.weights import DEFAULT_MODEL
from unsung.settings import Settings

Schedule = Literal["linear", "cosine", "constant"]


class FineTuneSettings(Settings):
    """What trains, how fast, for how long, and what is written down meanwhile."""

    model: str = DEFAULT_MODEL
    """A packaged model's name, a folder in the layout of Hugging Face, or a name on its hub."""
    trained: Literal["top", "all", "lora", "heads"] = "top"
    """``top``: the last layers; ``all``: every weight; ``lora``: low-rank adapters in every layer;
    ``heads``: the language model stays frozen and only what stands on it trains."""
    top_layers: int = Field(default=2, ge=1)
    """Layers that train with ``top``, counted from the output."""
    lora_rank: int = Field(default=8, ge=1)
    """Rank of the adapters."""
    lora_alpha: float = Field(default=16.0, gt=0)
    """Adapters are scaled by alpha / rank."""
    learning_rate: float = Field(default=5e-5, gt=0)
    """Highest learning rate of the language model."""
    head_learning_rate: float = Field(default=1e-3, gt=0)
    """Highest learning rate of everything that isn't part of the language model."""
    schedule: Schedule = "linear"
    """How the learning rate goes from its highest value to the end: to 0 along a line or half a
    cosine, or not at all."""
    warmup_share: float = Field(default=0.1, ge=0, le=1)
    """Share of all steps in which the learning rate rises."""
    batch_size: int = Field(default=64, ge=1)
    """Examples a step, over all processes."""
    epochs: float = Field(default=3.0, gt=0)
    """Times that the examples are gone through; parts are fine."""
    max_steps: int | None = Field(default=None, ge=1)
    """No more steps than these, where given."""
    weight_decay: float = Field(default=0.01, ge=0)
    """L2 penalty, decoupled; none on biases and normalisation."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of values dropped in trained layers; frozen layers drop none."""
    clip_norm: float = Field(default=1.0, ge=0)
    """Longest gradient; 0 doesn't clip."""
    max_tokens: int = Field(default=32, ge=4)
    """Longer texts are cut."""
    seed: int = Field(default=0, ge=0)
    """The same seed, machine and thread count give the same weights."""
    validate_every: int | None = Field(default=None, ge=1)
    """Steps between validations; once an epoch where not given. The start and the end count too."""
    patience: int = Field(default=3, ge=1)
    """Validations without a better value after which training stops."""
    checkpoint_every: int = Field(default=100, ge=1)
    """Steps between checkpoints, where a folder is given."""
    kept_mb: int = Field(default=1024, ge=0)
    """Memory for outputs of frozen layers, in MB; what doesn't fit is computed in every step."""
    kept_precision: Literal["float16", "float32"] = "float16"
    """How those outputs are kept: half precision moves a vector by less than 0.001."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """``auto``: CUDA where there is a device, else the CPU."""
    tracker: Literal["none", "tensorboard", "wandb"] = "none"
    """Where curves go beside the record: into the folder ``logs`` beside the checkpoint."""
