"""A stage of kind "python": measures how long sentences are, and drops texts of very long or very short ones."""
import re


def process(document):
    sentences = [s for s in re.split(r"[.!?]+\s", document["text"]) if s.strip()]
    words = sum(len(s.split()) for s in sentences) / max(1, len(sentences))
    if not 5 <= words <= 40:
        return {"drop": "sentence_length", "value": words}
    return {"fields": {"sentence_words": round(words, 2)}}
