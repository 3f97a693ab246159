"""Trains the demo's tokenizer and reference model on clean text: python scripts/demo/train-model.py

Needs torch, transformers, tokenizers and safetensors (versions in pipelines/demo/README.md), and Node.js for the text:
the clean text is drawn by scripts/demo/make-corpus.ts unless --text names a JSONL file that holds it.
Writes config.json, model.safetensors (float16), tokenizer.json, tokenizer_config.json and, as training.json, how it went.
"""

import argparse
import json
import math
import platform
import subprocess
import tempfile
import time
from pathlib import Path

import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM

BOS, EOS = "<|bos|>", "<|eos|>"


def main():
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)

    texts = read_texts(options)
    tokenizer = train_tokenizer(texts, options.vocab)
    tokenizer.save(str(out / "tokenizer.json"))
    write_json(out / "tokenizer_config.json", tokenizer_config(options.context))

    rows = pack(tokenizer, texts, options.context)
    model = LlamaForCausalLM(model_config(tokenizer, options.context))
    print(f"{len(texts)} documents, {rows.numel()} tokens, {model.num_parameters()} parameters", flush=True)
    record = train(model, rows, options, lambda: save_model(model, out))
    save_model(model, out)
    write_json(out / "training.json", {
        "text": {"documents": len(texts), "tokens": rows.numel(), "seed": options.text_seed, "bytes": options.text_bytes},
        "options": {name: value for name, value in vars(options).items() if name not in ("text", "out")},
        "parameters": model.num_parameters(),
        **record,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
        },
    })


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", help="JSONL with a text field; drawn by make-corpus.ts when absent")
    parser.add_argument("--text-seed", default="reference")
    parser.add_argument("--text-bytes", type=int, default=24_000_000)
    parser.add_argument("--out", default="pipelines/demo/model")
    parser.add_argument("--vocab", type=int, default=2048)
    parser.add_argument("--context", type=int, default=512, help="tokens in a training row")
    parser.add_argument("--batch", type=int, default=4, help="rows in a step")
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--warmup", type=int, default=100, help="steps")
    parser.add_argument("--lr", type=float, default=3e-3, help="peak; falls to a twentieth along a cosine")
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save-every", type=int, default=400, help="steps; an interrupted run leaves its last save")
    return parser.parse_args()


def read_texts(options):
    if options.text:
        return texts_of(options.text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reference.jsonl"
        script = Path(__file__).with_name("make-corpus.ts")
        command = ["npx", "tsx", script, "--clean-bytes", str(options.text_bytes), "--seed", options.text_seed, "--out", path]
        subprocess.run(command, check=True)
        return texts_of(path)


def texts_of(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def train_tokenizer(texts, vocab):
    """Byte-level BPE without unknown bytes; every digit is its own token, which keeps arithmetic learnable."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocab, special_tokens=[BOS, EOS], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    bos = tokenizer.token_to_id(BOS)
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B:1", special_tokens=[(BOS, bos)])
    return tokenizer


def tokenizer_config(context):
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "add_bos_token": True,
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
    }


def model_config(tokenizer, context):
    return LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        rope_theta=10000.0,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.token_to_id(BOS),
        eos_token_id=tokenizer.token_to_id(EOS),
    )


def pack(tokenizer, texts, context):
    """(rows, context) int64: documents as BOS + text + EOS, one after the other; what does not fill the last row is left out."""
    eos = tokenizer.token_to_id(EOS)
    ids = []
    for encoding in tokenizer.encode_batch(texts):
        ids.extend(encoding.ids)
        ids.append(eos)
    rows = len(ids) // context
    return torch.tensor(ids[: rows * context], dtype=torch.int64).view(rows, context)


def train(model, rows, options, save):
    decayed = [weight for weight in model.parameters() if weight.dim() >= 2]
    plain = [weight for weight in model.parameters() if weight.dim() < 2]
    groups = [{"params": decayed, "weight_decay": options.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.95), fused=True)
    order = torch.Generator().manual_seed(options.seed)
    queue = torch.empty(0, dtype=torch.int64)
    curve, recent, began = [], [], time.monotonic()
    for step in range(1, options.steps + 1):
        if len(queue) < options.batch:
            queue = torch.randperm(len(rows), generator=order)
        batch, queue = rows[queue[: options.batch]], queue[options.batch :]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options)
        logits = model(input_ids=batch, use_cache=False).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        recent.append(loss.item())
        if step % 100 == 0:
            curve.append([step, round(sum(recent) / len(recent), 4)])
            print(f"step {step}  loss {curve[-1][1]:.4f}  {time.monotonic() - began:.0f} s", flush=True)
            recent = []
        if step % options.save_every == 0:
            save()
    return {"loss_curve": curve, "seconds": round(time.monotonic() - began)}


def learning_rate(step, options):
    if step < options.warmup:
        return options.lr * step / options.warmup
    done = (step - options.warmup) / max(1, options.steps - options.warmup)
    return options.lr * (0.05 + 0.95 * (1 + math.cos(math.pi * done)) / 2)


def save_model(model, out):
    """config.json and float16 weights in one file; the tied head is stored once."""
    config = model.config.to_dict() | {"architectures": ["LlamaForCausalLM"], "dtype": "float16"}
    unused = ("_name_or_path", "id2label", "label2id", "problem_type", "return_dict")
    write_json(out / "config.json", {name: value for name, value in config.items() if name not in unused})
    weights = {name: weight.detach().to(torch.float16).contiguous() for name, weight in model.named_parameters()}
    save_file(weights, str(out / "model.safetensors"), metadata={"format": "pt"})


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
