"""The PyTorch side of scripts/bench/score.ts: reads one JSON request a line, answers one JSON line."""
import json
import resource
import sys
import time

import torch
import transformers
from transformers import AutoModelForCausalLM

folder, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()


def answer(value):
    print(json.dumps(value), flush=True)


answer({"versions": f"torch {torch.__version__}, transformers {transformers.__version__}"})
for line in sys.stdin:
    request = json.loads(line)
    if request["kind"] == "memory":
        answer({"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})
        continue
    ids = torch.tensor(request["ids"], dtype=torch.long).reshape(request["sequences"], request["length"])
    start = time.perf_counter()
    with torch.inference_mode():
        logits = model(ids).logits
        torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1), reduction="none")
    answer({"seconds": time.perf_counter() - start})
