"""Ctrl-C in a conversation, on a pseudo-terminal: it ends an answer, and at the prompt the program.

  FTOK=path/to/ftok chat_checks.py [TestName...]
"""
import json, os, pty, signal, sys, unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "pipeline"))
from checks import FTOK, Checks

ROOT = Path(__file__).resolve().parent.parent.parent
ENDLESS = 1 << 30  # tokens


class Talk:
    """ftok chat on a terminal"""

    def __init__(self, folder, *arguments):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.chdir(folder)
            os.execvp(FTOK, [FTOK, "chat", *arguments])
        self.seen = ""

    def until(self, what):
        """reads on until `what` is there; -> what came before it"""
        while what not in self.seen:
            self.read(what)
        before, self.seen = self.seen.split(what, 1)
        return before

    def more(self):
        """reads on until there is anything"""
        while not self.seen:
            self.read("anything")

    def read(self, what):
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            data = b""
        if not data:
            raise AssertionError(f"{what} does not come after {self.seen[-2000:]!r}")
        self.seen += data.decode(errors="replace")

    def write(self, text):
        os.write(self.terminal, text.encode())

    def end(self):
        try:
            while os.read(self.terminal, 65536):
                pass
        except OSError:
            pass
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])


class Interrupts(Checks):
    def setUp(self):
        super().setUp()
        vocabulary = ROOT / "tests" / "data" / "frozen-1k.tiktoken"
        self.write("chat.jsonl", json.dumps({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "a b " * 90}]}) + "\n")
        self.ftok("tokenize", "--vocab", vocabulary, "--chat", "chatml", "-o", "shards", "--validation-per-mille", 0, "chat.jsonl")
        keys = [f"vocabulary={vocabulary}", "model.vocabulary_size=1004", "model.layers=1", "model.channels=16", "model.heads=2", "model.length=32",
                "training.tokens_per_step=64", "schedule.learning_rate=0.02", "run.sample_every=0", "run.threads=1"]
        self.ftok("train", "sft", "--data", "shards", "-o", "model", "--steps", "30", *[word for key in keys for word in ("--set", key)])

    def talk(self):
        return Talk(self.folder, "model", "--temperature", "0", "--tokens", str(ENDLESS))

    def test_it_ends_the_answer_and_the_conversation_goes_on(self):
        talk = self.talk()
        talk.until("> ")
        talk.write("Hi\n")
        talk.until("Hi\r\n")
        talk.more()  # the answer has begun; it would go on for ever
        talk.write("\x03")
        talk.until("answer stopped")
        talk.until("> ")
        talk.write("/save talk.jsonl\n")
        talk.until("2 messages in talk.jsonl")
        talk.write("/quit\n")
        self.assertEqual(talk.end(), 0)
        messages = json.loads(self.bytes_of("talk.jsonl"))["messages"]
        self.assertEqual([message["role"] for message in messages], ["user", "assistant"])
        self.assertNotEqual(messages[1]["content"], "")

    def test_at_the_prompt_it_ends_the_program(self):
        talk = self.talk()
        talk.until("> ")
        talk.write("Hi\n")
        talk.until("Hi\r\n")
        talk.more()
        talk.write("\x03")
        talk.until("answer stopped")
        talk.until("> ")
        talk.write("\x03")
        self.assertEqual(talk.end(), -signal.SIGINT)


if __name__ == "__main__":
    unittest.main()
