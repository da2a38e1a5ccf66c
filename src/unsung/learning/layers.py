"""Which weights of a language model train."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from unsung.errors import InputError
from unsung.learning.encoder import TorchEncoder, quiet
from unsung.learning.randomness import torch_draws
from unsung.learning.settings import FineTuneSettings
from unsung.learning.weights import find_weights

if TYPE_CHECKING:
    import torch

LORA_DRAWS = 1
"""Second part of the seed of the adapters' first values."""


def load_encoder(settings: FineTuneSettings) -> TorchEncoder:
    """The pretrained encoder that settings name, which reads their ``max_tokens``."""
    return TorchEncoder.load(find_weights(settings.model), max_tokens=settings.max_tokens)


def choose_trained(encoder: TorchEncoder, settings: FineTuneSettings) -> None:
    """Freeze what isn't to be trained, and set dropout where training is.

    Parameters
    ----------
    encoder : TorchEncoder
        Its transformer is changed in place; adapters are put into it with ``lora``.
    settings : FineTuneSettings

    Raises
    ------
    InputError
        With ``top`` and ``lora``, where the transformer's layers can't be found.
    """
    transformer = encoder.transformer
    transformer.requires_grad_(False)
    trained: list[torch.nn.Module] = []
    if settings.trained == "lora":
        _add_adapters(transformer, settings)
        trained = [layers_of(transformer)[1]]
    elif settings.trained == "all":
        trained = [transformer.requires_grad_(True)]
    elif settings.trained == "top":
        trained = [
            layer.requires_grad_(True)
            for layer in layers_of(transformer)[1][n_frozen(transformer, settings) :]
        ]
    pooler = getattr(transformer, "pooler", None)
    if pooler is not None:  # no part of the vectors
        pooler.requires_grad_(False)
    _set_dropout([transformer], 0.0)
    _set_dropout(trained, settings.dropout)


def n_frozen(transformer: "torch.nn.Module", settings: FineTuneSettings) -> int:
    """Layers below those that train with ``top``."""
    return max(len(layers_of(transformer)[1]) - settings.top_layers, 0)


def layers_of(transformer: "torch.nn.Module") -> tuple[str, "torch.nn.ModuleList"]:
    """A transformer's layers from the first to the last, and the name of their list.

    Raises
    ------
    InputError
        Where they can't be found, as in models whose layers share their weights.
    """
    import torch

    config = transformer.config
    n_layers = config.num_hidden_layers  # type: ignore[union-attr]
    found: list[tuple[str, torch.nn.ModuleList]] = []
    for name, module in transformer.named_modules():
        # A list in a list is a part of a layer.
        inside = any(name.startswith(f"{outer}.") for outer, _ in found)
        if isinstance(module, torch.nn.ModuleList) and len(module) == n_layers and not inside:
            found.append((name, module))
    if len(found) != 1:
        kind = type(transformer).__name__
        raise InputError(f"The layers of {kind} can't be told apart; train 'all' or 'heads'.")
    return found[0]


def merge_adapters(transformer: "torch.nn.Module") -> None:
    """Add adapters to the weights that they adapt, so that a plain model stays; in place.

    A model without adapters is left as it is.
    """
    for name, module in list(transformer.named_modules()):
        if hasattr(module, "get_base_layer") and hasattr(module, "merge"):
            module.merge()
            parent, _, last = name.rpartition(".")
            setattr(transformer.get_submodule(parent), last, module.get_base_layer())
    if hasattr(transformer, "peft_config"):
        del transformer.peft_config


def _add_adapters(transformer: "torch.nn.Module", settings: FineTuneSettings) -> None:
    import torch
    from peft import LoraConfig, inject_adapter_in_model

    path, layers = layers_of(transformer)
    linear = [
        f"{path}.{name}"
        for name, module in layers.named_modules()
        if isinstance(module, torch.nn.Linear)
    ]
    config = LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,  # type: ignore[arg-type] # a plain factor
        lora_dropout=settings.dropout,
        target_modules=linear,
    )
    with quiet(), torch_draws(settings.seed, LORA_DRAWS):
        inject_adapter_in_model(config, transformer)


def _set_dropout(modules: "Iterable[torch.nn.Module]", share: float) -> None:
    import torch

    for module in modules:
        for part in module.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = share
