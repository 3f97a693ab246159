"""Scores batches with transformers and PyTorch, eager, when told to: one JSON object a line on stdin, one answer a line on stdout.

    python pytorch.py CHECKPOINT THREADS

First line out: the versions. Then for {"ids": [...], "targets": [...], "shape": [B, T], "losses": bool} the seconds the batch took and, where asked for, its
losses; a target of -100 is not scored. For {"peak": true} the largest resident set of this process so far, in MiB. Between batches nothing runs.
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


def main(checkpoint, threads):
    torch.set_num_threads(threads)
    transformers.utils.logging.disable_progress_bar()
    model = transformers.AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="sdpa").eval()
    answer({"torch": torch.__version__, "transformers": transformers.__version__, "threads": torch.get_num_threads(), "peakMiB": peak_mib()})
    for line in sys.stdin:
        request = json.loads(line)
        if "peak" in request:
            answer({"peakMiB": peak_mib()})
            continue
        ids = torch.tensor(request["ids"]).view(request["shape"])
        targets = torch.tensor(request["targets"])
        started = time.perf_counter()
        losses = score(model, ids, targets)
        seconds = time.perf_counter() - started
        answer({"seconds": seconds, **({"losses": losses[targets != -100].tolist()} if request["losses"] else {})})


@torch.inference_mode()
def score(model, ids, targets):
    # Right padding needs no mask under causal attention, and without one sdpa takes its fastest path.
    logits = model(input_ids=ids, use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets, reduction="none", ignore_index=-100)


def answer(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
