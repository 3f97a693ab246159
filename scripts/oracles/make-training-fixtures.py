"""Gradients and loss curves of tiny checkpoints by PyTorch autograd, for test/graph/training.

For each case it takes the checkpoint of test/fixtures/oracle/<case>, one batch of random ids, and writes
test/fixtures/training/<case>/gradients.safetensors (the gradient of the mean loss with respect to every parameter) and
expected.json (batch, loss, gradient norm, 50 losses under AdamW with clipping, versions).

Run: python scripts/oracles/make-training-fixtures.py
"""
import json
import platform
from pathlib import Path

import safetensors
import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

ROOT = Path(__file__).resolve().parents[2]
CASES = ["llama-mha-untied", "llama-gqa-tied", "llama-biases", "mistral-sliding-window", "qwen2", "qwen3", "gpt2"]
SEQUENCES, LENGTH, SEED = 2, 12, 5
STEPS = 50
OPTIMIZER = {"lr": 1e-3, "betas": [0.9, 0.95], "eps": 1e-8, "weightDecay": 0.1, "clipNorm": 1.0}


def mean_loss(model, ids):
    logits = model(ids).logits
    return torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]), ids[:, 1:].reshape(-1))


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for case in CASES:
        source = ROOT / "test/fixtures/oracle" / case
        target = ROOT / "test/fixtures/training" / case
        target.mkdir(parents=True, exist_ok=True)
        model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").train()
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        ids = torch.randint(0, model.config.vocab_size, (SEQUENCES, LENGTH), generator=torch.Generator().manual_seed(SEED))
        loss = mean_loss(model, ids)
        loss.backward()
        gradients = {name: parameter.grad.clone().contiguous() for name, parameter in model.named_parameters()}
        save_file(gradients, target / "gradients.safetensors")
        norm = torch.sqrt(sum((grad.double() ** 2).sum() for grad in gradients.values())).item()

        # Decoupled weight decay on matrices only, as the trainer does by default.
        named = list(model.named_parameters())
        groups = [
            {"params": [p for _, p in named if p.dim() >= 2], "weight_decay": OPTIMIZER["weightDecay"]},
            {"params": [p for _, p in named if p.dim() < 2], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=OPTIMIZER["lr"], betas=OPTIMIZER["betas"], eps=OPTIMIZER["eps"])
        losses = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            step_loss = mean_loss(model, ids)
            step_loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), OPTIMIZER["clipNorm"])
            optimizer.step()
            losses.append(round(step_loss.item(), 7))
        expected = {
            "case": case,
            "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "safetensors": safetensors.__version__, "python": platform.python_version()},
            "seed": SEED,
            "inputIds": ids.tolist(),
            "lossNats": loss.item(),
            "gradientNorm": norm,
            "optimizer": OPTIMIZER,
            "lossCurveNats": losses,
        }
        (target / "expected.json").write_text(json.dumps(expected) + "\n")
        print(f"{case}: loss {loss.item():.6f}, gradient norm {norm:.4f}, after {STEPS} steps {losses[-1]:.6f}")


main()
