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

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch  # noqa: E402
import transformers  # noqa: E402
from peak_memory import peak_mib  # noqa: E402


def main(checkpoint, threads, settings):
    torch.set_num_threads(threads)
    transformers.utils.logging.disable_progress_bar()
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="sdpa").train()
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": settings["weightDecay"]},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]
    betas = (settings["beta1"], settings["beta2"])
    optimizer = torch.optim.AdamW(groups, lr=settings["learningRate"], betas=betas, eps=settings["epsilon"], fused=True)
    answer({"torch": torch.__version__, "transformers": transformers.__version__, "threads": torch.get_num_threads()})
    for line in sys.stdin:
        request = json.loads(line)
        if "peak" in request:
            answer({"peakMiB": peak_mib()})
            continue
        ids = torch.tensor(request["ids"]).view(request["shape"])
        targets = torch.tensor(request["targets"])
        started, busy = time.perf_counter(), time.process_time()
        loss = step(model, parameters, optimizer, settings["clipNorm"], ids, targets)
        answer({"seconds": time.perf_counter() - started, "cpuSeconds": time.process_time() - busy, "loss": loss})


def step(model, parameters, optimizer, clip_norm, ids, targets):
    # Nothing is padded, and without a mask sdpa takes its fastest path.
    logits = model(input_ids=ids, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
    optimizer.step()
    return loss.item()


def answer(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
