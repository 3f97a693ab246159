"""The PyTorch side of recipe.ts: does what a request file asks for with scripts/pytorch/selective.py and prints the results as JSON."""
import contextlib
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pytorch"))
import selective
from selective import ScoreSet, Selection, make_optimizer, select, train_step

NAMES = {"score": "score", "keepFraction": "keep_fraction", "threshold": "threshold", "scope": "scope", "referenceLossCap": "reference_loss_cap", "warmupSteps": "warmup_steps", "denominator": "denominator"}


def rule_of(options):
    return Selection(**{NAMES[name]: value for name, value in options.items()})


def column(values, sequences):
    return torch.tensor([np.nan if value is None else value for value in values], dtype=torch.float32).reshape(sequences, -1)


def check_vectors(path):
    """Every selection of the vectors but those with weights, which labels cannot carry. Sequences of several lengths are padded with what is no candidate."""
    data = json.loads(Path(path).read_text())
    checked = 0
    for case in data["selections"]:
        if "reweight" in case["options"]:
            continue
        tokens, expected = case["tokens"], case["expected"]
        offsets = tokens["sequenceOffsets"]
        longest = max(end - begin for begin, end in zip(offsets, offsets[1:]))
        padded = {}
        for name, filling in [("liveLoss", 0.0), ("referenceLoss", None), ("entropy", None), ("random", 0.0), ("eligible", 0)]:
            lines = [tokens[name][begin:end] + [filling] * (longest - end + begin) for begin, end in zip(offsets, offsets[1:])]
            padded[name] = column([value for line in lines for value in line], len(lines))
        found = select(
            rule_of(case["options"]), tokens["step"], live=padded["liveLoss"], reference=padded["referenceLoss"], entropy=padded["entropy"],
            random=padded["random"], eligible=padded["eligible"] == 1,
        )
        mask = [int(value) for line, begin, end in zip(found.mask, offsets, offsets[1:]) for value in line[: end - begin]]
        assert mask == expected["mask"], (case["options"], mask, expected["mask"])
        assert (found.kept, found.scored) == (expected["kept"], expected["scored"]), case["options"]
        checked += 1
    for case in data["random"]:
        count = case["firstPosition"] + len(case["scores"])
        assert selective.random_scores(case["seed"], case["step"], count)[case["firstPosition"] :].tolist() == case["scores"]
    for case in data["counts"]:
        assert selective.keep_count(case["candidates"], case["keepFraction"]) == case["kept"]
    return checked


def bits(values):
    return ["nan" if np.isnan(value) else str(code) for value, code in zip(values, values.view(np.int32))]


def sequences_in_order(run, length, vocab_size):
    found = []
    for sequence in ScoreSet(run, length, vocab_size, seed=None):
        found.append([str(i) for i in sequence["input_ids"].tolist()] + bits(sequence["reference"].numpy()[1:]) + [str(int(e)) for e in sequence["eligible"].numpy()[1:]])
    return found


def rows_by_rank(run, length, vocab_size, ranks):
    counts = [sum(1 for _ in ScoreSet(run, length, vocab_size, seed=1)._rows(0, 0, 1))]
    return counts + [sum(1 for _ in ScoreSet(run, length, vocab_size, seed=1)._rows(0, rank, ranks)) for rank in range(ranks)]


def curve(request, options):
    model = AutoModelForCausalLM.from_pretrained(request["model"], dtype=torch.float32).train()
    optimizer = make_optimizer(model, 1e-3, 0.1)
    rule = rule_of(options)
    steps = []
    for begin in range(0, len(request["batches"]), request["accumulation"]):
        micro_batches = []
        for batch in request["batches"][begin : begin + request["accumulation"]]:
            ids = torch.tensor(batch["inputIds"])
            first = torch.full((len(ids), 1), torch.nan)
            micro_batches.append({
                "input_ids": ids,
                "reference": torch.cat([first, column(batch["reference"], len(ids))], 1),
                "entropy": torch.cat([first, column(batch["entropy"], len(ids))], 1),
                "eligible": torch.cat([torch.zeros(len(ids), 1, dtype=torch.bool), torch.tensor(batch["eligible"], dtype=torch.bool).reshape(len(ids), -1)], 1),
            })
        done = train_step(model, optimizer, micro_batches, rule, begin // request["accumulation"])
        steps.append({
            "loss": done["loss"] * (done["scored"] / done["kept"] if rule.denominator == "all" else 1),  # the trainer's metric is the mean over kept tokens
            "kept": done["kept"],
            "live": [losses.flatten().tolist() for losses in done["live"]],
            "masks": [selection.mask.flatten().int().tolist() for selection in done["selections"]],
        })
    return steps


def refusal(action):
    try:
        action()
    except (ValueError, OSError) as error:
        return str(error)
    raise AssertionError("this must be refused, and was not")


def refusals(request, vocab_size):
    """What is said of a shard with one flipped bit, hashed and not, and of sequences that the model has no positions for."""
    damaged = Path(request["run"] + "-damaged")
    shutil.copytree(request["run"], damaged)
    shard = sorted((damaged / "shards").iterdir())[0]
    data = bytearray(shard.read_bytes())
    data[len(data) // 3] ^= 4
    shard.write_bytes(data)
    read = lambda verify: list(ScoreSet(damaged, request["length"], vocab_size, seed=None, verify=verify))
    model = AutoModelForCausalLM.from_pretrained(request["model"])
    return {"hashed": refusal(lambda: read(True)), "page": refusal(lambda: read(False)), "length": refusal(lambda: selective.check_length(model, request["length"] + 1))}


def trained_files(request):
    """The files of the folder that the command leaves."""
    out = request["run"] + "-trained"
    sys.argv = ["selective.py", "--scores", request["run"], "--model", request["model"], "--out", out, "--steps", "2", "--length", str(request["length"]), "--batch", "4"]
    with contextlib.redirect_stdout(io.StringIO()):
        selective.main()
    return sorted(path.name for path in Path(out).iterdir())


def main():
    torch.set_num_threads(2)
    request = json.loads(Path(sys.argv[1]).read_text())
    vocab_size = AutoModelForCausalLM.from_pretrained(request["model"]).config.vocab_size
    print(json.dumps({
        "vectors": check_vectors(request["vectors"]),
        "sequences": sequences_in_order(request["run"], request["length"], vocab_size),
        "rowsByRank": rows_by_rank(request["run"], request["length"], vocab_size, 3),
        "rates": [selective.learning_rate(step, 1.0, 0.1, 3, 10) for step in range(10)],
        "refusals": refusals(request, vocab_size),
        "files": trained_files(request),
        "curves": {name: curve(request, options) for name, options in request["selections"].items()},
    }))


main()
