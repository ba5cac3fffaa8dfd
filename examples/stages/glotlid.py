"""A stage of kind "subprocess": language and script by a fastText model with GlotLID's labels ("eng_Latn"), through the package fasttext-predict.

ftok's own stage `language` reads such models too (`ftok models get glotlid`), and faster. This one shows how a stage adds fields of text:

  [glotlid]
  kind = "subprocess"
  command = ["python3", "glotlid.py", "model.bin"]
  text_fields = ["script"]
  list_fields = ["languages"]

`language` and `language_score` are the model's first answer, `script` its script, and `languages` all labels with a tenth of the probability or more.
"""
import json
import sys

import fasttext


def answer_to(model, document):
    labels, probabilities = model.predict(" ".join(document["text"].split()), k=5)
    found = [(label.removeprefix("__label__"), float(p)) for label, p in zip(labels, probabilities) if p >= 0.1]
    if not found:
        return {"drop": "no_language"}
    language, _, script = found[0][0].partition("_")
    return {"language": language, "language_score": min(1.0, round(found[0][1], 4)), "fields": {"script": script, "languages": [label for label, _ in found]}}


def main():
    model = fasttext.load_model(sys.argv[1])
    for line in sys.stdin:
        if line == "\n":
            print(flush=True)
            continue
        document = json.loads(line)
        print(json.dumps({"n": document["n"], **answer_to(model, document)}))


if __name__ == "__main__":
    main()
