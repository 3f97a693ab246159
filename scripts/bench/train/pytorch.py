"""Trains with transformers and PyTorch, eager, one step when told to: one JSON object a line on stdin, one answer a line on stdout.

    python pytorch.py CHECKPOINT THREADS OPTIMIZER

OPTIMIZER: JSON with learningRate, beta1, beta2, epsilon, weightDecay (on matrices) and clipNorm. First line out: the versions. Then for
{"ids": [...], "targets": [...], "shape": [B, T]} the mean loss before the update, and the seconds and the processor time of the step: forward, backward,
clipping, fused AdamW. For {"peak": true} the largest resident set of this process so far, in MiB. Between steps nothing runs.
"""

import json
import os
import sys
import time

import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from pytorch_process import load, serve  # noqa: E402


def main(checkpoint, threads, settings):
    model = load(checkpoint, threads).train()
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": settings["weightDecay"]},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    betas = (settings["beta1"], settings["beta2"])
    optimizer = torch.optim.AdamW(groups, lr=settings["learningRate"], betas=betas, eps=settings["epsilon"], fused=True)

    def run(ids, targets, _):
        started, busy = time.perf_counter(), time.process_time()
        loss = step(model, parameters, optimizer, settings["clipNorm"], ids, targets)
        return {"seconds": time.perf_counter() - started, "cpuSeconds": time.process_time() - busy, "loss": loss}

    serve(run)


def step(model, parameters, optimizer, clip_norm, ids, targets):
    # Nothing is padded, and without a mask sdpa takes its fastest path.
    logits = model(input_ids=ids, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
    optimizer.step()
    return loss.item()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
