"""OpenCLIP's byte pairs in a file of `tokenizers`.

So that words need neither OpenCLIP nor torch where they are searched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

END_OF_WORD = "</w>"
# Words, single digits and runs of signs, as CLIP splits them. Source: SimpleTokenizer of openai/CLIP, MIT licence.
PIECES = r"(?i:{special}|'s|'t|'re|'ve|'m|'ll|'d|[\p{{L}}]+|[\p{{N}}]|[^\s\p{{L}}\p{{N}}]+)"


class BytePairs(Protocol):
    """What is read of OpenCLIP's `SimpleTokenizer`."""

    encoder: Mapping[str, int]
    bpe_ranks: Mapping[tuple[str, str], int]
    all_special_ids: Sequence[int]
    sot_token_id: int
    eot_token_id: int


def write_byte_pairs(source: BytePairs, file: Path) -> None:
    """Write byte pairs, with tokens of start and end.

    Texts are cleaned before; see `clean_text`. Signs that only the newest Unicode has, and U+0345, may be split
    otherwise than OpenCLIP does: the two libraries know different versions of it.

    Args:
        source: The tokenizer.
        file: Where to write.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers, processors

    names = {number: name for name, number in source.encoder.items()}
    special = [names[number] for number in source.all_special_ids]
    merges = [pair for pair, _ in sorted(source.bpe_ranks.items(), key=lambda item: item[1])]
    written = Tokenizer(
        models.BPE(
            vocab=dict(source.encoder), merges=[pair for pair in merges if len(pair) == 2],
            end_of_word_suffix=END_OF_WORD, fuse_unk=False,
        )
    )  # fmt: skip
    pattern = PIECES.format(special="|".join(special))
    written.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    start, end = names[source.sot_token_id], names[source.eot_token_id]
    written.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}",
        special_tokens=[(start, source.sot_token_id), (end, source.eot_token_id)],
    )
    written.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in special])
    written.save(str(file), pretty=False)
