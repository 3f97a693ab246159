"""Recomputes the numbers of an audit.json with DuckDB over the Parquet files, and compares every one.

usage: python audit.py AUDIT_JSON   (paths in it are taken as they stand: run it where `touchstone audit` ran)
Counts must be equal; means, sums and distances must agree to 1e-9 relative, since additions come in another order here. Prints what was compared.
"""
import glob
import json
import math
import sys
import unicodedata

import duckdb
import numpy as np

report = json.load(open(sys.argv[1]))
con = duckdb.connect()
con.execute("SET threads=1")
compared = 0


def same(what, found, expected, tolerance=1e-9):
    global compared
    compared += 1
    if isinstance(expected, float) and found is not None:
        if abs(found - expected) <= tolerance * max(1.0, abs(expected)):
            return
    elif found == expected:
        return
    sys.exit(f"{what}: the audit says {found!r}, DuckDB {expected!r}")


def load(name, run):
    """Rows and tokens of a run as tables NAME_rows and NAME_tokens; `num` numbers rows in the order of the run."""
    plan = json.load(open(f"{run}/plan.json"))
    units = json.load(open(f"{run}/manifest.json"))["shards"]
    paths = [f"{run}/{unit['path']}" for unit in units]
    shards = ", ".join(f"('{path}', {unit['unit']})" for path, unit in zip(paths, units))
    groups = con.execute(
        f"SELECT DISTINCT file_name, row_group_id, row_group_num_rows FROM parquet_metadata({paths}) ORDER BY file_name, row_group_id").fetchall()
    starts, ends = [], {}
    for path, group, rows in groups:
        first = ends.get(path, 0)
        ends[path] = first + rows
        starts.append((path, group, first, first + rows))
    con.execute(f"CREATE TABLE {name}_groups(path VARCHAR, rowgroup INT, first INT, past INT)")
    con.executemany(f"INSERT INTO {name}_groups VALUES (?, ?, ?, ?)", starts)
    stats = plan["output"]["stats"]
    extra = "".join(f", {column}" for column, on in (("entropy", stats["entropy"]), ("top1", stats["top1"]), ("token_bytes", stats["bytes"])) if on)
    con.execute(f"""CREATE TABLE {name}_rows AS
        SELECT u.unit, g.rowgroup, file_row_number AS row, row_number() OVER (ORDER BY u.unit, file_row_number) AS num,
               doc_id, source, doc_hash, n_tokens, n_scored, loss_sum, token_ids, ref_loss{extra}
        FROM read_parquet({paths}, file_row_number=true, filename=true) f
        JOIN (VALUES {shards}) u(path, unit) ON f.filename = u.path
        JOIN {name}_groups g ON g.path = f.filename AND file_row_number >= g.first AND file_row_number < g.past""")
    con.execute(f"ALTER TABLE {name}_rows ADD COLUMN nth BIGINT")
    con.execute(f"UPDATE {name}_rows r SET nth = s.nth FROM (SELECT num, row_number() OVER (PARTITION BY doc_hash ORDER BY num) AS nth FROM {name}_rows) s WHERE s.num = r.num")
    lists = "".join(f", unnest({column}) AS {column}" for column in extra.replace(" ", "").split(",") if column)
    con.execute(f"""CREATE TABLE {name}_tokens AS
        SELECT unit, rowgroup, num, doc_hash, nth, source, n_tokens, unnest(range(n_tokens)) AS t, unnest(token_ids) AS id, unnest(ref_loss) AS loss{lists}
        FROM {name}_rows""")
    return plan


JS_SPACE = set("\t\n\v\f\r \u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff") | {chr(c) for c in range(0x2000, 0x200B)}


def classes(plan):
    """Class of every id of a byte-level vocabulary, read out of tokenizer.json; None for other vocabularies."""
    location = plan["tokenizer"]["location"]
    tokenizer = json.load(open(location if location.endswith(".json") else f"{location}/tokenizer.json"))
    if "ByteLevel" not in json.dumps([tokenizer.get("pre_tokenizer"), tokenizer.get("decoder")]):
        return None
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    byte_of = {chr(b): b for b in printable}
    byte_of.update({chr(0x100 + i): b for i, b in enumerate(b for b in range(256) if b not in printable)})
    added = {token["id"]: token for token in tokenizer.get("added_tokens", [])}
    special = {i for i, token in added.items() if token["special"]} | {plan["tokenizer"]["bosId"], plan["tokenizer"]["eosId"]}
    pieces = {i: piece for piece, i in tokenizer["model"]["vocab"].items()}
    found = []
    for i in sorted(set(pieces) | set(added)):
        content = added[i]["content"].encode() if i in added else bytes(byte_of[c] for c in pieces[i])
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = None
        kind = (
            "special" if i in special else "bytes" if text is None
            else "whitespace" if text and all(c in JS_SPACE for c in text)
            else "word" if any(unicodedata.category(c)[0] == "L" for c in text)
            else "digits" if any(unicodedata.category(c) == "Nd" for c in text) else "punctuation")
        found.append((i, kind))
    return found


def ranks(cells, counts, shares, scored):
    below = np.cumsum(counts)
    return [float(cells[np.searchsorted(below, max(1, -((-round(share * 1000) * scored) // 1000)))]) for share in shares]


SHARES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999]
NAMES = ["p1", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99_9"]
EDGES = [2.0 ** (i // 4 - 9) * (1 + i % 4 / 4) for i in range(59)]


def loss_cells(table, where):
    rows = con.execute(f"""SELECT least(131072, greatest(0, floor(loss::DOUBLE * 2048 + 0.5))) / 2048 AS cell, count(*) FROM {table}
        WHERE isfinite(loss) AND {where} GROUP BY 1 ORDER BY 1""").fetchnumpy()
    return [np.asarray(column, dtype=np.float64) for column in rows.values()]


def bins_of(cells, counts):
    return [int(x) for x in np.bincount(np.searchsorted(EDGES, cells, side="right"), weights=counts, minlength=60)] if len(cells) else [0] * 60


def check_stats(what, found, table, where, stats, uniform):
    tokens, scored, total, squares, low, high = con.execute(f"""SELECT count(*), count(*) FILTER (isfinite(loss)), fsum(loss::DOUBLE) FILTER (isfinite(loss)),
        fsum(loss::DOUBLE * loss::DOUBLE) FILTER (isfinite(loss)), min(loss) FILTER (isfinite(loss)), max(loss) FILTER (isfinite(loss)) FROM {table} WHERE {where}""").fetchone()
    same(f"{what}.tokens", found["tokens"], tokens)
    same(f"{what}.scored", found["scored"], scored)
    cells, counts = loss_cells(table, where)
    same(f"{what}.bins", found["bins"], bins_of(cells, counts))
    if scored == 0:
        for key in ("mean", "perplexity", "sd", "min", "max", "percentiles", "nearZeroShare", "aboveUniformShare"):
            same(f"{what}.{key}", found[key], None)
        return
    mean = total / scored
    same(f"{what}.mean", found["mean"], mean)
    same(f"{what}.perplexity", found["perplexity"], math.exp(mean) if mean < 709 else None)
    same(f"{what}.sd", found["sd"], math.sqrt(max(0.0, squares / scored - mean * mean)), 1e-6)
    same(f"{what}.min", found["min"], low)
    same(f"{what}.max", found["max"], high)
    for name, value in zip(NAMES, ranks(cells, counts, SHARES, scored)):
        same(f"{what}.{name}", found["percentiles"][name], value)
    same(f"{what}.nearZeroShare", found["nearZeroShare"], float(counts[cells < 2**-7].sum()) / scored)
    same(f"{what}.aboveUniformShare", found["aboveUniformShare"], float(counts[cells > uniform].sum()) / scored)
    for key, on, column in (("meanEntropy", stats["entropy"], "avg(entropy::DOUBLE)"), ("top1Share", stats["top1"], "avg(top1::INT)"), ("bitsPerByte", stats["bytes"], "fsum(loss::DOUBLE) / ln(2) / sum(token_bytes)")):
        same(f"{what}.{key}", found[key], con.execute(f"SELECT {column} FROM {table} WHERE isfinite(loss) AND {where}").fetchone()[0] if on else None)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


run = report["identity"]["run"]
plan = load("a", run)
windows, stats = plan["windows"], plan["output"]["stats"]
uniform = math.log(plan["model"]["vocabSize"])
prefix = 0 if windows["bos"] == "none" else 1
length, stride = windows["contextLength"], windows["stride"]
distribution = report["distribution"]
same("uniform", distribution["uniform"], uniform)
same("edges", distribution["edges"], EDGES)
check_stats("overall", distribution["overall"], "a_tokens", "true", stats, uniform)
exact = con.execute("SELECT loss FROM a_tokens WHERE isfinite(loss) ORDER BY loss").fetchnumpy()["loss"]
for name, share in zip(NAMES, SHARES):
    value = float(exact[max(1, -((-round(share * 1000) * len(exact)) // 1000)) - 1])
    same(f"exact {name}", distribution["overall"]["percentiles"][name], min(64.0, math.floor(value * 2048 + 0.5) / 2048))

by_tokens = con.execute("SELECT source, sum(n_tokens), count(*) FROM a_rows GROUP BY 1 ORDER BY 2 DESC, 1").fetchall()
same("sources", distribution["sources"], {"count": len(by_tokens), "inOthers": max(0, len(by_tokens) - 50)})
listed = [source for source, _, _ in by_tokens[:50]]
for entry, (source, _, documents) in zip(distribution["bySource"], by_tokens):
    same("source", entry["source"], source)
    same(f"{source}.documents", entry["documents"], documents)
    check_stats(source, entry, "a_tokens", f"source = {quoted(source)}", stats, uniform)
position = f"t + {prefix}"
if windows["layout"] == "document":
    context = f"(CASE WHEN {position} < {length} THEN {position} ELSE {length - stride} + ({position} - {length}) % {stride} END)"
    for key, value in (("byContext", context), ("byDocumentPosition", "t"), ("byDocumentLength", "n_tokens")):
        same(f"{key} tokens", sum(entry["tokens"] for entry in distribution[key]), distribution["overall"]["tokens"])
        for entry in distribution[key]:
            last = "" if entry["to"] is None else f" AND {value} <= {entry['to']}"
            check_stats(f"{key} {entry['from']}", entry, "a_tokens", f"{value} >= {entry['from']}{last}", stats, uniform)
table = classes(plan) if distribution["byClass"] is not None else None
if table is not None:
    con.execute("CREATE TABLE classes(id INT, class VARCHAR)")
    con.executemany("INSERT INTO classes VALUES (?, ?)", table)
    con.execute("CREATE VIEW a_classes AS SELECT t.*, coalesce(class, 'unknown') AS class FROM a_tokens t LEFT JOIN classes c ON t.id = c.id")
    for entry in distribution["byClass"]:
        check_stats(entry["class"], entry, "a_classes", f"class = '{entry['class']}'", stats, uniform)

completeness = report["completeness"]
commits = [json.load(open(path)) for path in sorted(glob.glob(f"{run}/commits/*.json"))]
for key in ("read", "scored", "quarantined", "skipped"):
    same(f"documents.{key}", completeness["documents"][key], sum(commit["documents"][key] for commit in commits))
same("rows", completeness["rows"], con.execute("SELECT count(*) FROM a_rows").fetchone()[0])
same("nonfinite", completeness["nonfinite"], sum(commit["nonfinite"] for commit in commits))
same("unitSeconds", completeness["work"]["unitSeconds"], float(sum(commit["seconds"] for commit in commits)))
reasons = {}
for path in sorted(glob.glob(f"{run}/quarantine/*.jsonl")):
    for line in open(path):
        record = json.loads(line)
        reasons[record["kind"], record["reason"]] = reasons.get((record["kind"], record["reason"]), 0) + 1
same("quarantine", {(entry["kind"], entry["reason"]): entry["count"] for entry in report["quarantine"]["reasons"]}, reasons)

for order, key in (("DESC", "noisiest"), ("ASC", "quietest")):
    rows = con.execute(f"SELECT doc_id, loss_sum / n_scored, ref_loss, unit, row, token_ids FROM a_rows WHERE n_scored >= 32 ORDER BY 2 {order}, unit, row LIMIT 10").fetchall()
    same(f"{key} documents", [(entry["id"], entry["unit"], entry["row"]) for entry in report["documents"][key]], [(row[0], row[3], row[4]) for row in rows])
for entry in [entry for key in ("noisiest", "quietest", "random") for entry in report["documents"][key]]:
    mean, losses, ids = con.execute("SELECT loss_sum / nullif(n_scored, 0), ref_loss, token_ids FROM a_rows WHERE unit = ? AND row = ?", [entry["unit"], entry["row"]]).fetchone()
    same("meanLoss", entry["meanLoss"], mean)
    same("ids", entry["text"]["ids"], ids[: entry["shown"]])
    same("losses", entry["text"]["losses"], [math.floor(loss * 1e4 + 0.5) / 1e4 if math.isfinite(loss) else None for loss in losses[: entry["shown"]]])


def check_drift(drift):
    load("e", drift["earlier"]["run"])
    for name, entry, where in [("overall", drift["overall"], "true")] + [(entry["source"], entry, f"source = {quoted(entry['source'])}") for entry in drift["bySource"] if not entry["others"]]:
        (cells_e, counts_e), (cells_n, counts_n) = loss_cells("e_tokens", where), loss_cells("a_tokens", where)
        if counts_e.sum() == 0 or counts_n.sum() == 0:
            same(f"drift {name}", (entry["psi"], entry["wasserstein"], entry["level"]), (None, None, "too-few"))
            continue
        p, q = [(np.array(bins_of(*side)) + 0.5) / (side[1].sum() + 30) for side in ((cells_n, counts_n), (cells_e, counts_e))]
        same(f"drift {name}.psi", entry["psi"], float(((p - q) * np.log(p / q)).sum()))
        grid = np.union1d(cells_e, cells_n)
        cdf = lambda cells, counts: np.concatenate([[0], np.cumsum(counts)])[np.searchsorted(cells, grid, side="right")] / counts.sum()
        area = float((np.abs(cdf(cells_n, counts_n) - cdf(cells_e, counts_e))[:-1] * np.diff(grid)).sum())
        same(f"drift {name}.wasserstein", entry["wasserstein"], area)
    now, earlier = [con.execute(f"SELECT count(*) FROM {table}_rows").fetchone()[0] for table in "ae"]
    unchanged = con.execute("SELECT count(*) FROM a_rows JOIN e_rows USING (doc_hash, nth)").fetchone()[0]
    left = lambda mine, other: f"SELECT doc_id FROM {mine}_rows ANTI JOIN {other}_rows USING (doc_hash, nth)"
    changed = con.execute(f"SELECT count(*) FROM ({left('a', 'e')}) JOIN ({left('e', 'a')}) USING (doc_id)").fetchone()[0]
    same("documents", drift["documents"], {"earlier": earlier, "now": now, "unchanged": unchanged, "changed": changed, "new": now - unchanged - changed, "removed": earlier - unchanged - changed})
    if drift["paired"] is not None:
        deltas = con.execute("""SELECT a.loss_sum / a.n_scored - e.loss_sum / e.n_scored AS delta FROM a_rows a JOIN e_rows e USING (doc_hash, nth)
            WHERE a.n_scored > 0 AND e.n_scored > 0""").fetchnumpy()["delta"]
        same("paired.documents", drift["paired"]["documents"], len(deltas))
        if len(deltas) > 0:
            same("paired.mean", drift["paired"]["mean"], float(deltas.mean()))
            same("paired.meanAbsolute", drift["paired"]["meanAbsolute"], float(np.abs(deltas).mean()))
            same("paired.sd", drift["paired"]["sd"], float(deltas.std()), 1e-7)
            same("paired.identical", drift["paired"]["identical"], int((deltas == 0).sum()))
            largest = sorted(np.abs(deltas), reverse=True)[:10]
            for entry, size in zip(drift["paired"]["largest"], largest):
                same("paired.largest", abs(entry["now"] - entry["earlier"]), float(size))


def check_excess(excess):
    load("l", excess["live"]["run"])
    con.execute("""CREATE TABLE joined AS SELECT a.unit, a.rowgroup, a.num, a.t, a.source, a.id, a.loss, (l.loss - a.loss)::FLOAT AS excess
        FROM a_tokens a JOIN l_tokens l USING (doc_hash, nth, t) WHERE isfinite(a.loss) AND isfinite(l.loss)""")
    tokens, mean, positive = con.execute("SELECT count(*), favg(excess::DOUBLE), count(*) FILTER (excess > 0) FROM joined").fetchone()
    same("excess.tokens", excess["tokens"], tokens)
    same("excess.mean", excess["mean"], mean, 1e-8)
    same("excess.positiveShare", excess["positiveShare"], positive / tokens)
    cells, counts = con.execute("SELECT greatest(-32, least(32, floor(excess::DOUBLE * 2048 + 0.5) / 2048)) AS cell, count(*) FROM joined GROUP BY 1 ORDER BY 1").fetchnumpy().values()
    same("excess.bins", excess["bins"], [int(x) for x in np.bincount(np.searchsorted(excess["edges"], cells, side="right"), weights=counts, minlength=len(excess["edges"]) + 1)])
    for name, value in zip(("p1", "p5", "p25", "p50", "p75", "p95", "p99"), ranks(cells, counts, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99], tokens)):
        same(f"excess.{name}", excess["percentiles"][name], value)
    for selection in excess["selections"]:
        millionths = round(selection["keepFraction"] * 1e6)
        con.execute(f"""CREATE OR REPLACE TABLE chosen AS SELECT *, row_number() OVER (PARTITION BY unit, rowgroup ORDER BY excess DESC, num, t)
            <= (count(*) OVER (PARTITION BY unit, rowgroup) * {millionths} + 500000) // 1000000 AS kept FROM joined""")
        kept = con.execute("SELECT count(*) FROM chosen WHERE kept").fetchone()[0]
        same("selection.kept", (selection["candidates"], selection["kept"]), (tokens, kept))
        for side, on in (("kept", "kept"), ("dropped", "NOT kept")):
            means = con.execute(f"SELECT favg(excess::DOUBLE), favg(loss::DOUBLE) FROM chosen WHERE {on}").fetchone()
            same(f"selection {side}.excess", selection["meanExcess"][side], means[0], 1e-8)
            same(f"selection {side}.reference", selection["meanReference"][side], means[1], 1e-8)
        by_source = {source: (candidates, count) for source, candidates, count in con.execute("SELECT source, count(*), count(*) FILTER (kept) FROM chosen GROUP BY 1").fetchall()}
        for entry in selection["bySource"]:
            if entry["source"] in by_source:
                same("selection.bySource", (entry["candidates"], entry["kept"]), by_source[entry["source"]])


def check_dynamics(dynamics):
    columns = []
    for k, checkpoint in enumerate(dynamics["checkpoints"]):
        if checkpoint["run"] != run:
            load(f"c{k}", checkpoint["run"])
        columns.append("a" if checkpoint["run"] == run else f"c{k}")
    joins = " ".join(f"JOIN {name}_tokens {name} USING (doc_hash, nth, t)" for name in columns if name != "a")
    selected = ", ".join(f"{name}.loss::DOUBLE AS l{k}" for k, name in enumerate(columns))
    losses = np.stack(list(con.execute(f"SELECT {selected} FROM a_tokens a {joins}").fetchnumpy().values()))
    losses = np.asarray(losses, dtype=np.float64)[:, np.isfinite(np.asarray(losses, dtype=np.float64)).all(axis=0)]
    same("dynamics.tokens", dynamics["tokens"], losses.shape[1])
    for checkpoint, mean in zip(dynamics["checkpoints"], losses.mean(axis=1)):
        same("checkpoint.mean", checkpoint["mean"], float(mean))
    change = np.polyfit(np.arange(len(columns)), losses, 1)[0] * (len(columns) - 1)
    last, mean = losses[-1], losses[-1].mean()
    steady = (change >= -0.2) & (change <= 0.2)
    masks = {"H->L": change < -0.2, "L->H": change > 0.2, "L->L": steady & (last <= mean), "H->H": steady & (last > mean)}
    for entry in dynamics["categories"]:
        mask = masks[entry["category"]]
        same(f"{entry['category']}.tokens", entry["tokens"], int(mask.sum()))
        same(f"{entry['category']}.share", entry["share"], float(mask.mean()))
        for k, found in enumerate(entry["means"] or []):
            same(f"{entry['category']}.means", found, float(losses[k][mask].mean()))


if report["drift"] is not None:
    check_drift(report["drift"])
if report["excess"] is not None:
    check_excess(report["excess"])
if report["dynamics"]["kind"] == "checkpoints":
    check_dynamics(report["dynamics"])
else:
    cells, counts = loss_cells("a_tokens", "true")
    same("high", report["dynamics"]["high"]["tokens"], int(counts[cells > report["dynamics"]["mean"]].sum()))
print(f"{sys.argv[1]}: {compared} numbers and lists equal those of DuckDB {duckdb.__version__}")
