"""Writes test/fixtures/foreign: tiny decoders exported to ONNX in the ways people export them, and what onnxruntime says about them.

Each case is a folder with model.onnx (and its external data) and expected.json: per sequence the loss and the entropy in nats of
every target position and whether the target was the most likely token, target-indexed (entry 0 is null), from the logits that
onnxruntime's Python binding gives for the sequence alone, in a float64 log-softmax. float16 logits are asked for through a Cast to
float32, which spares them the last rounding; what the rounding would change is recorded. Every export is compared with PyTorch's
own logits first, so that an exporter's mistake is not taken for a reference.

Usage: python scripts/oracles/make-foreign-fixtures.py [--out test/fixtures/foreign] [--only CASE]
"""

import argparse
import contextlib
import io
import json
import math
import platform
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache

VOCAB = 61
LENGTHS = [2, 5, 17, 33]
MIN_LOSS_STD = 0.5  # nats
MIN_TOP1_MARGIN = 2e-4  # logits; below it the most likely token depends on rounding

LLAMA = dict(
    model_type="llama", vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2,
)
GPT2 = dict(
    model_type="gpt2", vocab_size=VOCAB, n_positions=48, n_embd=16, n_layer=1, n_head=2, activation_function="gelu_new",
    resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0,
)
PHI = dict(
    model_type="phi", vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2,
    max_position_embeddings=64, resid_pdrop=0.0, embd_pdrop=0.0, attention_dropout=0.0, bos_token_id=1, eos_token_id=2,
)
GEMMA2 = dict(
    model_type="gemma2", vocab_size=VOCAB, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=1, head_dim=8, max_position_embeddings=64, sliding_window=8, query_pre_attn_scalar=8,
    attn_logit_softcapping=20.0, final_logit_softcapping=5.0, bos_token_id=1, eos_token_id=2, pad_token_id=0,
)


class Export(torch.nn.Module):
    """A causal language model with the flat signature of an export; subclasses change what happens to the logits."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask=None, position_ids=None, *past):
        cache = DynamicCache([(past[at], past[at + 1]) for at in range(0, len(past), 2)]) if past else None
        result = self.model(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids, past_key_values=cache,
                            use_cache=bool(past))
        logits = self.logits(result)
        return (logits, *(x for layer in cache.layers for x in (layer.keys, layer.values))) if past else logits

    def logits(self, result):
        return result.logits


class GemmHead(Export):
    """The head as a linear layer with a bias on flat rows, which torch.onnx writes as Gemm between two Reshapes."""

    def __init__(self, model):
        super().__init__(model)
        hidden = model.config.hidden_size
        self.head = torch.nn.Linear(hidden, VOCAB)
        generator = torch.Generator().manual_seed(7)
        with torch.no_grad():
            self.head.weight.copy_(0.5 * torch.randn(VOCAB, hidden, generator=generator))
            self.head.bias.copy_(torch.randn(VOCAB, generator=generator))

    def forward(self, input_ids, attention_mask, position_ids):
        hidden = self.model.transformer(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids)[0]
        batch, length = input_ids.shape
        return self.head(hidden.view(-1, hidden.shape[-1])).view(batch, length, -1)


class MaskedVocabulary(Export):
    """Suppresses a few tokens behind the projection, as multimodal models do with image tokens: not a step our rewriting copies."""

    def logits(self, result):
        suppressed = torch.zeros(VOCAB, dtype=torch.bool)
        suppressed[3:6] = True
        return torch.where(suppressed, torch.tensor(-4.0), result.logits)


class LogitsToKeep(Export):
    """The last positions only, as many as an input says; 0 = all."""

    def forward(self, input_ids, attention_mask, position_ids, num_logits_to_keep):
        hidden = self.model.model(input_ids=input_ids, attention_mask=attention_mask, position_ids=position_ids).last_hidden_state
        return self.model.lm_head(hidden[:, -num_logits_to_keep:, :])


@dataclass
class Case:
    name: str
    about: str
    config: dict
    seed: int
    inputs: tuple = ("attention_mask", "position_ids")
    past: bool = True
    # 'torchscript', 'dynamo', or a function (model, folder) -> onnx model
    exporter: object = "torchscript"
    opset: int = 17
    fold: bool = True
    wrapper: type = Export
    dtype: torch.dtype = torch.float32
    weight_range: float = 0.3
    external: bool = False
    # Rewrites the exported model: onnx model, folder -> onnx model.
    after: object = None
    # Largest difference from PyTorch's logits: rounding, unless the model is quantized.
    max_error: float = 2e-5


def build(case):
    config = AutoConfig.for_model(**case.config)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(case.seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = torch.randn(parameter.shape, generator=generator)
            is_norm = "norm" in name or ".ln_" in name
            parameter.copy_(1 + 0.3 * values if is_norm and name.endswith("weight") else case.weight_range * values)
    return model.to(case.dtype)


def signature(case, model):
    """Example inputs by name, and the dynamic axes of every input and output."""
    batch, length, before = 2, 5, 3 if case.past else 0
    config = model.config
    kv_heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    known = dict(
        attention_mask=torch.ones(batch, before + length, dtype=torch.long),
        position_ids=torch.arange(before, before + length).expand(batch, length),
        num_logits_to_keep=torch.tensor(2),
    )
    example = dict(input_ids=torch.randint(0, VOCAB, (batch, length)), **{name: known[name] for name in case.inputs})
    axes = {
        "input_ids": {0: "batch_size", 1: "sequence_length"},
        "attention_mask": {0: "batch_size", 1: "total_sequence_length"},
        "position_ids": {0: "batch_size", 1: "sequence_length"},
        "num_logits_to_keep": {},
        "logits": {0: "batch_size", 1: "sequence_length"},
    }
    outputs = ["logits"]
    if case.past:
        for layer in range(config.num_hidden_layers):
            for kind in ("key", "value"):
                example[f"past_key_values.{layer}.{kind}"] = torch.randn(batch, kv_heads, before, size).to(case.dtype)
                axes[f"past_key_values.{layer}.{kind}"] = {0: "batch_size", 2: "past_sequence_length"}
                axes[f"present.{layer}.{kind}"] = {0: "batch_size", 2: "total_sequence_length"}
                outputs.append(f"present.{layer}.{kind}")
    return example, outputs, {name: value for name, value in axes.items() if name in example or name in outputs}


def export(case, model, folder):
    path = folder / "model.onnx"
    example, outputs, axes = signature(case, model)
    wrapped = case.wrapper(model).eval()
    if case.exporter == "torchscript":
        torch.onnx.export(wrapped, tuple(example.values()), str(path), dynamo=False, opset_version=case.opset, do_constant_folding=case.fold,
                          input_names=list(example), output_names=outputs, dynamic_axes=axes)
    elif case.exporter == "dynamo":
        names = [name for name in example if not name.startswith("past_key_values")]
        shapes = {name: axes[name] for name in names}
        if case.past:
            shapes["past"] = tuple(axes[name] for name in example if name.startswith("past_key_values"))
        program = torch.onnx.export(wrapped, tuple(example.values()), None, dynamo=True, opset_version=case.opset, input_names=list(example),
                                    output_names=outputs, dynamic_shapes=shapes)
        program.save(str(path))
    else:
        onnx.save(case.exporter(model, folder), path)
    proto = strip(onnx.load(path))
    if case.after is not None:
        proto = case.after(proto, folder)
    if case.external:
        onnx.save(proto, path, save_as_external_data=True, location="model.onnx_data", size_threshold=256)
    else:
        onnx.save(proto, path)
    return path


def strip(proto):
    """Without stack traces and the like, which are most of a small model's bytes."""
    def clean(graph):
        for part in [graph, *graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output]:
            part.doc_string = ""
            del part.metadata_props[:]
    clean(proto.graph)
    return proto


def quantize_to_int8(proto, folder):
    onnx.save(proto, folder / "float.onnx")
    quantize_dynamic(folder / "float.onnx", folder / "int8.onnx", weight_type=QuantType.QInt8)
    (folder / "float.onnx").unlink()
    result = onnx.load(folder / "int8.onnx")
    (folder / "int8.onnx").unlink()
    return result


def quantize_to_4_bits(proto, _):
    quantizer = MatMulNBitsQuantizer(proto, bits=4, block_size=16, is_symmetric=False)
    quantizer.process()
    return quantizer.model.model


def merge_with_past_branch(plain, folder):
    """One graph with two branches, chosen by `use_cache_branch`, as optimum merges decoders: initializers on top, outputs named alike."""
    case = next(case for case in CASES if case.name == "gpt2-past")
    export(case, build(case), folder)
    with_past = onnx.load(folder / "model.onnx")
    branches, initializers = [], []
    for prefix, proto in (("with_past", with_past), ("plain", plain)):
        graph = proto.graph
        inside = {tensor.name: f"{prefix}.{tensor.name}" for tensor in graph.initializer}
        for tensor in graph.initializer:
            tensor.name = inside[tensor.name]
            initializers.append(tensor)
        for node in graph.node:
            node.input[:] = [inside.get(name, name) for name in node.input]
        branches.append(helper.make_graph(list(graph.node), prefix, [], [graph.output[0]]))
    choice = helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1])
    node = helper.make_node("If", ["use_cache_branch"], ["logits"], "choose", then_branch=branches[0], else_branch=branches[1])
    graph = helper.make_graph([node], "merged", [*with_past.graph.input, choice], [with_past.graph.output[0]], initializers)
    return helper.make_model(graph, opset_imports=plain.opset_import, ir_version=plain.ir_version, producer_name="merge")


def grouped_query_graph(model, _):
    """The one-layer Llama `model` in onnxruntime's fused operators, laid out as onnxruntime-genai's model builder does."""
    config = model.config
    hidden, heads, kv_heads, size = config.hidden_size, config.num_attention_heads, config.num_key_value_heads, config.head_dim
    nodes, initializers = [], []

    def constant(name, array):
        initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(op, inputs, outputs, domain="", **attributes):
        nodes.append(helper.make_node(op, inputs, outputs, outputs[0], domain=domain, **attributes))
        return outputs[0]

    state = {name: value.numpy() for name, value in model.state_dict().items()}
    weight = lambda name, x, out: node("MatMul", [x, constant(name, state[f"{name}.weight"].T)], [out])
    layer = "model.layers.0"
    node("ReduceSum", ["attention_mask", constant("axis_1", np.array([1]))], ["mask_sum"], keepdims=0)
    node("Sub", ["mask_sum", constant("one", np.array([1]))], ["last_position"])
    node("Cast", ["last_position"], ["seqlens_k"], to=TensorProto.INT32)
    node("Shape", ["attention_mask"], ["mask_shape"])
    node("Gather", ["mask_shape", constant("index_1", np.array(1))], ["total"], axis=0)
    node("Cast", ["total"], ["total_sequence_length"], to=TensorProto.INT32)

    node("Gather", [constant("embed_tokens", state["model.embed_tokens.weight"]), "input_ids"], ["embedded"])
    norm = dict(axis=-1, epsilon=config.rms_norm_eps, stash_type=1)
    skip = dict(epsilon=config.rms_norm_eps, domain="com.microsoft")
    node("SimplifiedLayerNormalization", ["embedded", constant("norm_1", state[f"{layer}.input_layernorm.weight"])], ["normed_1"], **norm)
    for part in "qkv":
        weight(f"{layer}.self_attn.{part}_proj", "normed_1", part)
    angles = np.arange(config.max_position_embeddings)[:, None] * model.model.rotary_emb.inv_freq.numpy()[None]
    node("GroupQueryAttention",
         ["q", "k", "v", "past_key_values.0.key", "past_key_values.0.value", "seqlens_k", "total_sequence_length",
          constant("cos_cache", np.cos(angles).astype(np.float32)), constant("sin_cache", np.sin(angles).astype(np.float32))],
         ["attended", "present.0.key", "present.0.value"], "com.microsoft", num_heads=heads, kv_num_heads=kv_heads, do_rotary=1)
    weight(f"{layer}.self_attn.o_proj", "attended", "o")
    node("SkipSimplifiedLayerNormalization", ["embedded", "o", constant("norm_2", state[f"{layer}.post_attention_layernorm.weight"])],
         ["normed_2", "", "", "residual"], **skip)
    weight(f"{layer}.mlp.gate_proj", "normed_2", "gate")
    weight(f"{layer}.mlp.up_proj", "normed_2", "up")
    node("Sigmoid", ["gate"], ["gate_sigmoid"])
    node("Mul", ["gate", "gate_sigmoid"], ["activated"])
    node("Mul", ["activated", "up"], ["gated"])
    weight(f"{layer}.mlp.down_proj", "gated", "down")
    node("SkipSimplifiedLayerNormalization", ["residual", "down", constant("norm_3", state["model.norm.weight"])], ["final"], **skip)
    weight("lm_head", "final", "logits")

    info = helper.make_tensor_value_info
    cache = lambda name, length: [info(f"{name}.0.{kind}", TensorProto.FLOAT, ["batch_size", kv_heads, length, size]) for kind in ("key", "value")]
    inputs = [info("input_ids", TensorProto.INT64, ["batch_size", "sequence_length"]),
              info("attention_mask", TensorProto.INT64, ["batch_size", "total_sequence_length"]), *cache("past_key_values", "past_sequence_length")]
    outputs = [info("logits", TensorProto.FLOAT, ["batch_size", "sequence_length", VOCAB]), *cache("present", "total_sequence_length")]
    graph = helper.make_graph(nodes, "main_graph", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)], ir_version=10,
                             producer_name="grouped-query")


CASES = [
    Case("gpt2-past", "GPT-2, TorchScript exporter; the tied head is a transposed copy of the embedding", GPT2, 41),
    Case("llama-tied", "Llama, head tied to the embedding by a Transpose of the shared initializer", LLAMA | dict(tie_word_embeddings=True), 42,
         fold=False),
    Case("llama-opset-11", "Llama in operator set 11", LLAMA, 43, opset=11),
    Case("llama-dynamo", "Llama, torch.export-based exporter, newest operator set it writes", LLAMA, 44, exporter="dynamo", opset=23),
    Case("llama-external", "Llama with weights in an external file", LLAMA, 45, exporter="dynamo", opset=20, external=True),
    Case("llama-ids-only", "Llama that takes input_ids and nothing else", LLAMA, 46, inputs=(), past=False, exporter="dynamo", opset=18),
    Case("llama-f16", "Llama with float16 weights, cache and logits", LLAMA, 57, dtype=torch.float16, max_error=2e-2),
    Case("phi-bias", "Phi: a bias behind the projection", PHI, 48, exporter="dynamo", opset=18),
    Case("gemma2-softcap", "Gemma 2: soft-capped logits, sliding window", GEMMA2, 49, exporter="dynamo", opset=18, past=False, max_error=5e-5),
    Case("gpt2-gemm", "A head that is a Gemm with a bias on flat rows, operator set 14", GPT2, 50, past=False, wrapper=GemmHead, opset=14),
    Case("llama-4-bits", "Llama with 4-bit weights (MatMulNBits), also in the head", LLAMA, 51, exporter="dynamo", opset=18, past=False,
         after=quantize_to_4_bits, max_error=math.inf),
    Case("llama-int8", "Llama with dynamically quantized activations (MatMulInteger), also in the head", LLAMA, 52, exporter="dynamo", opset=18, past=False,
         after=quantize_to_int8, max_error=math.inf),
    Case("gpt2-merged", "GPT-2 with and without a past, merged by an If on use_cache_branch", GPT2, 41, past=False, after=merge_with_past_branch),
    Case("llama-fused", "Llama in onnxruntime's fused operators (GroupQueryAttention)", LLAMA | dict(head_dim=16), 54, exporter=grouped_query_graph),
    Case("llama-logits-to-keep", "Llama that is told how many last positions to give logits for", LLAMA, 55, past=False,
         inputs=("attention_mask", "position_ids", "num_logits_to_keep"), wrapper=LogitsToKeep),
    Case("llama-masked", "Llama with tokens suppressed behind the projection: the logits have to be whole", LLAMA, 56, exporter="dynamo", opset=18, past=False,
         wrapper=MaskedVocabulary),
]


def open_session(proto):
    return onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])


def float32_logits(proto):
    """The model with its logits cast to float32, and nothing else for an output."""
    result = onnx.ModelProto.FromString(proto.SerializeToString())
    result.graph.node.append(helper.make_node("Cast", ["logits"], ["float32_logits"], to=TensorProto.FLOAT))
    del result.graph.output[:]
    result.graph.output.append(helper.make_tensor_value_info("float32_logits", TensorProto.FLOAT, None))
    return result


def logits_of(session, token_ids):
    """Logits of one sequence without a past, as a user of the export would ask for them."""
    length = len(token_ids)
    feeds = {}
    for value in session.get_inputs():
        dims = [1 if dim == "batch_size" else dim for dim in value.shape]
        if value.name == "input_ids":
            feeds[value.name] = np.array([token_ids], np.int64)
        elif value.name == "attention_mask":
            feeds[value.name] = np.ones((1, length), np.int64)
        elif value.name == "position_ids":
            feeds[value.name] = np.arange(length)[None]
        elif value.name == "num_logits_to_keep":
            feeds[value.name] = np.array(0)
        elif value.name == "use_cache_branch":
            feeds[value.name] = np.array([False])
        else:
            dtype = np.float16 if value.type == "tensor(float16)" else np.float32
            feeds[value.name] = np.zeros([dim if isinstance(dim, int) else 0 for dim in dims], dtype)
    return torch.from_numpy(session.run(None, feeds)[0][0])


def torch_logits(case, model, token_ids):
    ids = torch.tensor([token_ids])
    with torch.no_grad():
        extra = dict(attention_mask=torch.ones_like(ids), position_ids=torch.arange(len(token_ids))[None])
        if case.wrapper is LogitsToKeep:
            extra["num_logits_to_keep"] = torch.tensor(0)
        return case.wrapper(model).eval()(ids, **extra)[0]


def statistics(logits, token_ids):
    """Loss, entropy, most-likely flag and top-1 margin of the targets token_ids[1:], from float64 log-softmax."""
    log_probs = torch.log_softmax(logits[:-1].double(), dim=-1)
    targets = torch.tensor(token_ids[1:], dtype=torch.long)
    losses = -log_probs.gather(1, targets[:, None])[:, 0]
    entropies = -(log_probs.exp() * log_probs).sum(-1)
    best = log_probs.topk(2, dim=-1)
    return losses, entropies, log_probs.argmax(-1) == targets, best.values[:, 0] - best.values[:, 1]


def sequences_for(session, seed):
    """Token ids of every length in LENGTHS: about a third of them the model's own first choice, the rest uniform."""
    generator = torch.Generator().manual_seed(seed)
    sequences = []
    for length in LENGTHS:
        token_ids = torch.randint(0, VOCAB, (1,), generator=generator).tolist()
        while len(token_ids) < length:
            obedient = torch.rand((), generator=generator).item() < 1 / 3
            random_id = int(torch.randint(0, VOCAB, (), generator=generator))
            token_ids.append(int(logits_of(session, token_ids)[-1].argmax()) if obedient else random_id)
        sequences.append(token_ids)
    return sequences


def check(condition, case, message):
    if not condition:
        sys.exit(f"{case.name}: {message}")


def make(case, out):
    folder = Path(tempfile.mkdtemp(prefix=case.name))
    model = build(case)
    torch.manual_seed(case.seed)
    with contextlib.redirect_stdout(io.StringIO()):
        path = export(case, model, folder)
    own = onnx.load(path)
    is_half = own.graph.output[0].type.tensor_type.elem_type == TensorProto.FLOAT16
    session, own_session = open_session(float32_logits(own)), open_session(own)
    sequences = sequences_for(session, case.seed + 1000)

    error, rounding, margin, rows, every = 0.0, 0.0, math.inf, [], []
    for token_ids in sequences:
        logits = logits_of(session, token_ids)
        check(list(logits.shape) == [len(token_ids), VOCAB], case, f"logits have shape {list(logits.shape)}")
        error = max(error, (logits.double() - torch_logits(case, model, token_ids).double()).abs().max().item())
        loss, entropy, top1, margins = statistics(logits, token_ids)
        margin = min([margin, *margins.tolist()])
        if is_half:
            rounded = statistics(logits_of(own_session, token_ids), token_ids)[0]
            rounding = max(rounding, (rounded - loss).abs().max().item())
        every += loss.tolist()
        rows.append(dict(
            tokenIds=token_ids,
            lossNats=[None, *(round(value, 9) for value in loss.tolist())],
            entropyNats=[None, *(round(value, 9) for value in entropy.tolist())],
            top1=[None, *top1.tolist()],
        ))
    spread = torch.tensor(every).std().item()
    check(error <= case.max_error, case, f"the export differs from PyTorch by {error:.2e} logits")
    check(spread > MIN_LOSS_STD, case, f"losses vary too little ({spread:.3f})")
    check(margin > MIN_TOP1_MARGIN, case, f"two tokens are within {margin:.2e} logits: choose another seed")

    proto = onnx.load(path, load_external_data=False)
    expected = dict(
        case=case.name, about=case.about, seed=case.seed,
        versions=dict(torch=torch.__version__, transformers=transformers.__version__, onnx=onnx.__version__,
                      onnxruntime=onnxruntime.__version__, python=platform.python_version()),
        opset=next(entry.version for entry in proto.opset_import if entry.domain == ""), irVersion=proto.ir_version,
        vocabSize=VOCAB, lossStd=round(spread, 4),
        torchDifference=float(f"{error:.2e}"),
        **(dict(float16LogitsMoveLossBy=float(f"{rounding:.2e}")) if is_half else {}), sequences=rows,
    )
    text = json.dumps({key: value for key, value in expected.items() if key != "sequences"}, indent=1)[:-2]
    text += ',\n "sequences": [\n  ' + ",\n  ".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n ]\n}\n"
    (folder / "expected.json").write_text(text, encoding="utf-8")

    target = out / case.name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    shutil.rmtree(folder)
    size = sum(file.stat().st_size for file in target.iterdir())
    operators = [node.op_type for node in proto.graph.node][-4:]
    print(f"{case.name:22} {size:7d} bytes  opset {expected['opset']}  loss std {spread:.2f}  from PyTorch {error:.1e}  {operators}")


def main():
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=root / "test" / "fixtures" / "foreign")
    parser.add_argument("--only", help="write one case")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    for case in CASES:
        if options.only in (None, case.name):
            make(case, options.out)


if __name__ == "__main__":
    main()
