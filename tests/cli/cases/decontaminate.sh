# Items of an evaluation set in texts: found and named, listed where they cannot be, dropped by a recipe.
cat > bench.jsonl <<'JSONL'
{"id": "q1", "question": "Which of these rivers flows through the old town before it reaches the wide northern sea at last?", "choices": ["Elbe", "Rhine"]}
{"question": "Where do the two owls of the mill sleep in winter?"}
{"question": "Too short"}
JSONL
cat > texts.jsonl <<'JSONL'
{"id": "a", "text": "Nothing of it stands here, only words about rivers and the sea."}
{"id": "b", "text": "A quiz! Where do the two owls of the mill sleep in winter? And: which of these rivers flows through the old town before it reaches the wide northern sea, at last?"}
JSONL
ftok decontaminate --set bench.jsonl texts.jsonl
ftok decontaminate --set bench.jsonl --list
ftok filter --set 'stages=["decontaminate", "minhash"]' --set 'decontaminate.sets=["bench.jsonl"]' texts.jsonl
ftok decontaminate texts.jsonl || echo "exit code $?"
ftok decontaminate --set bench.jsonl || echo "exit code $?"
echo 'not JSON' >> bench.jsonl
ftok decontaminate --set bench.jsonl texts.jsonl || echo "exit code $?"
