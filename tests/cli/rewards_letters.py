"""A program for `ftok rl command` that rewards each letter a of an answer. Files in its folder steer it: `long` makes every other problem too long for a small
model; `end` ("kill 20", "die 20") ends the run, or this program alone, once, at the answer with that number."""
import json, os, sys
checked = 0
for line in sys.stdin:
    if line == "\n":
        print(flush=True)
        continue
    asked = json.loads(line)
    if "problem" in asked:
        long = os.path.exists("long") and asked["problem"] % 2 == 1
        print(json.dumps({"prompt": "Say a." * (20 if long else 1), "truth": "a", "solution": "a"}))
        continue
    checked += 1
    if os.path.exists("end"):  # once, at the answer with that number
        how, number = open("end").read().split()
        if checked == int(number):
            os.remove("end")
            if how == "kill":
                os.kill(os.getppid(), 9)
            sys.exit("no more")
    print(json.dumps({"reward": asked["answer"].count("a") / (1 + len(asked["answer"]))}))
