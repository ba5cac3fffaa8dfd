"""A stage of kind "subprocess": how much a text reads like the good ones, by a model of scikit-learn.

  quality_model.py train GOOD.jsonl BAD.jsonl MODEL    makes the model, of texts that are good and of others
  quality_model.py judge MODEL [LEAST]                 the stage: adds `quality`, from 0 to 1, and drops what has less than LEAST

In a recipe:

  [quality]
  kind = "subprocess"
  command = ["python3", "quality_model.py", "judge", "quality.model", "0.2"]
  fields = ["quality"]
  batch = 256

The model is an argument, so its digest is bound to the output folder. A batch is judged in one call, which a stage of kind "python" cannot do. A model
is a pickle, which can hold a program: use none that you did not make.
"""
import json
import sys

import joblib
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def texts_of(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def train(good, bad, path):
    good, bad = texts_of(good), texts_of(bad)
    model = make_pipeline(HashingVectorizer(n_features=1 << 18, ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
    joblib.dump(model.fit(good + bad, [1] * len(good) + [0] * len(bad)), path)


def judge(path, least=0.0):
    model, least = joblib.load(path), float(least)
    batch = []
    for line in sys.stdin:
        if line != "\n":
            batch.append(json.loads(line))
            continue
        scores = model.predict_proba([document["text"] for document in batch])[:, 1] if batch else []
        for document, score in zip(batch, scores):
            answer = {"n": document["n"], "fields": {"quality": round(float(score), 4)}}
            if score < least:
                answer = {"n": document["n"], "drop": "low", "value": float(score), "threshold": least}
            print(json.dumps(answer))
        print(flush=True)
        batch = []


if __name__ == "__main__":
    {"train": train, "judge": judge}[sys.argv[1]](*sys.argv[2:])
