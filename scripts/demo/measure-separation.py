"""Measures how well the demo's reference model tells planted noise from clean text: python scripts/demo/measure-separation.py

Losses come from transformers in float32: BOS before each document, context 512, stride 256, every token scored once.
A token is noise when any of its characters lies in a recorded span; every other token counts as clean, also the first ones
after a span, which the model finds hard because of what stands before them ("recovery"). A second figure leaves those out.
AUC is the probability that a random noise token has a higher loss than a random clean one, ties counting half.
The control replaces the loss by -log of the token's frequency in the held-out text (plus one): what rare tokens alone give away.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

RECOVERY_TOKENS = 4


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", default="pipelines/demo")
    parser.add_argument("--model", default="pipelines/demo/model")
    parser.add_argument("--stride", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    demo = Path(options.demo)
    scorer = Scorer(options.model, options.stride)

    documents = read_lines(demo / "corpus.jsonl")
    spans = {record["id"]: record["spans"] for record in read_lines(demo / "noise.jsonl")}
    held_out = read_lines(demo / "heldout.jsonl")
    rarity_of = token_rarity(scorer, held_out)
    tokens = {"loss": [], "rarity": [], "kind": [], "recovery": []}
    for document in documents:
        encoding, losses, _ = scorer.score(document["text"])
        kinds, recovery = label(encoding.offsets, spans[document["id"]])
        tokens["loss"].append(losses)
        tokens["rarity"].append(rarity_of[encoding.ids])
        tokens["kind"].extend(kinds)
        tokens["recovery"].extend(recovery)
    loss, rarity = np.concatenate(tokens["loss"]), np.concatenate(tokens["rarity"])
    report_separation(loss, rarity, np.array(tokens["kind"]), np.array(tokens["recovery"]))
    report_heldout(scorer, held_out)


class Scorer:
    def __init__(self, folder, stride):
        self.tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self.model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.context = self.model.config.max_position_embeddings
        self.stride = stride

    @torch.inference_mode()
    def score(self, text):
        """The encoding without BOS; of each of its tokens the loss in nats, and whether it was the most likely one."""
        encoding = self.tokenizer.encode(text, add_special_tokens=False)
        ids = torch.tensor([self.model.config.bos_token_id, *encoding.ids])
        losses, top1 = torch.empty(len(encoding.ids)), torch.empty(len(encoding.ids), dtype=torch.bool)
        done, start = 0, 0
        while done < len(losses):
            window = ids[start : start + self.context]
            logits = self.model(input_ids=window[None, :-1], use_cache=False).logits[0]
            window_losses = torch.nn.functional.cross_entropy(logits, window[1:], reduction="none")
            end = start + len(window_losses)
            losses[done:end] = window_losses[done - start :]
            top1[done:end] = (logits.argmax(-1) == window[1:])[done - start :]
            done, start = end, start + self.stride
        return encoding, losses.numpy(), top1.numpy()


def token_rarity(scorer, documents):
    """(vocabulary) nats: -log of each token's share of the documents, counted with one more of each."""
    counts = np.ones(scorer.model.config.vocab_size)
    for document in documents:
        np.add.at(counts, scorer.tokenizer.encode(document["text"], add_special_tokens=False).ids, 1)
    return -np.log(counts / counts.sum())


def read_lines(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def label(offsets, spans):
    """Per token: the kind of the span it touches or "clean", and whether it is one of the first clean tokens after a span."""
    ranges = [(span.get("codePointStart", span["start"]), span.get("codePointEnd", span["end"]), span["kind"]) for span in spans]
    kinds, recovery, since = [], [], RECOVERY_TOKENS
    for start, end in offsets:
        kind = next((kind for first, last, kind in ranges if start < last and end > first), "clean")
        since = 0 if kind != "clean" else since + 1
        kinds.append(kind)
        recovery.append(0 < since <= RECOVERY_TOKENS)
    return kinds, recovery


def auc(high, low):
    ordered = np.sort(low)
    below, up_to = np.searchsorted(ordered, high, "left"), np.searchsorted(ordered, high, "right")
    return float((below + up_to).sum() / (2 * len(high) * len(low)))


def report_separation(loss, rarity, kind, recovery):
    clean, noise = kind == "clean", kind != "clean"
    steady = clean & ~recovery
    print(f"tokens {len(loss)}, noise {noise.mean():.1%}, recovery {recovery.mean():.1%}")
    print("| tokens | share | mean loss, nats | AUC against clean | AUC, recovery left out | control: rarity |\n|---|---|---|---|---|---|")
    print(f"| clean | {clean.mean():.1%} | {loss[clean].mean():.2f} | | | |")
    print(f"| clean, recovery left out | {steady.mean():.1%} | {loss[steady].mean():.2f} | | | |")
    rows = [("noise", noise), *((name, kind == name) for name in sorted(set(kind[noise])))]
    for name, chosen in rows:
        figures = auc(loss[chosen], loss[clean]), auc(loss[chosen], loss[steady]), auc(rarity[chosen], rarity[clean])
        print(f"| {name} | {chosen.mean():.1%} | {loss[chosen].mean():.2f} | {figures[0]:.3f} | {figures[1]:.3f} | {figures[2]:.3f} |")


def report_heldout(scorer, documents):
    """Mean loss of the held-out text, and the share of equations whose result is, token for token, the model's first choice."""
    losses, right = [], []
    for document in documents:
        encoding, document_losses, top1 = scorer.score(document["text"])
        losses.append(document_losses)
        for result in re.finditer(r"(?<== )\$?\d+(\.\d\d)?", document["text"]):
            inside = [start < result.end() and end > result.start() for start, end in encoding.offsets]
            right.append(top1[inside].all())
    losses = np.concatenate(losses)
    print(f"held out: {len(documents)} documents, {len(losses)} tokens, mean loss {losses.mean():.3f} nats")
    print(f"held out: {len(right)} equations, {np.mean(right):.1%} of their results predicted right")


if __name__ == "__main__":
    main()
