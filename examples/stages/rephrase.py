"""A stage of kind "python": rephrases texts by a language model behind an OpenAI-compatible endpoint.

  OPENAI_BASE_URL   where it is, as http://127.0.0.1:8000/v1 (of vLLM, llama.cpp's server, ...)
  OPENAI_API_KEY    its key, where it wants one
  REPHRASE_MODEL    the model's name

A model does not answer alike twice: with `store` in the recipe, a run that is repeated gets the stored answers.
"""
import json
import os
import urllib.request

PROMPT = "Rewrite the following text in clear, plain English, like an article of an encyclopedia. Answer with the text alone.\n\n"


def process(document):
    request = {"model": os.environ.get("REPHRASE_MODEL", "default"), "temperature": 0, "seed": 1,
               "messages": [{"role": "user", "content": PROMPT + document["text"]}]}
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ.get("OPENAI_API_KEY", "")}
    address = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    with urllib.request.urlopen(urllib.request.Request(address, json.dumps(request).encode(), headers), timeout=300) as response:
        choice = json.load(response)["choices"][0]
    if choice.get("finish_reason") == "length":
        return {"drop": "cut_short"}
    return choice["message"]["content"]
