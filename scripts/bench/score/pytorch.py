"""Scores batches with transformers and PyTorch, eager, when told to: one JSON object a line on stdin, one answer a line on stdout.

    python pytorch.py CHECKPOINT THREADS

First line out: the versions. Then for {"ids": [...], "targets": [...], "shape": [B, T], "losses": bool} the seconds the batch took and, where asked for, its
losses; a target of -100 is not scored. For {"peak": true} the largest resident set of this process so far, in MiB. Between batches nothing runs.
"""

import os
import sys
import time

import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from pytorch_process import load, serve  # noqa: E402


def main(checkpoint, threads):
    model = load(checkpoint, threads).eval()

    def run(ids, targets, request):
        started = time.perf_counter()
        losses = score(model, ids, targets)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, **({"losses": losses[targets != -100].tolist()} if request["losses"] else {})}

    serve(run)


@torch.inference_mode()
def score(model, ids, targets):
    # Right padding needs no mask under causal attention, and without one sdpa takes its fastest path.
    logits = model(input_ids=ids, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets, reduction="none", ignore_index=-100)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
