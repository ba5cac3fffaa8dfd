"""A stage that speaks Arrow: measures the share of digits in a text, and drops texts that are mostly numbers. A batch is measured in one call.

  [digits]
  kind = "subprocess"                    # or: kind = "python", file = "digits.py"
  format = "arrow"
  command = ["python3", "digits.py"]
  fields = ["digits"]

The interpreter has pyarrow.
"""
import sys

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

MOST = 0.2


def process(batch):
    count = pc.count_substring_regex(batch["text"], "[0-9]").cast(pa.float64())
    share = pc.divide(count, pc.max_element_wise(pc.utf8_length(batch["text"]), 1).cast(pa.float64()))
    dropped = pc.if_else(pc.greater(share, MOST), "digits", None)
    return pa.record_batch({"n": batch["n"], "drop": dropped, "value": share, "threshold": pa.repeat(MOST, len(batch)),
                            "fields": pa.StructArray.from_arrays([share], ["digits"])})


def main():
    answers = None
    for batch in ipc.open_stream(sys.stdin.buffer):
        made = process(batch)
        answers = answers or ipc.new_stream(sys.stdout.buffer, made.schema)
        answers.write_batch(made)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
