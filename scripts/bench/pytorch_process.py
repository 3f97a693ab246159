"""What the PyTorch process of every bench does: loads a checkpoint, and answers requests, one JSON object a line on stdin, one answer a line on stdout."""

import json
import os
import resource
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch  # noqa: E402
import transformers  # noqa: E402


def load(checkpoint, threads):
    torch.set_num_threads(threads)
    transformers.utils.logging.disable_progress_bar()
    return transformers.AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="sdpa")


def serve(run):
    """Says the versions, and then answers {"peak": true} itself and every other request with run(ids, targets, request). Between requests nothing runs."""
    answer({"torch": torch.__version__, "transformers": transformers.__version__, "threads": torch.get_num_threads()})
    for line in sys.stdin:
        request = json.loads(line)
        if "peak" in request:
            answer({"peakMiB": peak_mib()})
        else:
            answer(run(torch.tensor(request["ids"]).view(request["shape"]), torch.tensor(request["targets"]), request))


def answer(value):
    print(json.dumps(value), flush=True)


def peak_mib():
    """The largest resident set of this process so far. A process inherits ru_maxrss from the one that started it; VmHWM is its own."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 1024
