"""What `ftok view` answers about a real run of the bundled sample, asked as the page asks: every document, why it was dropped, the page
that it was taken from, what other thresholds would give; through a reverse proxy too."""
import http.client
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "pipeline"))
from checks import FTOK, Checks  # noqa: E402

SAMPLE = ROOT / "share" / "sample" / "ftok-sample.warc.gz"
DECIDED_LATER = ("dedup.", "url.")  # by other documents, and by lists whose places a run does not keep


class View(Checks):
    def setUp(self):
        super().setUp()
        if "model" in self._testMethodName:
            return
        self.write("recipe.toml", (ROOT / "share" / "sample" / "sample.toml").read_text().replace('"share/', f'"{ROOT}/share/'))
        self.ftok("run", "--recipe", "recipe.toml", "--input", SAMPLE, "-o", "corpus", "--vocab", "ftok-4k", "--rejects", "text", "-q")

    def serve(self, *arguments):
        """the address of a server that shows `arguments`, without and with its token"""
        server = subprocess.Popen([FTOK, "view", *map(str, arguments)], cwd=self.folder, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        address, _, self.token = server.stdout.readline().strip().partition("?token=")
        return address

    def ask(self, address, path, body=None, **parameters):
        request = urllib.request.Request(f"{address}api/{path}?{urllib.parse.urlencode(parameters)}", data=body, headers={"X-Ftok-Token": self.token})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def all_documents(self, address, kind):
        documents, at, more = [], 0, True
        while more:
            answer = self.ask(address, "documents", folder=0, kind=kind, at=at)
            documents += answer["documents"]
            at, more = answer["next"], answer["more"]
        self.assertEqual(answer["total"], len(documents))
        return documents

    def test_every_document_is_there_and_explained_as_the_run_decided(self):
        address = self.serve("corpus", "--input", SAMPLE)
        run = self.ask(address, "run", folder=0)
        dropped, kept = self.all_documents(address, "dropped"), self.all_documents(address, "kept")
        counts = {}
        for document in dropped:
            counts[document["reason"]] = counts.get(document["reason"], 0) + 1
        self.assertEqual(counts, run["totals"]["dropped"])
        self.assertEqual(len(kept), run["totals"]["kept"])
        explained = 0
        for document in dropped + kept:
            reason = document.get("reason", "passes")
            place = {key: document[key] for key in ("kind", "part", "row")}
            if reason.startswith(DECIDED_LATER) or reason.startswith("warc."):
                continue
            told = self.ask(address, "explain", folder=0, **place)
            self.assertEqual((told["from"], told["outcome"]), ("record", reason), document)
            if document["kind"] == "kept":
                blocks = told["page"]["blocks"]
                self.assertTrue(any(block["kept"] for block in blocks) and all(block["why"] for block in blocks), document)
                whole = self.ask(address, "document", folder=0, **place)
                self.assertEqual(whole["text"][:40], told["text"][:40])
            explained += 1
        self.assertGreater(explained, 50)

    def test_a_run_is_seen_while_it_goes_on(self):
        os.mkfifo(self.folder / "slow")
        run = subprocess.Popen([FTOK, "run", SAMPLE, "slow", "-o", "live", "-v", "ftok-4k", "-q"], cwd=self.folder, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        self.addCleanup(run.wait)
        self.addCleanup(run.terminate)
        while not (self.folder / "live" / "work" / "progress.json").exists():
            self.assertIsNone(run.poll())
            time.sleep(0.05)
        address = self.serve("live")
        told = {"progress": {"inputs_committed": 0}}
        while told["progress"]["inputs_committed"] < 1:
            time.sleep(0.05)
            told = self.ask(address, "run", folder=0)
        self.assertEqual((told["done"], told["progress"]["inputs"], told["progress"]["records"]), (False, 2, 277))
        self.assertEqual((told["parts"], told["totals"]["documents"]), (1, 170))
        self.assertEqual(sum(told["progress"]["dropped"].values()), 170 - told["progress"]["passed"])
        self.assertIn("gopher_quality", told["recipe"])
        with open(self.folder / "slow", "w") as slow:
            slow.write('{"text":"hello"}\n')
        self.assertEqual(run.wait(), 0)
        self.assertFalse((self.folder / "live" / "work").exists())
        while not self.ask(address, "run", folder=0)["done"]:
            time.sleep(0.05)
        told = self.ask(address, "run", folder=0)
        self.assertEqual((told["parts"], told["totals"]["documents"], "progress" in told), (2, 171, False))

    def test_a_duplicate_leads_to_what_it_repeats(self):
        address = self.serve("corpus")
        for reason in ("dedup.exact", "dedup.minhash"):
            documents = self.ask(address, "documents", folder=0, kind="dropped", reason=reason)["documents"]
            self.assertTrue(documents)
            for document in documents:
                found = self.ask(address, "find", folder=0, text=document["duplicate_of"])["documents"]
                self.assertEqual([one["id"] for one in found if one["kind"] == "kept"], [document["duplicate_of"]])

    def test_without_the_input_the_text_is_explained_and_no_file_is_read_that_was_not_named(self):
        address = self.serve("corpus")
        document = self.ask(address, "documents", folder=0, kind="dropped", reason="gopher_quality.too_short")["documents"][0]
        told = self.ask(address, "explain", folder=0, kind="dropped", part=document["part"], row=document["row"])
        self.assertEqual((told["from"], told["outcome"]), ("text", "gopher_quality.too_short"))
        self.assertNotIn("page", told)

    def test_other_thresholds_give_what_whatif_gives(self):
        self.ftok("run", "--recipe", "recipe.toml", "--input", SAMPLE, "--measure", "m.jsonl", "-q")
        address = self.serve("corpus", "m.jsonl")
        sets = ["gopher_quality.words_min=20", "c4.sentences_min=2"]
        expected = json.loads(self.ftok("whatif", "m.jsonl", "--json", "--set", sets[0], "--set", sets[1]).stdout)
        told = self.ask(address, "whatif", "\n".join(sets).encode(), folder=1, rule="gopher_quality.too_short")
        for name, theirs in (("measured", "measured"), ("changed", "whatif")):
            for key in ("documents", "kept", "dropped"):
                self.assertEqual(told[name][key], expected[theirs][key])
        self.assertTrue(told["samples"])
        self.assertEqual(self.ask(address, "overview")["folders"][1], {"name": "m.jsonl", "kind": "measures", "run": 0})
        rules = {rule["rule"]: rule for rule in self.ask(address, "measures", folder=1)["rules"]}
        short = rules["gopher_quality.too_short"]
        self.assertEqual((short["key"], short["threshold"], short["relation"], short["whole"]), ("gopher_quality.words_min", 50, "<", True))
        self.assertEqual(sum(count for low, high, count in short["bins"]), short["documents"])
        self.assertEqual(sum(count for low, high, count in short["bins"] if high <= 50), short["drops"])
        self.assertFalse(rules["fineweb.short_lines"]["whole"])
        for line in ("url.domain_lists=['/etc/passwd']", "gopher_quality.words_min=x", "nothing.here=1", "x"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.ask(address, "whatif", line.encode(), folder=1)
            self.assertEqual(refused.exception.code, 400)
            refused.exception.close()

    def test_an_exported_file_holds_explained_documents_and_what_thresholds_give(self):
        self.ftok("run", "--recipe", "recipe.toml", "--input", SAMPLE, "--measure", "m.jsonl", "-q")
        self.ftok("view", "corpus", "m.jsonl", "--input", SAMPLE, "--set", "gopher_quality.words_min=70", "--export", "page.html")
        page = (self.folder / "page.html").read_text()
        carried = json.loads(page[page.index('id="data">') + 10 : page.index("</script>", page.index('id="data">'))])
        self.assertEqual(carried["api/overview"]["changes"], ["gopher_quality.words_min=70"])
        kept = carried["api/documents?folder=0&kind=kept&reason=&at=0"]["documents"]
        explained = [f"api/explain?folder=0&kind=kept&part={one['part']}&row={one['row']}" in carried for one in kept]
        self.assertEqual(explained[:3], [True, True, True])
        self.assertLess(sum(explained), len(kept))
        first = carried[f"api/explain?folder=0&kind=kept&part={kept[0]['part']}&row={kept[0]['row']}"]
        self.assertEqual((first["from"], first["outcome"]), ("record", "passes"))
        self.assertTrue(first["page"]["blocks"])
        duplicate = carried["api/documents?folder=0&kind=dropped&reason=dedup.exact&at=0"]["documents"][0]
        found = carried["api/find?folder=0&text=" + urllib.parse.quote(duplicate["duplicate_of"], safe="-_.!~*'()") + "&anywhere=0&from="]
        self.assertIn(duplicate["duplicate_of"], [one["id"] for one in found["documents"]])
        expected = json.loads(self.ftok("whatif", "m.jsonl", "--json", "--set", "gopher_quality.words_min=70").stdout)
        told = carried["api/whatif?folder=1\ngopher_quality.words_min=70"]
        self.assertEqual((told["changed"]["kept"], told["changed"]["dropped"]), (expected["whatif"]["kept"], expected["whatif"]["dropped"]))
        near = carried["api/whatif?folder=1&rule=gopher_quality.too_short\ngopher_quality.words_min=70"]["samples"]
        self.assertEqual({sample["drops"] for sample in near}, {True, False})

    def test_an_exported_file_is_small_whatever_documents_are(self):
        # The sample has a page whose text is more than a megabyte, and one of 380 kB.
        self.ftok("run", "--recipe", "recipe.toml", "--input", SAMPLE, "-o", "texts", "--rejects", "text", "-q", "-v", "ftok-4k")
        self.ftok("view", "texts", "--export", "page.html")
        page = (self.folder / "page.html").read_text()
        carried = json.loads(page[page.index('id="data">') + 10 : page.index("</script>", page.index('id="data">'))])
        sizes = {place: len(json.dumps(answer)) for place, answer in carried.items() if place.startswith(("api/document?", "api/explain?"))}
        self.assertLess(max(sizes.values()), 640_000)
        self.assertGreater(max(sizes.values()), 300_000)  # what is below the limit stays
        self.assertLess(len(page), 2_000_000)

    def test_thresholds_that_cannot_be_tried_write_nothing(self):
        self.ftok("run", "--recipe", "recipe.toml", "--input", SAMPLE, "--measure", "m.jsonl", "-q")
        self.one_line(self.ftok("view", "corpus", "--set", "c4.sentences_min=4", "--export", "page.html", code=2), "--set: needs a file of `ftok run --measure`")
        self.one_line(self.ftok("view", "m.jsonl", "--set", "c4.sentence_min=4", "--export", "page.html", code=2), "sentences_min")
        self.one_line(self.ftok("view", "m.jsonl", "--set", "c4.line_words_min=4", "--export", "page.html", code=1), "no threshold")
        self.assertFalse((self.folder / "page.html").exists())

    def test_a_model_is_asked_for_what_comes_next(self):
        self.write("book.txt", "The tide comes in. The tide goes out. A gull sat on the wall.\n" * 200)
        self.ftok("tokenize", "book.txt", "-o", "shards", "-v", "ftok-4k", "-q")
        small = ["model.layers=1", "model.heads=1", "model.channels=8", "model.length=64", "training.tokens_per_step=64", "run.threads=1"]
        self.ftok("train", "--data", "shards", "-o", "model", "--steps", "4", *[word for key in small for word in ("--set", key)])
        address = self.serve("model")
        model = self.ask(address, "model", folder=0)
        self.assertEqual((model["there"], model["chat"], model["vocabulary"], model["step"]), (True, False, "ftok-4k", 4))
        prompt = "The tide"
        tokens = self.ask(address, "next", prompt.encode(), folder=0, temperature=0.5)["tokens"]
        expected = json.loads(self.ftok("generate", "model", prompt, "--probabilities", "12", "--temperature", "0.5", "--json").stdout)
        self.assertEqual([(t["id"], t["text"]) for t in tokens], [(t["id"], t["text"]) for t in expected])
        for ours, theirs in zip(tokens, expected):
            self.assertAlmostEqual(ours["probability"], theirs["probability"], 9)
        told = {"ids": [], "ended": False}
        for _ in range(2):  # goes on where it was
            so_far = ",".join(map(str, told["ids"]))
            told = self.ask(address, "talk", prompt.encode(), folder=0, temperature=0, so_far=so_far)
        expected = json.loads(self.ftok("generate", "model", prompt, "--temperature", "0", "--tokens", "50", "--json").stdout)
        self.assertEqual(told["ids"][:50], expected["ids"])
        for parameters in ({"so_far": "4096000"}, {"so_far": "a"}, {"temperature": "nan"}, {"temperature": "-1"}, {"chat": "1"}):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.ask(address, "talk", b"[]", folder=0, **parameters)
            self.assertIn(refused.exception.code, (400, 404), parameters)
            refused.exception.close()

    def test_a_chat_model_is_talked_to(self):
        rows = [{"messages": [{"role": "user", "content": f"What is {i}?"}, {"role": "assistant", "content": f"It is {i}."}]} for i in range(30)]
        self.write("chat.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        self.ftok("tokenize", "chat.jsonl", "--chat", "chatml", "-v", "ftok-4k", "-o", "shards", "-q")
        small = ["model.layers=1", "model.heads=1", "model.channels=8", "model.length=64", "training.tokens_per_step=64", "run.threads=1"]
        self.ftok("train", "--data", "shards", "-o", "model", "--steps", "2", *[word for key in small for word in ("--set", key)])
        address = self.serve("model")
        self.assertTrue(self.ask(address, "model", folder=0)["chat"])
        told = self.ask(address, "talk", b'[{"role":"user","content":"What is 7?"}]', folder=0, chat=1, temperature=0)
        expected = json.loads(self.ftok("generate", "model", "What is 7?", "--chat", "model", "--temperature", "0", "--tokens", "32", "--json").stdout)
        self.assertEqual(told["ids"], expected["ids"])

    def test_behind_a_proxy(self):
        base = "/user/me/proxy/8421"
        proxy = Proxy(base)
        self.addCleanup(proxy.close)
        address = self.serve("corpus", "--allow-host", "hub.example.org", "--base-path", base)
        proxy.to = urllib.parse.urlsplit(address)
        self.assertTrue(address.endswith(base + "/"), address)
        ask = lambda path, **headers: proxy.ask(path, {"Host": "hub.example.org", **headers})
        status, page = ask(f"{base}/?token={self.token}")
        self.assertEqual(status, 200)
        self.assertIn(b"<title>ftok view</title>", page)
        token = {"X-Ftok-Token": self.token}
        self.assertEqual(ask(f"{base}/api/run?folder=0", **token)[0], 200)
        self.assertEqual(ask(f"{base}/api/run?folder=0", **token, Origin="https://hub.example.org")[0], 200)
        self.assertEqual(ask(f"{base}/api/run?folder=0", **token, Origin="https://other.example.org")[0], 403)
        self.assertEqual(ask(f"{base}/api/run?folder=0")[0], 403)
        self.assertEqual(proxy.ask(f"{base}/api/run?folder=0", {"Host": "other.example.org", **token})[0], 403)


class Proxy:
    """A reverse proxy as JupyterHub's: passes requests on under their whole path, with the browser's Host."""

    def __init__(self, base):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if not self.path.startswith(base):
                    self.send_error(404)
                    return
                onward = http.client.HTTPConnection(proxy.to.hostname, proxy.to.port)
                onward.putrequest("GET", self.path, skip_host=True)
                for name, value in self.headers.items():
                    onward.putheader(name, value)
                onward.endheaders()
                answer = onward.getresponse()
                body = answer.read()
                onward.close()
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ask(self, path, headers):
        connection = http.client.HTTPConnection(*self.server.server_address)
        connection.putrequest("GET", path, skip_host=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def close(self):
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    unittest.main()
