"""Selective language modeling (Rho-1, https://arxiv.org/abs/2404.07965) in PyTorch, with the losses of a finished run of `touchstone score`.

A causal language model of transformers is trained on the tokens that a selection keeps: the live loss is computed without gradient, scored against the
reference loss of the score set, and the labels of what is not kept are set to -100, which every cross-entropy leaves out, fused ones too. The rule is that
of src/selection/select-tokens.ts, ties and rounding included. Needs torch, transformers and pyarrow.

    python selective.py --scores runs/mine --model path/to/base --out path/to/trained --steps 1000 --length 1023 --batch 8
    torchrun --nproc-per-node 8 selective.py ...          # each process reads shards of its own
"""
import argparse
import contextlib
import hashlib
import json
import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
import torch.distributed as dist
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from transformers import AutoModelForCausalLM

IGNORED = -100
CHOICES = {"score": ("excess", "reference", "entropy", "intersection", "random", "all"), "scope": ("batch", "sequence")}
# What transformers saves and loads with a fast tokenizer; the first is needed.
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model", "chat_template.jinja")


class ScoreSet(IterableDataset):
    """Sequences of length + 1 tokens: `input_ids` int64, `reference` and `entropy` float32 in nats (NaN = not scored), `eligible` bool (False = context or filling).

    Documents are laid end to end as [prefix] tokens EOS and cut every `length` tokens; neighbours share one token, so every token is a target once. Rows of a
    packed set are sequences as they are. Shards are dealt out over ranks and workers, shuffled by seed and epoch, and rows within each row group; seed None keeps
    the order of the corpus. Runs through `epochs` epochs. One row group is in memory at a time. Every shard is hashed when it is first opened and must be the one
    that the manifest lists; `verify=False` leaves that to the checksums of the pages, which are always looked at.
    """

    def __init__(self, run, length, vocab_size, seed=0, epochs=1, rank=0, ranks=1, verify=True):
        run = Path(run)
        if not (run / "_SUCCESS").exists():
            raise ValueError(f"{run} must be a finished run of touchstone score, it has no _SUCCESS: run the same score command again")
        if (run / "_SUCCESS").read_text().strip() != sha256_of(run / "manifest.json"):
            raise ValueError(f"{run}/manifest.json must have the sha256 that _SUCCESS says, it has {sha256_of(run / 'manifest.json')}: run the same score command again")
        manifest, plan = (json.loads((run / name).read_text()) for name in ("manifest.json", "plan.json"))
        windows = plan["windows"]
        if windows["eosId"] is None:
            raise ValueError(f"documents are separated by EOS, and the tokenizer of {run} names none")
        if plan["model"]["vocabSize"] > vocab_size:
            raise ValueError(f"{run} was scored with a vocabulary of {plan['model']['vocabSize']} entries, the live model has {vocab_size}: both must use one tokenizer")
        self.tokenizer_hash = plan["tokenizer"]["hash"]
        self.packed, self.eos = windows["layout"] == "packed", windows["eosId"]
        self.prefix = {"none": None, "bos": windows["bosId"], "eos-as-bos": self.eos}[windows["bos"]]
        if self.packed and length != windows["contextLength"] - 1:
            raise ValueError(f"a packed set trains at its own length, {windows['contextLength'] - 1}, got {length}")
        self.shards = [(run / shard["path"], shard["bytes"], shard["sha256"]) for shard in manifest["shards"] if shard["rows"] > 0]
        self.has_entropy = plan["output"]["stats"]["entropy"]
        self.unverified = set(range(len(self.shards))) if verify else set()
        self.length, self.seed, self.epochs, self.rank, self.ranks = length, seed, epochs, rank, ranks

    def __iter__(self):
        worker = get_worker_info()
        part, parts = (self.rank, self.ranks) if worker is None else (self.rank * worker.num_workers + worker.id, self.ranks * worker.num_workers)
        if len(self.shards) < parts:
            raise ValueError(f"{parts} readers need a shard each, the score set has {len(self.shards)}: use fewer ranks or workers, or score with a smaller corpus.unitBytes")
        left = empty = {"input_ids": np.empty(0, np.int64), "reference": np.empty(0, np.float32), "entropy": np.empty(0, np.float32), "eligible": np.empty(0, bool)}
        for epoch in range(self.epochs):
            for row in self._rows(epoch, part, parts):
                laid = self._lay_out(row)
                if self.packed:
                    yield tensors(laid)
                    continue
                left = {name: np.concatenate([left[name], laid[name]]) for name in left}
                begin = 0
                while len(left["input_ids"]) - begin > self.length:
                    yield tensors({name: values[begin : begin + self.length + 1] for name, values in left.items()})
                    begin += self.length  # the last target is the next sequence's first input
                left = {name: values[begin:] for name, values in left.items()}
        missing = self.length + 1 - len(left["input_ids"])
        if missing < self.length:  # the stream's last sequence is filled up with what is no target
            filling = {"input_ids": self.eos, "reference": np.nan, "entropy": np.nan, "eligible": False}
            yield tensors({name: np.concatenate([values, np.full(missing, filling[name], empty[name].dtype)]) for name, values in left.items()})

    def _rows(self, epoch, part, parts):
        order = np.arange(len(self.shards)) if self.seed is None else np.random.default_rng([self.seed, epoch]).permutation(len(self.shards))
        columns = ["token_ids", "ref_loss"] + (["entropy"] if self.has_entropy else [])
        for shard in order[part::parts]:
            path, size, sha256 = self.shards[shard]
            if path.stat().st_size != size:
                raise ValueError(f"{path} must have {size} bytes by the manifest, it has {path.stat().st_size}: restore it or score its unit again")
            if shard in self.unverified:
                found = sha256_of(path)
                if found != sha256:
                    raise ValueError(f"{path} must have sha256 {sha256} by the manifest, it has {found}: restore it or score its unit again")
                self.unverified.discard(shard)
            file = pq.ParquetFile(path, page_checksum_verification=True)
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=columns)
                lists = {name: table[name].combine_chunks() for name in columns}
                offsets = lists["token_ids"].offsets.to_numpy()
                values = {name: column.values.to_numpy(zero_copy_only=False) for name, column in lists.items()}
                rows = np.arange(table.num_rows) if self.seed is None else np.random.default_rng([self.seed, epoch, shard, group]).permutation(table.num_rows)
                for row in rows:
                    begin, end = offsets[row], offsets[row + 1]
                    if end > begin:
                        yield {name: column[begin:end] for name, column in values.items()}

    def _lay_out(self, row):
        """[prefix] tokens, and for documents EOS: a target without a reference loss, so plain training learns it and selection never sees it."""
        count = len(row["token_ids"])
        before = [] if self.prefix is None else [self.prefix]
        after = [] if self.packed or self.prefix == self.eos else [self.eos]
        nan = lambda ids: np.full(len(ids), np.nan, np.float32)
        around = lambda values: np.concatenate([nan(before), values, nan(after)]).astype(np.float32)
        eligible = np.concatenate([np.full(len(before), self.prefix == self.eos and not self.packed), np.ones(count + len(after), bool)])
        if self.packed:  # EOS without a loss at the end of the last row is filling
            filling = (row["token_ids"] == self.eos) & np.isnan(row["ref_loss"])
            eligible[len(eligible) - np.argmin(np.append(filling[::-1], False)) :] = False
        return {
            "input_ids": np.concatenate([before, row["token_ids"], after]).astype(np.int64),
            "reference": around(row["ref_loss"]),
            "entropy": around(row.get("entropy", np.full(count, np.nan, np.float32))),
            "eligible": eligible.astype(bool),
        }


def check_tokenizer(model, expected):
    """One added token is enough to move losses to other tokens."""
    path = Path(model) / "tokenizer.json"
    found = sha256_of(path)
    if found != expected:
        raise ValueError(f"{path} must be the tokenizer the set was scored with, sha256 {expected}, it has {found}: score the corpus again with it")


def check_length(model, length):
    """The model is given the last target of a sequence as well, though nothing is asked of it."""
    positions = getattr(model.config, "max_position_embeddings", None)
    if positions is not None and length + 1 > positions:
        raise ValueError(f"--length must be at most {positions - 1} for this model, whose {positions} positions hold a sequence and its last target, got {length}")


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def save(model, source, out):
    """A folder that can be trained from and scored with again: the model, and the tokenizer files of the model it began as."""
    model.save_pretrained(out)
    for name in TOKENIZER_FILES:
        if (Path(source) / name).exists():
            shutil.copyfile(Path(source) / name, Path(out) / name)


def tensors(sequence):
    return {name: torch.from_numpy(np.ascontiguousarray(values)) for name, values in sequence.items()}


@dataclass(frozen=True)
class Selection:
    """The names and defaults of `selection` in a pipeline file."""

    score: str = "excess"
    keep_fraction: float = 0.6
    threshold: float | None = None
    scope: str = "batch"
    reference_loss_cap: float | None = None
    warmup_steps: int = 0
    denominator: str = "selected"
    seed: int = 0


@dataclass(frozen=True)
class Selected:
    mask: torch.Tensor  # bool, the shape of the losses; True = trained on
    scored: int
    kept: int


def select(rule, step, *, live, reference, eligible, entropy=None, random=None):
    """Which targets to train on. All tensors have the shape (B, T); entry t is about target t. `random` replaces the numbers that rule.seed draws."""
    scored = eligible & ~reference.isnan()
    cap = torch.inf if rule.reference_loss_cap is None else np.float32(rule.reference_loss_cap)
    candidate = scored & ~(reference > cap)
    if not live[candidate].isfinite().all():
        raise ValueError(f"step {step}: the live losses must be finite; lower the learning rate and go on from the last checkpoint")
    groups = candidate.reshape(1, -1) if rule.scope == "batch" else candidate
    if rule.score == "random":
        values = torch.from_numpy(random_scores(rule.seed, step, live.numel())).to(live.device).reshape(live.shape) if random is None else random
    elif rule.score == "intersection":
        values = intersection(0 - reference.reshape(groups.shape), 0 - entropy.reshape(groups.shape), groups).reshape(live.shape)
    else:
        values = {"excess": lambda: live - reference, "reference": lambda: 0 - reference, "entropy": lambda: 0 - entropy, "all": lambda: torch.zeros_like(live)}[rule.score]()
    values = torch.where(candidate, values, -torch.inf)
    if rule.score == "all" or step < rule.warmup_steps:
        mask = candidate
    elif rule.threshold is not None:
        mask = candidate & (values >= (-rule.threshold if rule.score in ("reference", "entropy") else rule.threshold))
    else:
        ranks = descending_ranks(values.reshape(groups.shape))
        keep = torch.tensor([keep_count(int(count), rule.keep_fraction) for count in groups.sum(1)], device=live.device)
        mask = (ranks < keep[:, None]).reshape(live.shape)
    return Selected(mask, int(scored.sum()), int(mask.sum()))


def keep_count(candidates, keep_fraction):
    """The share as a whole number of millionths, halves up, and at least one candidate: the same number in every language."""
    return max(min(candidates, 1), (candidates * round(keep_fraction * 1_000_000) + 500_000) // 1_000_000)


def descending_ranks(values):
    """Place of each entry of its row, 0 = largest; of equal ones the first comes first, which torch.topk does not promise."""
    order = torch.sort(values, dim=1, descending=True, stable=True).indices
    return torch.empty_like(order).scatter_(1, order, torch.arange(values.shape[1], device=values.device).expand_as(order))


def intersection(first, second, groups):
    """Section 3.4 of the paper: minus the worse of a candidate's two ranks."""
    ranks = [descending_ranks(torch.where(groups, values, -torch.inf)) for values in (first, second)]
    return (0 - torch.maximum(*ranks)).float()


def random_scores(seed, step, count):
    """Numbers of the `random` control, float32 in [0, 1): those of src/selection/random-scores.ts."""

    def scramble(x):
        h = np.asarray(x, np.uint32) + np.uint32(0x9E3779B9)
        h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        return h ^ (h >> np.uint32(16))

    with np.errstate(over="ignore"):
        key = scramble(scramble(seed) ^ np.uint32(step))
        return ((scramble(key ^ np.arange(count, dtype=np.uint32)) >> np.uint32(8)) / np.float32(2**24)).astype(np.float32)


@torch.no_grad()
def live_losses(model, input_ids):
    """Loss in nats of every token but each sequence's first, float32 (B, T). Logits of one sequence exist at a time."""
    training, _ = model.training, model.eval()
    losses = [cross_entropy(model(ids[None]).logits[0, :-1].float(), ids[1:], reduction="none") for ids in input_ids]
    model.train(training)
    return torch.stack(losses)


def train_step(model, optimizer, micro_batches, rule, step, clip_norm=1.0):
    """One optimizer step over the micro-batches; the mean is over the kept tokens of all of them, and of all ranks. Returns what happened, losses in nats."""
    unwrapped = getattr(model, "module", model)
    selections, live = [], []
    for number, batch in enumerate(micro_batches):
        losses = live_losses(unwrapped, batch["input_ids"])
        targets = {name: batch[name][:, 1:] for name in ("reference", "entropy", "eligible")}
        count = losses.numel()
        random = torch.from_numpy(random_scores(rule.seed, step, (number + 1) * count)[number * count :]).to(losses.device).reshape(losses.shape) if rule.score == "random" else None
        selections.append(select(rule, step, live=losses, **targets, random=random))
        live.append(losses)
    counts = torch.tensor([sum(s.kept for s in selections), sum(s.scored for s in selections)], dtype=torch.float64, device=live[0].device)
    ranks = dist.get_world_size() if dist.is_initialized() else 1
    if ranks > 1:
        dist.all_reduce(counts)
    kept, scored = counts.tolist()
    denominator = max(1.0, scored if rule.denominator == "all" else kept) / ranks  # gradients of ranks are averaged
    optimizer.zero_grad()
    total = 0.0
    for number, (batch, selection) in enumerate(zip(micro_batches, selections)):
        labels = batch["input_ids"].clone()
        labels[:, 0] = IGNORED
        labels[:, 1:][~selection.mask] = IGNORED
        last = number == len(micro_batches) - 1
        with contextlib.nullcontext() if last or ranks == 1 else model.no_sync():
            loss = model(batch["input_ids"], labels=labels, num_items_in_batch=denominator).loss
            loss.backward()
        total += loss.item()
    if ranks > 1:
        mean = torch.tensor(total / ranks, dtype=torch.float64, device=counts.device)
        dist.all_reduce(mean)
        total = mean.item()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    optimizer.step()
    return {"step": step + 1, "loss": total, "kept": int(kept), "scored": int(scored), "gradient_norm": norm.item(), "live": live, "selections": selections}


def make_optimizer(model, learning_rate, weight_decay):
    """AdamW; weight decay on matrices and embeddings only."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [{"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay}, {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.95), eps=1e-8)


def learning_rate(step, peak, floor, warmup, steps):
    """Linear warm-up to the peak, then a cosine that would reach the floor one step after the last; the first step is 0."""
    if step < warmup:
        return peak * (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, steps - warmup))
    return floor + (peak - floor) * (1 + math.cos(math.pi * done)) / 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind, default, text in [
        ("scores", str, None, "finished run of touchstone score"), ("model", str, None, "Hugging Face folder to train from; its tokenizer.json must be the one the set was scored with"),
        ("out", str, None, "folder for the trained model and its tokenizer"), ("steps", int, None, "optimizer steps"),
        ("length", int, None, "targets of a sequence; of a packed set its context length less one"), ("batch", int, None, "sequences of a micro-batch"),
        ("accumulation", int, 1, "micro-batches of a step"), ("lr", float, 5e-5, "highest learning rate"), ("min-lr", float, 0.0, "what the cosine falls to, one step after the last"),
        ("warmup", int, 0, "steps of linear warm-up"), ("weight-decay", float, 0.1, "on matrices and embeddings"), ("seed", int, 0, "of the order of rows and of the random score"),
        ("score", str, "excess", "excess, reference, entropy, intersection, random or all"), ("keep-fraction", float, 0.6, "share of the scored tokens that is trained on"),
        ("scope", str, "batch", "tokens that compete: batch (a micro-batch) or sequence"), ("device", str, "cuda" if torch.cuda.is_available() else "cpu", "cpu, or cuda: one device a rank"),
    ]:
        parser.add_argument(f"--{name}", type=kind, default=default, required=default is None, metavar=kind.__name__.upper(), choices=CHOICES.get(name), help=text if default is None else f"{text} (default {default})")
    parser.add_argument("--no-verify", action="store_true", help="do not hash the shards before they are used")
    args = parser.parse_args()
    if Path(args.out).resolve() == Path(args.model).resolve():
        parser.error(f"--out must not be the folder of the model that is trained from, {args.model}")
    rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    device = torch.device(args.device, int(os.environ.get("LOCAL_RANK", 0))) if args.device == "cuda" else torch.device(args.device)
    if ranks > 1:
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    torch.manual_seed(args.seed)
    model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32).to(device).train()
    optimizer = make_optimizer(model, args.lr, args.weight_decay)
    rule = Selection(score=args.score, keep_fraction=args.keep_fraction, scope=args.scope, seed=args.seed + rank)
    data = ScoreSet(args.scores, args.length, model.config.vocab_size, args.seed, epochs=2**31, rank=rank, ranks=ranks, verify=not args.no_verify)
    check_tokenizer(args.model, data.tokenizer_hash)
    check_length(model, args.length)
    batches = iter(DataLoader(data, batch_size=args.batch))
    trained = torch.nn.parallel.DistributedDataParallel(model) if ranks > 1 else model
    for step in range(args.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, args.lr, args.min_lr, args.warmup, args.steps)
        micro_batches = [{name: values.to(device) for name, values in next(batches).items()} for _ in range(args.accumulation)]
        done = train_step(trained, optimizer, micro_batches, rule, step)
        if rank == 0:
            print(json.dumps({key: done[key] for key in ("step", "loss", "kept", "scored", "gradient_norm")}), flush=True)
    if rank == 0:
        save(model, args.model, args.out)
    if ranks > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
