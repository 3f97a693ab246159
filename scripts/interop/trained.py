"""Loads the models that trained.ts has trained in transformers and compares the loss of every token with the score sets beside them.

usage: python trained.py FOLDER
"""
import sys
from pathlib import Path

import pyarrow.dataset as ds
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

BOS = 0
TOLERANCE = 1e-4
# Half a unit in the last place of a number, in relation to it; below the smallest normal float16 that unit stays what it is there.
ROUNDING = {"F32": 0.0, "F16": 2.0**-11, "BF16": 2.0**-8}
SMALLEST = {"F32": 0.0, "F16": 2.0**-25, "BF16": 0.0}
STORED = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def load(folder, dtype=torch.float32):
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], (folder, info)
    return model.eval()


@torch.no_grad()
def losses(model, ids):
    logits = model(torch.tensor([[BOS, *ids]])).logits[0, :-1].float()
    return torch.nn.functional.cross_entropy(logits, torch.tensor(ids), reduction="none")


def main(root):
    transformers.utils.logging.disable_progress_bar()
    print(f"trained models: transformers {transformers.__version__}, torch {torch.__version__}")
    for architecture in sorted(path for path in Path(root).iterdir() if path.is_dir()):
        exact = load(architecture / "F32" / "model").state_dict()
        report = []
        for dtype in ("F32", "F16", "BF16"):
            run = architecture / dtype
            assert load(run / "model", "auto").dtype == STORED[dtype], f"{run}: config.json must name {STORED[dtype]}"
            model = load(run / "model")
            for name, tensor in model.state_dict().items():
                allowed = exact[name].abs() * ROUNDING[dtype] + SMALLEST[dtype]
                assert ((tensor - exact[name]).abs() <= allowed).all(), f"{run}: {name} is not its F32 value rounded"
            rows = ds.dataset(str(run / "scores" / "shards")).to_table(columns=["token_ids", "ref_loss"]).to_pylist()
            worst = tokens = 0
            for row in rows:
                found = torch.tensor(row["ref_loss"])
                expected = losses(model, row["token_ids"])
                assert torch.isfinite(found).all()
                worst = max(worst, (found - expected).abs().max().item())
                tokens += len(found)
            assert worst <= TOLERANCE, f"{run}: losses differ by {worst}"
            assert tokens > 500
            report.append(f"{dtype} {worst:.1e}")
        checkpoint = load(architecture / "F32" / "checkpoints" / "00000003").state_dict()
        assert all(torch.equal(checkpoint[name], tensor) for name, tensor in exact.items()), f"{architecture}: the last checkpoint is the model"
        assert AutoTokenizer.from_pretrained(architecture / "F32" / "model").bos_token_id == BOS
        print(f"  {architecture.name}: largest difference of {tokens} losses in nats: {', '.join(report)}")


main(sys.argv[1])
