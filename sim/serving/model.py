"""Stand-in for a model's files on the cache volume: a tokenizer of a few hundred words, and the configs that Dynamo
reads.

    python model.py DIR

Dynamo's frontend loads the tokenizer and the chat template from DIR and uses them like any model's.
"""

import json
import string
import sys
from pathlib import Path

from phrases import MODEL_PHRASES, NOTHING_KNOWN, SPEAKER
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

CONTEXT = 16384
USER, ASSISTANT, END = "<|User|>", "<|Assistant|>", "<|end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}" + ASSISTANT + "{{ message['content'] }}" + END + "{% else %}"
    "{% if message['role'] == 'user' %}" + USER + "{% endif %}{{ message['content'] }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}" + ASSISTANT + "{% endif %}"
)


def tokenizer() -> Tokenizer:
    """Return a byte-level tokenizer, which accepts any text. Trained on the worker's phrases, so that a word is a
    token."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4096,
        min_frequency=1,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[END, USER, ASSISTANT],
    )
    names = "deepseek-ai/DeepSeek-R1 deepseek-ai/DeepSeek-V3 Qwen/Qwen3-30B-A3B Qwen/Qwen3-235B-A22B TP8 DP8 EP8 TP16"
    # Dynamo 0.6.0 drops a token that is nothing but a space, so a space has a token with each character after it.
    characters = string.printable.strip() + "".join(map(chr, range(0xA1, 0x180))) + "\u201c\u201d\u2013\u2014"
    spaced = [f" {character}" for character in characters]
    spoken = [f" {phrase}" for phrase in (*MODEL_PHRASES.values(), NOTHING_KNOWN)]
    made.train_from_iterator([*spoken, SPEAKER, names, *spaced], trainer)
    made.add_special_tokens([AddedToken(token, special=True) for token in (END, USER, ASSISTANT)])
    return made


def write(directory: Path) -> None:
    """Write the four files that Dynamo's register_llm needs, as one atomic rename of their folder."""
    half = directory.with_name(directory.name + ".tmp")
    half.mkdir(parents=True, exist_ok=True)
    made = tokenizer()
    made.save(str(half / "tokenizer.json"))
    end = made.token_to_id(END)
    files = {
        "config.json": {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "eos_token_id": end,
            "bos_token_id": end,
            "hidden_size": 64,
            "num_attention_heads": 1,
            "num_hidden_layers": 1,
            "max_position_embeddings": CONTEXT,
            "vocab_size": made.get_vocab_size(),
        },
        "generation_config.json": {"eos_token_id": end, "bos_token_id": end},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": CONTEXT,
            "eos_token": END,
            "chat_template": CHAT_TEMPLATE,
        },
    }
    for name, content in files.items():
        (half / name).write_text(json.dumps(content, indent=2) + "\n")
    half.rename(directory)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
