"""The backbone with both pretraining heads, trained by `compile` and `fit`.

backbone  ->  [pretrainer.AlbertPretrainer]  ->  training.pretrain

Shape letters: B sequences, T tokens, M masked places, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import keras
import keras_hub

from albert_tf.layers.heads import MaskedLMHead, dense_head
from albert_tf.models.backbone import AlbertBackbone, first_places, model_inputs
from albert_tf.models.task_model import AlbertTask
from albert_tf.tasks.mask_filling import Guess, fill_masks

SENTENCE_OBJECTIVES = ("sop", "nsp", "none")


@keras.saving.register_keras_serializable(package="albert_tf")
class AlbertPretrainer(AlbertTask, keras_hub.models.Task):
    """Masked language modeling and a sentence objective on one backbone.

    Hidden states are computed where they are read, at the masked places and at [CLS]; the
    last layer is spared the others.

    Args:
        backbone: The body.
        sentence_objective: "sop" for ALBERT's sentence-order prediction, "nsp" for BERT's
            next-sentence prediction, "none" for masked language modeling alone.
        preprocessor: An `AlbertPreprocessor`, for texts; None for arrays alone.

    Inputs, as a dict: those of the backbone and `mask_positions`, int32 [B, M].

    Outputs, as a dict: `mlm` float32 logits [B, M, V]; and, under the name of the sentence
    objective unless that is "none", float32 logits [B, 2].

    Targets, as a dict: `mlm` int32 [B, M] (the true ids) and `sop` int32 [B] (0 in order, 1
    swapped) or `nsp` int32 [B] (0 next, 1 from elsewhere); sample weights, as a dict: `mlm`
    [B, M] (1 for a masked place, 0 for filler) and `sop` or `nsp` [B].

    Raises:
        ValueError: an unknown objective.

    Source: ALBERT (arXiv:1909.11942) section 3.1, and 4.6 for the comparison.
    """

    def __init__(
        self,
        backbone: AlbertBackbone,
        sentence_objective: str = "sop",
        preprocessor: Any = None,
        **kwargs: Any,
    ) -> None:
        if sentence_objective not in SENTENCE_OBJECTIVES:
            raise ValueError(
                f"sentence_objective must be one of {', '.join(SENTENCE_OBJECTIVES)}; "
                f"got {sentence_objective!r}."
            )

        # === Layers ===
        config = backbone.config
        masked_lm = MaskedLMHead(config, backbone.token_embedding, name="mlm")
        sentence = None
        if sentence_objective != "none":
            sentence = dense_head(config, 2, sentence_objective)

        # === Functional model ===
        inputs = model_inputs()
        mask_positions = keras.Input((None,), dtype="int32", name="mask_positions")
        first = first_places(inputs["token_ids"])  # [B, 1], where [CLS] is
        read = keras.ops.concatenate([first, mask_positions], axis=1)  # [B, 1 + M]
        states = backbone.states_at(inputs, read)  # [B, 1 + M, H]
        outputs = {"mlm": masked_lm(states[:, 1:])}
        if sentence is not None:
            outputs[sentence_objective] = sentence(backbone.pooler(states))
        inputs["mask_positions"] = mask_positions
        super().__init__(inputs, outputs, backbone, preprocessor, **kwargs)

        # === Config ===
        self.masked_lm = masked_lm
        self.sentence = sentence
        self.sentence_objective = sentence_objective

    def fill_masks(self, text: str, top: int = 5) -> list[list[Guess]]:
        """Guesses the piece behind each [MASK] of a text.

        Args:
            text: With at least one [MASK].
            top: Guesses for each of them.

        Returns:
            For each [MASK] its guesses, likeliest first.

        Raises:
            ValueError: no [MASK], a text that is too long, or a model without a preprocessor.
        """
        tokenizer, length = self.vocabulary("fill_masks")
        return fill_masks(text, tokenizer, self.run, sequence_length=length, top=top)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sentence_objective": self.sentence_objective}
