"""Writes test/fixtures/oracle: tiny random checkpoints of every supported architecture and what PyTorch says about them.

Each case is a folder with config.json, the weights, and expected.json: per sequence the loss and the entropy in nats of every
target position and whether the target was the most likely token, all target-indexed (entry t is about tokenIds[t], entry 0 is
null). The model runs in float32 with eager attention, from the saved bytes widened to float32; log-softmax is taken in float64.
A case is only written if it can tell right from wrong: losses vary, attention is not uniform, float32 itself is accurate, and
every listed mistake (no rope scaling, no window, ...) moves some loss by more than MIN_SENSITIVITY nats.

Usage: python scripts/oracles/make-fidelity-fixtures.py [--out test/fixtures/oracle] [--only CASE]
"""

import argparse
import copy
import json
import math
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import safetensors
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

VOCAB = 97
LENGTHS = [1, 2, 5, 17, 40, 70]
MIN_LOSS_STD = 0.5  # nats
MIN_ATTENTION_SPREAD = 0.1  # mean total variation distance from uniform attention
MAX_FLOAT32_ERROR = 1e-5  # nats, float32 model against the same model in float64
MIN_TOP1_MARGIN = 1e-4  # logits; below it the most likely token depends on rounding
MIN_SENSITIVITY = 5e-4  # nats; five times the tolerance the fixtures are compared with
MAX_CASE_BYTES = 150_000


@dataclass
class Case:
    name: str
    about: str
    config: dict
    seed: int
    weight_range: float = 0.25
    dtype: torch.dtype = torch.float32
    shard_size: str = "10MB"
    # Mistakes a reader of this checkpoint could make: name -> changed config keys (rope keys are merged).
    mistakes: dict = field(default_factory=dict)
    zero_head: bool = False
    # Rewrites the saved tensors into an older naming that transformers still reads.
    older_names: bool = False
    spelling: int = 5


LLAMA = dict(
    model_type="llama", vocab_size=VOCAB, hidden_size=36, intermediate_size=52, num_hidden_layers=2, num_attention_heads=6,
    num_key_value_heads=6, max_position_embeddings=128, rms_norm_eps=1e-5, tie_word_embeddings=False,
    rope_parameters=dict(rope_type="default", rope_theta=10000.0), bos_token_id=1, eos_token_id=2,
)
LLAMA3_ROPE = dict(
    rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=32,
)
QWEN2 = dict(
    model_type="qwen2", vocab_size=VOCAB, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-6, tie_word_embeddings=True,
    rope_parameters=dict(rope_type="default", rope_theta=1000000.0), bos_token_id=None, eos_token_id=3,
)
GPT2 = dict(
    model_type="gpt2", vocab_size=VOCAB, n_positions=72, n_embd=32, n_layer=2, n_head=4, activation_function="gelu_new",
    resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0,
)
NEOX = dict(
    model_type="gpt_neox", vocab_size=VOCAB, hidden_size=32, intermediate_size=72, num_hidden_layers=2, num_attention_heads=2,
    max_position_embeddings=80, hidden_act="gelu", layer_norm_eps=1e-5, use_parallel_residual=True, attention_bias=True,
    rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.25), bos_token_id=0, eos_token_id=0,
)

CASES = [
    Case("llama-mha-untied", "Llama, as many key heads as query heads, own head weights", LLAMA, 11,
         mistakes={"another base": dict(rope_parameters=dict(rope_theta=100.0)), "another epsilon": dict(rms_norm_eps=1e-1)}),
    Case("llama-gqa-tied", "Llama, grouped-query attention, head tied to the embedding",
         LLAMA | dict(hidden_size=40, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True), 12,
         mistakes={"another base": dict(rope_parameters=dict(rope_theta=100.0))}),
    Case("llama-rope-llama3", "Llama with rope type llama3, the scaling biting within 70 tokens",
         LLAMA | dict(num_attention_heads=3, num_key_value_heads=3, rope_parameters=LLAMA3_ROPE), 13,
         mistakes={"no scaling": dict(rope_parameters=dict(rope_type="default")),
                   "linear scaling": dict(rope_parameters=dict(rope_type="linear")),
                   "another original context": dict(rope_parameters=dict(original_max_position_embeddings=128))}),
    Case("llama-rope-linear", "Llama with rope type linear",
         LLAMA | dict(num_attention_heads=3, num_key_value_heads=1,
                      rope_parameters=dict(rope_type="linear", rope_theta=5000.0, factor=2.5)), 14,
         mistakes={"no scaling": dict(rope_parameters=dict(rope_type="default"))}),
    Case("llama-biases", "Llama with biases in attention and MLP",
         LLAMA | dict(attention_bias=True, mlp_bias=True), 15,
         mistakes={"no attention bias": dict(attention_bias=False), "no MLP bias": dict(mlp_bias=False)}),
    Case("llama-head-dim", "Llama whose head_dim is not hidden_size / heads",
         LLAMA | dict(hidden_size=32, num_attention_heads=4, num_key_value_heads=2, head_dim=12), 16,
         mistakes={"another base": dict(rope_parameters=dict(rope_theta=100.0))}),
    Case("mistral-sliding-window", "Mistral with a sliding window of 8 tokens",
         dict(model_type="mistral", vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=3,
              num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-5, sliding_window=8,
              tie_word_embeddings=False, rope_parameters=dict(rope_type="default", rope_theta=10000.0)), 17, weight_range=0.2,
         mistakes={"no window": dict(sliding_window=None), "one token more": dict(sliding_window=9),
                   "one token less": dict(sliding_window=7)}),
    Case("qwen2", "Qwen2: biases on queries, keys and values, tied head", QWEN2, 18,
         mistakes={"another base": dict(rope_parameters=dict(rope_theta=10000.0)), "another epsilon": dict(rms_norm_eps=1e-1)}),
    Case("qwen2-sliding-window", "Qwen2 with a sliding window of 6 tokens in the layers from the second on",
         QWEN2 | dict(num_hidden_layers=3, use_sliding_window=True, sliding_window=6, max_window_layers=1), 19,
         mistakes={"no window": dict(layer_types=["full_attention"] * 3),
                   "window everywhere": dict(layer_types=["sliding_attention"] * 3)}),
    Case("qwen3", "Qwen3: norms on queries and keys, explicit head_dim",
         QWEN2 | dict(model_type="qwen3", head_dim=14, tie_word_embeddings=False), 20,
         mistakes={"another base": dict(rope_parameters=dict(rope_theta=100.0)), "another epsilon": dict(rms_norm_eps=1e-1)}),
    Case("gpt2", "GPT-2", GPT2 | dict(n_inner=88), 33, weight_range=0.35,
         mistakes={"exact gelu": dict(activation_function="gelu"), "relu": dict(activation_function="relu")}),
    Case("gpt2-older-names", "GPT-2 in the naming of the original upload: no transformer. prefix, mask buffers stored; exact gelu",
         GPT2 | dict(activation_function="gelu", n_embd=24), 32, weight_range=0.35, older_names=True, spelling=4,
         mistakes={"tanh gelu": dict(activation_function="gelu_new")}),
    Case("gpt-neox-parallel", "GPT-NeoX, parallel residual, a quarter of each head rotated", NEOX, 23,
         mistakes={"sequential residual": dict(use_parallel_residual=False),
                   "whole head rotated": dict(rope_parameters=dict(partial_rotary_factor=1.0))}),
    Case("gpt-neox-sequential", "GPT-NeoX, sequential residual, half of each head rotated; mask and rotary buffers stored",
         NEOX | dict(use_parallel_residual=False,
                     rope_parameters=dict(rope_type="default", rope_theta=1000.0, partial_rotary_factor=0.5)), 24,
         older_names=True, spelling=4,
         mistakes={"parallel residual": dict(use_parallel_residual=True)}),
    Case("llama-f16", "Llama stored as float16", LLAMA, 25, dtype=torch.float16),
    Case("llama-bf16", "Llama stored as bfloat16", LLAMA, 25, dtype=torch.bfloat16),
    Case("llama-sharded", "Llama in several weight files and an index", LLAMA, 26, shard_size="40KB"),
    Case("llama-transformers-4", "Llama with rope type llama3, config.json as transformers 4 writes it",
         LLAMA | dict(num_hidden_layers=1, num_key_value_heads=2, rope_parameters=LLAMA3_ROPE | dict(rope_theta=500.0)), 27,
         spelling=4,
         mistakes={"no scaling": dict(rope_parameters=dict(rope_type="default"))}),
    Case("uniform", "Llama whose head weights are zero: every token loses ln V", LLAMA | dict(num_hidden_layers=1), 28, zero_head=True),
]


def as_transformers_4(config):
    """The same config.json in the keys of transformers 4: rope_theta and rope_scaling (rotary_* for GPT-NeoX), torch_dtype."""
    old = {key: value for key, value in config.items() if key not in ("rope_parameters", "dtype", "layer_types", "transformers_version")}
    old["torch_dtype"] = config["dtype"]
    if old.get("head_dim") == old.get("hidden_size", 0) // old.get("num_attention_heads", 1):
        del old["head_dim"]  # early versions knew no other head_dim
    rope = config.get("rope_parameters")
    if rope is None:
        return old
    scaling = {key: value for key, value in rope.items() if key not in ("rope_theta", "partial_rotary_factor")}
    scaling = None if scaling["rope_type"] == "default" else scaling
    if config["model_type"] == "gpt_neox":
        return old | dict(rotary_emb_base=rope["rope_theta"], rotary_pct=rope["partial_rotary_factor"], rope_scaling=scaling)
    if scaling is not None and scaling["rope_type"] == "linear":
        scaling = dict(type="linear", factor=scaling["factor"])
    return old | dict(rope_theta=rope["rope_theta"], rope_scaling=scaling)


def build(config, state=None, dtype=torch.float32):
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**copy.deepcopy(config)), attn_implementation="eager").eval()
    if state is not None:
        model.load_state_dict(state, strict=False)
    return model.to(dtype)


def randomise(model, case):
    """Weights wide enough that attention is sharp and logits are several nats apart; no norm weight 1, no bias 0."""
    generator = torch.Generator().manual_seed(case.seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.randn(parameter.shape, generator=generator)
            is_norm = "norm" in name or ".ln_" in name
            if is_norm and name.endswith("weight"):
                parameter.copy_(1.0 + 0.3 * values)
            elif parameter.dim() == 1:
                parameter.copy_(0.3 * values)
            else:
                parameter.copy_(case.weight_range * values)
        if case.zero_head:
            model.lm_head.weight.zero_()


def sequences_for(model, seed):
    """Token ids of every length in LENGTHS: about a third of them the model's own first choice, the rest uniform."""
    generator = torch.Generator().manual_seed(seed)
    sequences = []
    for length in LENGTHS:
        token_ids = torch.randint(0, VOCAB, (1,), generator=generator).tolist()
        while len(token_ids) < length:
            obedient = torch.rand((), generator=generator).item() < 1 / 3
            random_id = int(torch.randint(0, VOCAB, (), generator=generator))
            token_ids.append(int(logits_of(model, token_ids)[-1].argmax()) if obedient else random_id)
        sequences.append(token_ids)
    return sequences


def logits_of(model, token_ids):
    with torch.no_grad():
        return model(torch.tensor([token_ids])).logits[0]


def statistics(logits, token_ids):
    """Loss, entropy, most-likely flag and top-1 margin of the targets token_ids[1:], from float64 log-softmax."""
    log_probs = torch.log_softmax(logits[:-1].double(), dim=-1)
    targets = torch.tensor(token_ids[1:], dtype=torch.long)
    losses = -log_probs.gather(1, targets[:, None])[:, 0]
    entropies = -(log_probs.exp() * log_probs).sum(-1)
    best = log_probs.topk(2, dim=-1)
    return losses, entropies, log_probs.argmax(-1) == targets, best.values[:, 0] - best.values[:, 1]


def all_losses(model, sequences):
    return torch.cat([statistics(logits_of(model, ids), ids)[0] for ids in sequences])


def attention_spread(model, token_ids):
    """Mean total variation distance between each attention row (from the third on) and uniform attention over its prefix."""
    with torch.no_grad():
        attentions = model(torch.tensor([token_ids]), output_attentions=True).attentions
    spreads = []
    for layer in attentions:
        for row in range(2, len(token_ids)):
            probs = layer[0, :, row, : row + 1].double()
            spreads.append((probs - 1.0 / (row + 1)).abs().sum(-1).mean().item() / 2)
    return sum(spreads) / len(spreads)


def inverse_frequencies(model):
    for name, buffer in model.named_buffers():
        if name.endswith("rotary_emb.inv_freq"):
            return [float(value) for value in buffer]
    return None


def merged(config, changes):
    result = copy.deepcopy(config)
    for key, value in changes.items():
        result[key] = {**result[key], **value} if key == "rope_parameters" else value
    return result


def rename_to_older(folder, case):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    positions = case.config.get("n_positions") or case.config["max_position_embeddings"]
    mask = torch.tril(torch.ones(1, 1, positions, positions, dtype=torch.bool))
    if case.config["model_type"] == "gpt2":
        tensors = {name.removeprefix("transformer."): value for name, value in tensors.items()}
        for layer in range(case.config["n_layer"]):
            tensors[f"h.{layer}.attn.bias"] = mask.float()
    else:
        rotated = int(case.config["hidden_size"] // case.config["num_attention_heads"] * 0.5)
        for layer in range(case.config["num_hidden_layers"]):
            prefix = f"gpt_neox.layers.{layer}.attention"
            tensors[f"{prefix}.bias"] = mask.clone()
            tensors[f"{prefix}.masked_bias"] = torch.tensor(-1e9)
            tensors[f"{prefix}.rotary_emb.inv_freq"] = 1.0 / (1000.0 ** (torch.arange(0, rotated, 2).float() / rotated))
    save_file(tensors, path, metadata={"format": "pt"})


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def check(condition, case, message):
    if not condition:
        sys.exit(f"{case.name}: {message}")


def save_checkpoint(case, folder):
    """config.json (spelled as case.spelling says), its twin in the other spelling, and the weights."""
    model = build(case.config)
    randomise(model, case)
    model = model.to(case.dtype)
    model.config.dtype = case.dtype
    model.save_pretrained(folder, max_shard_size=case.shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    new = json.loads((folder / "config.json").read_text())
    old = as_transformers_4(new)
    write_json(folder / "config.json", new if case.spelling == 5 else old)
    write_json(folder / f"config.transformers-{9 - case.spelling}.json", old if case.spelling == 5 else new)
    if case.older_names:
        rename_to_older(folder, case)


def make(case, out):
    folder = Path(tempfile.mkdtemp(prefix=case.name))
    save_checkpoint(case, folder)

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    state = model.state_dict()
    sequences = sequences_for(model, case.seed + 1000)
    losses = all_losses(model, sequences)
    with tempfile.TemporaryDirectory() as twin:
        shutil.copytree(folder, twin, dirs_exist_ok=True)
        shutil.copy(folder / f"config.transformers-{9 - case.spelling}.json", Path(twin) / "config.json")
        other = AutoModelForCausalLM.from_pretrained(twin, dtype=torch.float32, attn_implementation="eager").eval()
    check(torch.equal(all_losses(other, sequences), losses), case, "the two spellings of config.json give different losses")

    # Rotary tables are float32 in both; only the rest of the arithmetic is widened.
    float32_error = (all_losses(build(case.config, state, torch.float64), sequences) - losses).abs().max().item()
    check(float32_error < MAX_FLOAT32_ERROR, case, f"float32 differs from float64 by {float32_error:.2e} nats")
    spread = attention_spread(model, sequences[-1])
    check(spread > MIN_ATTENTION_SPREAD, case, f"attention is nearly uniform ({spread:.3f})")
    sensitivity = {}
    if not case.zero_head:
        check(losses.std() > MIN_LOSS_STD, case, f"losses vary too little ({losses.std():.3f})")
        for mistake, changes in case.mistakes.items():
            moved = (all_losses(build(merged(case.config, changes), state), sequences) - losses).abs().max().item()
            check(moved > MIN_SENSITIVITY, case, f"{mistake} moves no loss by more than {moved:.2e} nats")
            sensitivity[mistake] = round(moved, 4)

    rows, margin = [], math.inf
    for token_ids in sequences:
        loss, entropy, top1, margins = statistics(logits_of(model, token_ids), token_ids)
        margin = min([margin, *margins.tolist()])
        rows.append(dict(
            tokenIds=token_ids,
            lossNats=[None, *(round(value, 9) for value in loss.tolist())],
            entropyNats=[None, *(round(value, 9) for value in entropy.tolist())],
            top1=None if case.zero_head else [None, *top1.tolist()],
        ))
    check(case.zero_head or margin > MIN_TOP1_MARGIN, case, f"two tokens are within {margin:.2e} logits: choose another seed")

    expected = dict(
        case=case.name, about=case.about, seed=case.seed,
        versions=dict(torch=torch.__version__, transformers=transformers.__version__, safetensors=safetensors.__version__,
                      python=platform.python_version()),
        lossStd=round(losses.std().item(), 4), float32Error=float(f"{float32_error:.2e}"), attentionSpread=round(spread, 4),
        sensitivityNats=sensitivity, inverseFrequency=inverse_frequencies(model), sequences=rows,
    )
    text = json.dumps({key: value for key, value in expected.items() if key != "sequences"}, indent=1)[:-2]
    text += ',\n "sequences": [\n  ' + ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n ]\n}\n"
    (folder / "expected.json").write_text(text, encoding="utf-8")

    size = sum(path.stat().st_size for path in folder.iterdir())
    check(size <= MAX_CASE_BYTES, case, f"{size} bytes are too many")
    target = out / case.name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    shutil.rmtree(folder)
    print(f"{case.name:24} {size:7d} bytes  loss std {losses.std():.2f}  float32 error {float32_error:.1e}  "
          f"attention spread {spread:.2f}  {sensitivity}")


def make_rotary_table(out):
    """Inverse frequencies of the shapes of published models, too large to be fixtures themselves."""
    llama3 = dict(rope_type="llama3", rope_theta=500000.0, low_freq_factor=1.0, high_freq_factor=4.0,
                  original_max_position_embeddings=8192)
    shapes = [
        dict(LLAMA, hidden_size=4096, num_attention_heads=32, num_key_value_heads=32, max_position_embeddings=4096),
        dict(LLAMA, hidden_size=4096, num_attention_heads=32, num_key_value_heads=8, max_position_embeddings=131072,
             rope_parameters=dict(llama3, factor=8.0)),
        dict(LLAMA, hidden_size=2048, num_attention_heads=32, num_key_value_heads=8, head_dim=64, max_position_embeddings=131072,
             rope_parameters=dict(llama3, factor=32.0)),
        dict(LLAMA, hidden_size=4096, num_attention_heads=32, num_key_value_heads=32, max_position_embeddings=16384,
             rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0)),
        dict(QWEN2, hidden_size=896, num_attention_heads=14, num_key_value_heads=2, max_position_embeddings=32768),
        dict(QWEN2, model_type="qwen3", hidden_size=1024, num_attention_heads=16, num_key_value_heads=8, head_dim=128,
             max_position_embeddings=40960),
        dict(NEOX, hidden_size=2048, num_attention_heads=16, max_position_embeddings=2048),
        dict(NEOX, hidden_size=6144, num_attention_heads=64, max_position_embeddings=2048),
    ]
    rows = []
    for shape in shapes:
        tiny = dict(shape, num_hidden_layers=1, vocab_size=8, intermediate_size=8)
        with torch.device("meta"):
            model = build(tiny)
        rotary = next(module for name, module in model.named_modules() if name.endswith("rotary_emb"))
        with torch.device("cpu"):
            fresh = type(rotary)(AutoConfig.for_model(**copy.deepcopy(tiny)))
        rows.append(dict(config=tiny, inverseFrequency=[float(value) for value in fresh.inv_freq]))
    text = ",\n ".join(json.dumps(row) for row in rows)
    versions = json.dumps(dict(torch=torch.__version__, transformers=transformers.__version__))
    (out / "rotary.json").write_text(f'{{"versions": {versions}, "shapes": [\n {text}\n]}}\n', encoding="utf-8")
    print(f"rotary.json              {len(rows)} shapes")


def main():
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=root / "test" / "fixtures" / "oracle")
    parser.add_argument("--only", help="write one case")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for case in CASES:
        if options.only in (None, case.name):
            make(case, options.out)
    if options.only in (None, "rotary.json"):
        make_rotary_table(options.out)


if __name__ == "__main__":
    main()
