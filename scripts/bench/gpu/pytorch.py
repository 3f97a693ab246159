"""Scores batches with transformers and PyTorch on one device, eager, sdpa, the head in chunks, when told to: a JSON object a line on stdin, an answer a line on stdout.

    python pytorch.py CHECKPOINT DEVICE DTYPE

First line out: the versions. Then for {"ids": [...], "shape": [B, T], "losses": bool} the seconds one batch took, the device's queue empty
before and after, and where asked for the loss of every token after the first of its sequence; for {"roof": N} the FLOP/s of a product of two N x N matrices.
Between requests nothing runs.
"""

import json
import os
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch  # noqa: E402
import transformers  # noqa: E402

HEAD_ROWS = 4096


def main(checkpoint, device, dtype):
    dtype = getattr(torch, dtype)
    torch.backends.cuda.matmul.allow_tf32 = False
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype, attn_implementation="sdpa").to(device).eval()
    answer({"torch": torch.__version__, "transformers": transformers.__version__})
    for line in sys.stdin:
        request = json.loads(line)
        if "roof" in request:
            answer({"flops": roof(request["roof"], device, dtype)})
            continue
        ids = torch.tensor(request["ids"], device=device).view(request["shape"])
        seconds, losses = timed(lambda: score(model, ids), device)
        answer({"seconds": seconds, **({"losses": losses.tolist()} if request["losses"] else {})})


@torch.inference_mode()
def score(model, ids):
    """Losses in float32; the logits of HEAD_ROWS positions exist at a time."""
    hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1].reshape(-1, model.config.hidden_size)
    targets = ids[:, 1:].reshape(-1)
    head = model.get_output_embeddings()
    parts = [
        torch.nn.functional.cross_entropy(head(rows).float(), wanted, reduction="none")
        for rows, wanted in zip(hidden.split(HEAD_ROWS), targets.split(HEAD_ROWS))
    ]
    return torch.cat(parts)


@torch.inference_mode()
def roof(size, device, dtype):
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    for _ in range(3):
        a @ b
    runs = 10
    seconds, _ = timed(lambda: [a @ b for _ in range(runs)][-1], device)
    return runs * 2 * size**3 / seconds


def timed(work, device):
    wait(device)
    started = time.perf_counter()
    result = work()
    wait(device)
    return time.perf_counter() - started, result


def wait(device):
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def answer(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
