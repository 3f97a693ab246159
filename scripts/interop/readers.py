"""Reads every set below a folder with pyarrow, DuckDB, polars, HF datasets and pandas, and compares every value with the expected arrays.
Then has pyarrow, DuckDB and polars rewrite the first shard in their own encodings, for the Node side to read back.

usage: readers.py FOLDER
"""

import json
import os
import sys
from glob import glob

import datasets
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

DTYPES = {
    "token_ids": np.int32, "ref_loss": np.float32, "entropy": np.float32, "top1": np.uint8, "token_bytes": np.int32, "doc_starts": np.int32,
    "n_tokens": np.int32, "n_scored": np.int32, "loss_sum": np.float64,
}
ORDER = ["doc_id", "source", "doc_hash", *list(DTYPES)[:6], "n_tokens", "n_scored", "loss_sum"]
ARROW_TYPES = {
    "doc_id": "string", "source": "string", "doc_hash": "string", "token_ids": "list<element: int32 not null>", "ref_loss": "list<element: float not null>",
    "entropy": "list<element: float not null>", "top1": "list<element: bool not null>", "token_bytes": "list<element: int32 not null>",
    "doc_starts": "list<element: int32 not null>", "n_tokens": "int32", "n_scored": "int32", "loss_sum": "double",
}


def expected_of(folder):
    """The columns of a set: a list of strings, an array of numbers, or a list of arrays."""
    columns = {}
    for name in ORDER:
        base = f"{folder}/expected/{name}"
        if os.path.exists(f"{base}.json"):
            columns[name] = json.load(open(f"{base}.json", encoding="utf-8"))
        elif os.path.exists(f"{base}.values"):
            values = np.fromfile(f"{base}.values", DTYPES[name])
            if os.path.exists(f"{base}.lengths"):
                ends = np.cumsum(np.fromfile(f"{base}.lengths", np.int32))
                columns[name] = np.split(values, ends[:-1])
            else:
                columns[name] = values
    return columns


def same_numbers(name, found, expected):
    found = np.asarray(found).astype(expected.dtype, copy=False)
    if found.shape != expected.shape:
        return False
    if expected.dtype.kind != "f":
        return np.array_equal(found, expected)
    # Bit for bit, so that -0 is not 0; a NaN is a NaN.
    bits = np.int32 if expected.dtype == np.float32 else np.int64
    return bool(np.all((found.view(bits) == expected.view(bits)) | (np.isnan(found) & np.isnan(expected))))


def compare(subject, found, expected):
    """`found`: name -> values, one a row."""
    if list(found) != list(expected):
        raise SystemExit(f"{subject}: columns {list(found)}, expected {list(expected)}")
    for name, wanted in expected.items():
        rows = list(found[name])
        if len(rows) != len(wanted):
            raise SystemExit(f"{subject}: {name} has {len(rows)} rows, expected {len(wanted)}")
        if isinstance(wanted, np.ndarray):
            if not same_numbers(name, rows, wanted):
                raise SystemExit(f"{subject}: {name} differs")
            continue
        for row, (cell, value) in enumerate(zip(rows, wanted)):
            if not (cell == value if isinstance(value, str) else same_numbers(name, cell, value)):
                raise SystemExit(f"{subject}: {name} differs in row {row}: {str(cell)[:100]}, expected {str(value)[:100]}")


def columns_of(table):
    return {name: table.column(name).to_pylist() for name in table.column_names}


def check(folder):
    expected = expected_of(folder)
    files = sorted(glob(f"{folder}/part-*.parquet"))
    pattern = f"{folder}/part-*.parquet"

    tables = [pq.ParquetFile(file, page_checksum_verification=True).read() for file in files]
    for table in tables:
        for field in table.schema:
            if str(field.type) != ARROW_TYPES[field.name] or field.nullable:
                raise SystemExit(f"{folder}: pyarrow sees {field}, expected {ARROW_TYPES[field.name]} not null")
    compare(f"pyarrow {folder}", columns_of(pa.concat_tables([table.replace_schema_metadata() for table in tables])), expected)
    compare(f"pyarrow.dataset {folder}", columns_of(pyarrow.dataset.dataset(files).to_table()), expected)
    compare(f"DuckDB {folder}", columns_of(duckdb.sql(f"SELECT * FROM read_parquet('{pattern}')").to_arrow_table()), expected)
    compare(f"polars {folder}", columns_of(pl.read_parquet(pattern).to_arrow()), expected)
    compare(f"polars scan {folder}", columns_of(pl.scan_parquet(pattern).collect().to_arrow()), expected)
    # datasets 5.0.1 stops with an IndexError at any file without rows that is not the last, pyarrow's own included.
    with_rows = [file for file, table in zip(files, tables) if table.num_rows > 0]
    loaded = datasets.load_dataset("parquet", data_files=with_rows, split="train", cache_dir=f"{folder}/cache")
    compare(f"HF datasets {folder}", {name: loaded[name] for name in loaded.column_names}, expected)
    frame = pd.concat([pd.read_parquet(file) for file in files])
    compare(f"pandas {folder}", {name: frame[name].tolist() for name in frame.columns}, expected)

    streams = [pa.ipc.open_stream(file).read_all() for file in sorted(glob(f"{folder}/unit-*.arrows"))]
    if not all(stream.schema.equals(tables[0].schema) for stream in streams):
        raise SystemExit(f"{folder}: the Arrow schema is {streams[0].schema}, the Parquet schema {tables[0].schema}")
    compare(f"Arrow IPC {folder}", columns_of(pa.concat_tables(streams)), expected)
    compare(f"Arrow IPC by polars {folder}", columns_of(pl.concat([pl.read_ipc_stream(file) for file in sorted(glob(f"{folder}/unit-*.arrows"))]).to_arrow()), expected)


def nullable(field):
    kind = pa.large_list(pa.field("item", field.type.value_type)) if pa.types.is_list(field.type) else field.type
    return pa.field(field.name, kind)


def rewrite(folder):
    source = f"{folder}/part-00000.parquet"
    table = pq.read_table(source)
    pq.write_table(table, f"{folder}/pyarrow-dictionary-snappy.parquet", compression="snappy", row_group_size=13, version="2.6")
    loose = table.cast(pa.schema([nullable(field) for field in table.schema]))
    pq.write_table(loose, f"{folder}/pyarrow-v2-nullable.parquet", compression="gzip", data_page_version="2.0", use_dictionary=False, data_page_size=2000)
    duckdb.sql(f"COPY (SELECT * FROM '{source}') TO '{folder}/duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)")
    pl.read_parquet(source).write_parquet(f"{folder}/polars.parquet", compression="brotli", row_group_size=17)


def main():
    datasets.disable_progress_bars()
    versions = {module.__name__: module.__version__ for module in (pa, duckdb, pl, datasets, pd, np)}
    print("readers:", ", ".join(f"{name} {version}" for name, version in versions.items()), flush=True)
    folders = sorted(glob(f"{sys.argv[1]}/*/"))
    for folder in folders:
        check(folder.rstrip("/"))
        rewrite(folder.rstrip("/"))
    print(f"{len(folders)} sets: every value equal in pyarrow, pyarrow.dataset, DuckDB, polars, HF datasets, pandas, and over Arrow IPC")


main()
