"""The pages of `ftok view` in a real headless Chromium, by its driver: typing, keys, pasting a megabyte, opening a document, a reason's
documents, dark mode, 360 and 1,440 pixels. One browser for all of it.

  FTOK=path/to/ftok browser_checks.py [TestName...]
Needs chromium and chromium-driver, and selenium and axe-core-python in $FTOK_PEERS/browser (tools/setup --browser); skipped (exit code 77) without them.
PICTURES=FOLDER saves what it sees: docs/images/view-*.png are made of that (tools/make/make_images --pages).
"""
import json, os, re, shutil, subprocess, sys, tempfile, time, unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PEER = Path(os.environ.get("FTOK_PEERS", Path(tempfile.gettempdir()) / "ftok-peers")) / "browser" / "bin" / "python"
AXE = next((PEER.parent.parent / "lib").glob("python3*/site-packages/axe_core_python/axe.min.js"), None)
SAMPLE = ROOT / "share" / "sample" / "ftok-sample.warc.gz"
PASTE_BYTES = 1_000_000
SECONDS_MAX = 60

if os.environ.get("FTOK_BROWSER_PEER") != "1":
    needs = {"chromium": shutil.which("chromium"), "chromedriver": shutil.which("chromedriver"), str(PEER): PEER.exists(), "axe-core-python": AXE}
    missing = [name for name, there in needs.items() if not there]
    if missing:
        print(f"skipped: no {', '.join(missing)} (tools/setup --browser)")
        sys.exit(77)
    os.execve(PEER, [str(PEER), __file__, *sys.argv[1:]], {**os.environ, "FTOK_BROWSER_PEER": "1"})

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

FTOK = os.path.abspath(os.environ["FTOK"])
PICTURES = os.environ.get("PICTURES")


def make_browser():
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


def write_inputs(folder):
    """a run with texts of both sides, and a training run"""
    environment = dict(os.environ, FTOK_SHARE=str(ROOT / "share"))
    run = lambda *arguments: subprocess.run([FTOK, *arguments], cwd=folder, env=environment, check=True, capture_output=True)
    shutil.copyfile(SAMPLE, folder / "crawl.warc.gz")
    run("run", "crawl.warc.gz", "-o", "corpus", "-v", "ftok-4k", "--rejects", "text", "-q")
    run("run", "crawl.warc.gz", "--measure", "m.jsonl", "-q")
    rows = [{"messages": [{"role": "user", "content": f"What is {i}?"}, {"role": "assistant", "content": f"It is {i}."}]} for i in range(30)]
    (folder / "chat.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("tokenize", "chat.jsonl", "--chat", "chatml", "-v", "ftok-4k", "-o", "shards", "-q")
    small = ("model.layers=1", "model.heads=1", "model.channels=8", "model.length=64", "training.tokens_per_step=64", "run.threads=1")
    run("train", "--data", "shards", "-o", "trained", "--steps", "3", *[word for key in small for word in ("--set", key)])
    (folder / "model").mkdir()
    (folder / "model" / "log.jsonl").write_text(log_of_training(run, folder) if PICTURES else made_up_log())
    (folder / "model" / "samples.jsonl").write_text("".join(json.dumps({"step": i, "text": f"sample </script><b>{i}</b>"}) + "\n" for i in (0, 100, 200)))


def made_up_log():
    """of 200 steps, ten of which have a validation loss"""
    lines = [{"step": i, "loss": 8 / i ** 0.3 + 0.2 * ((i * 7919) % 13) / 13, "norm": 1 + (i % 7) / 10, "lr": 3e-3 * min(1, i / 20), "tokens_per_second": 50_000 + 500 * (i % 11)} for i in range(1, 201)]
    for line in lines[19::20]:
        line["validation_loss"] = line["loss"] + 0.1
    return "".join(json.dumps(line) + "\n" for line in lines)


def log_of_training(run, folder):
    """the same of a true run, which takes a minute, on this project's documentation"""
    run("tokenize", *sorted((ROOT / "docs").glob("*.md")), "-v", "ftok-4k", "-o", "docs", "-q")
    keys = ("model.layers=2", "model.heads=4", "model.channels=64", "model.length=64", "training.tokens_per_step=1024", "run.sample_every=20")
    run("train", "--data", "docs", "-o", "learnt", "--steps", "200", *[word for key in keys for word in ("--set", key)])
    return (folder / "learnt" / "log.jsonl").read_text()


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="ftok-view-")
        folder = cls.folder = Path(cls.temporary.name)
        cls.addClassCleanup(cls.temporary.cleanup)
        write_inputs(folder)
        environment = dict(os.environ, FTOK_SHARE=str(ROOT / "share"), FTOK_CACHE=str(folder / "cache"))
        cls.server = subprocess.Popen([FTOK, "view", "model", "corpus", "m.jsonl", "trained", "--input", "crawl.warc.gz", "--vocab", "ftok-4k", "--vocab", "ftok-100k"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.end_server)
        cls.address = cls.server.stdout.readline().strip()
        cls.browser = make_browser()
        cls.addClassCleanup(cls.browser.quit)
        cls.browser.set_script_timeout(4 * SECONDS_MAX)

    @classmethod
    def end_server(cls):
        cls.server.terminate()
        cls.server.wait(SECONDS_MAX)
        cls.server.stdout.close()

    def setUp(self):
        self.width(1440)

    def tearDown(self):
        """no script failed, and nothing was refused by the page's own policy"""
        log = [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] == "SEVERE"]
        self.assertEqual(log, [])

    def width(self, pixels, dark=False):
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": False})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def open(self, page, address=None):
        self.browser.get("about:blank")
        self.browser.get((address or self.address) + "#" + page)
        self.wait(lambda: self.all("nav a[aria-current]"))

    def wait(self, condition):
        end = time.monotonic() + SECONDS_MAX
        while time.monotonic() < end:
            try:
                if value := condition():
                    return value
            except StaleElementReferenceException:  # the page has drawn it anew
                pass
            time.sleep(0.02)
        self.fail("waited in vain; the page says: " + self.browser.find_element(By.TAG_NAME, "body").text[:2000])

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def script(self, text, *arguments):
        return self.browser.execute_script(text, *arguments)

    def facts(self):
        return [element.text for element in self.all(".facts")]

    def picture(self, name):
        if PICTURES:
            Path(PICTURES).mkdir(parents=True, exist_ok=True)
            self.browser.save_screenshot(str(Path(PICTURES) / f"{name}.png"))

    def type_text(self, text):
        area = self.all("#text")[0]
        area.send_keys(Keys.CONTROL, "a")
        area.send_keys(text)

    def test_tokens_follow_what_is_typed(self):
        self.open("tokens")
        self.wait(lambda: len(self.facts()) == 2 and all("tokens" in facts for facts in self.facts()))
        self.type_text("Hello world")
        counts = {}
        for vocabulary in ("ftok-4k", "ftok-100k"):
            done = subprocess.run([FTOK, "encode", "--vocab", vocabulary, "--ids", "Hello world"], env=dict(os.environ, FTOK_SHARE=str(ROOT / "share")), capture_output=True, text=True, check=True)
            counts[vocabulary] = done.stdout.split()
        self.wait(lambda: [facts.split()[0] for facts in self.facts()] == [str(len(ids)) for ids in counts.values()] and "11 bytes" in self.facts()[0])
        shown = self.script("return [...document.querySelectorAll('.tokens')].map((view) => [...view.querySelectorAll('b')].map((b) => b.textContent).join(''))")
        self.assertEqual(shown, ["Hello·world", "Hello·world"])
        self.all(".bar button")[0].click()  # ids
        shown = self.script("return [...document.querySelectorAll('.tokens')].map((view) => view.textContent.trim().split(/\\s+/))")
        self.assertEqual(shown, list(counts.values()))

    def test_keys_walk_through_tokens_and_say_their_bytes(self):
        self.open("tokens")
        self.type_text("na\u00efve \U0001F642")
        self.wait(lambda: "11 bytes" in self.facts()[0])
        view = self.all(".tokens")[0]
        view.send_keys(Keys.ARROW_RIGHT)
        detail = self.all(".detail")[0].text
        self.assertRegex(detail, r"id \d+ +token 1 of \d+\nbytes 6e")
        view.send_keys(Keys.ARROW_RIGHT)
        self.assertIn("token 2 of", self.all(".detail")[0].text)
        self.assertEqual(len(self.all(".tokens b.at")), 1)

    def test_special_tokens_and_conversations(self):
        self.open("tokens")
        self.type_text("<|endoftext|>")
        self.wait(lambda: "13 bytes" in self.facts()[0])
        self.assertEqual(self.all(".tokens b.s"), [])
        next(button for button in self.all(".bar button") if button.text == "Special tokens").click()
        self.wait(lambda: self.facts()[0].startswith("1 "))
        self.assertEqual(len(self.all(".tokens b.s")), 2)
        self.script("const s = document.querySelector('.bar select'); s.value = 'chatml'; s.dispatchEvent(new Event('change'))")
        self.wait(lambda: self.all(".tokens b.loss"))
        self.picture("conversation-1440-light")

    def test_a_text_is_never_markup(self):
        self.open("tokens")
        self.script("const t = document.getElementById('text'); t.value = '<img src=x onerror=document.title=1><script>document.title=2</script>'; t.dispatchEvent(new InputEvent('input'))")
        self.wait(lambda: "69 bytes" in self.facts()[0])
        self.assertEqual(self.all(".tokens img, .tokens script"), [])
        self.assertEqual(self.browser.title, "Tokens - ftok view")

    def test_a_megabyte_is_drawn_between_two_keys(self):
        self.open("tokens")
        self.all("section.card .top button")[1].click()  # one vocabulary
        text = "".join(path.read_text() for path in sorted((ROOT / "docs").glob("*.md")))
        text = (text * (1 + PASTE_BYTES // len(text)))[:PASTE_BYTES]
        self.script("const t = document.getElementById('text'); t.focus(); t.value = arguments[0]; t.dispatchEvent(new InputEvent('input'))", text)
        self.wait(lambda: re.match(r"[\d,]{6,} tokens", self.facts()[0]))
        # The page says how long each took, from the key to the frame that shows its tokens.
        times = []
        self.script("const t = document.getElementById('text'); t.focus(); t.setSelectionRange(5000, 5000)")
        for _ in range(8):
            self.script("document.getElementById('latency').textContent = ''")
            self.browser.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "char", "text": "a"})
            times.append(int(self.wait(lambda: self.all("#latency")[0].text).split()[0]))
        times.sort()
        print(f"a key with a megabyte of text: median {times[len(times) // 2]} ms, worst {times[-1]} ms", file=sys.stderr)
        self.assertEqual(self.script("return document.getElementById('text').value.slice(5000, 5008)"), "a" * 8)
        # A key asks for its own block alone, and draws the row that it changed.
        self.script("performance.clearResourceTimings(); window.rowsBefore = [...document.querySelectorAll('.tokens .row')]; document.getElementById('text').setSelectionRange(20, 20); document.getElementById('latency').textContent = ''")
        self.browser.execute_cdp_cmd("Input.dispatchKeyEvent", {"type": "char", "text": "a"})
        self.wait(lambda: self.all("#latency")[0].text)
        requests, answered, same, rows = self.script("const asked = performance.getEntriesByType('resource'), rows = [...document.querySelectorAll('.tokens .row')]; return [asked.length, asked.reduce((sum, one) => sum + one.decodedBodySize, 0), rows.filter((row) => window.rowsBefore.includes(row)).length, rows.length]")
        self.assertEqual(requests, 1)
        self.assertLess(answered, 60_000)
        self.assertGreater(rows, 15)
        self.assertGreater(same, rows - 5)
        self.assertLess(len(self.all(".tokens b")), 5000)  # what is in sight, not a quarter of a million elements
        # What came of blocks is what comes of the whole text, also behind edits at the joints of blocks.
        self.script("""const t = document.getElementById('text');
          for (const [what, from, to] of [['x', 40000, 90000], ['\\n \\n', 32770, 32770], ['', 0, 1], ['y\\n', t.value.length, t.value.length]]) {
            t.setRangeText(what, from, to);
            t.dispatchEvent(new InputEvent('input'));
          }""")
        edited = self.script("return document.getElementById('text').value")
        count = subprocess.run([FTOK, "encode", "--vocab", self.script("return document.querySelector('.card select').value"), "--count"], input=edited.encode(), env=dict(os.environ, FTOK_SHARE=str(ROOT / "share")), capture_output=True, check=True).stdout.decode().strip()
        self.wait(lambda: self.facts()[0].split()[0].replace(",", "") == count)
        text = edited
        self.script("document.querySelector('.tokens').scrollTop = 1e9")
        last = text.split()[-1][-3:]
        self.wait(lambda: last in self.script("return [...document.querySelectorAll('.tokens b')].map((b) => b.textContent).join('')"))

    def test_tokens_after_any_edits_are_those_of_the_whole_text(self):
        self.open("tokens")
        different = self.browser.execute_async_script(r"""
          const done = arguments[0], page = pages[0].page, area = document.getElementById("text"), vocabularies = page.names;
          let state = 12345;
          const below = (end) => (state = (state * 1103515245 + 12345) % 2147483648) % end;  // the same edits each time
          const pieces = ["a", " ", "\n", "\n\n", "  \n ", "\t", "12345", "don't", "\u00e9", "e\u0301", "\u4f60\u597d", "\u0661\u0662", "\ud83d\ude42", "\ud83d", "\u00a0", "\u0085", "\u2028", "<|endoftext|>", "x".repeat(500), "line\n".repeat(4000), ")\n(", "\u0301", "\u200d"];
          const whole = async (name) => [...parseTokens(await ask(`api/encode?vocab=${encodeURIComponent(name)}&specials=${page.allowsSpecials ? "allow" : "plain"}`, utf8.encode(area.value)), utf8.encode(area.value)).ids].join();
          const shown = (panel) => panel.tokens.parts.map((part) => [...part.ids].join()).filter(Boolean).join();
          (async () => {
            while (page.panels.length < vocabularies.length) page.add(vocabularies.find((name) => !page.panels.some((panel) => panel.vocabulary === name)));
            area.value = Array.from({ length: 3000 }, (_, i) => `Line ${i}, and what stands in it.${i % 7 ? "" : "\n"}`).join("\n");
            const different = [];
            for (let i = 0; i < 40; ++i) {
              const from = below(area.value.length), piece = pieces[below(pieces.length)], length = [0, 0, 1, 3, 40, 30000][below(6)];
              area.setRangeText(piece, from, Math.min(area.value.length, from + length));
              page.allowsSpecials = i % 10 > 7;
              await page.refreshAll();
              for (const panel of page.panels) if (shown(panel) !== await whole(panel.vocabulary)) different.push([i, panel.vocabulary, piece, from, length]);
            }
            page.allowsSpecials = false;
            done([different, page.panels.length, Math.max(...page.panels.map((panel) => panel.tokens.parts.length))]);
          })().catch((error) => done(String(error)));""")
        self.assertEqual(different[0], [], different)
        self.assertGreaterEqual(different[1], 3)
        self.assertGreater(different[2], 4)

    def test_a_training_run_and_what_is_added_to_it(self):
        self.open("0")
        self.wait(lambda: len(self.all(".charts svg")) == 4)
        self.assertIn("200", self.all(".figures dd")[0].text)
        self.assertEqual(len(self.all("svg circle")), 10)
        self.assertEqual([summary.text for summary in self.all("details summary")], ["Step 200", "Step 100", "Step 0"])
        self.assertIn("sample </script><b>200</b>", self.all("details pre")[0].text)
        with open(self.folder / "model" / "log.jsonl", "a") as log:
            log.write('{"step":201,"loss":1.25,"norm":1,"lr":0.003,"tokens_per_second":1}\n')
        self.wait(lambda: "201" in self.all(".figures dd")[0].text)

    def test_a_model_says_what_comes_next_and_answers(self):
        self.open("3")
        self.wait(lambda: len(self.all(".next tr")) == 12)
        shares = [float(row.text.split()[-2]) for row in self.all(".next tr")]
        self.assertEqual(shares, sorted(shares, reverse=True))
        prompt = lambda: self.script("return document.getElementById('prompt').value")
        self.assertEqual(prompt(), "The")
        self.all(".next button")[0].click()
        self.wait(lambda: len(prompt()) > 3)
        begin = prompt()
        self.button("Continue")
        self.wait(lambda: len(prompt()) > len(begin) + 20)
        self.assertTrue(prompt().startswith(begin))
        self.all("form input[type=text]")[0].send_keys("What is 7?" + Keys.ENTER)
        self.wait(lambda: self.script("const said = document.querySelector('.message.assistant span'); return said && said.textContent !== '...'"))
        self.assertEqual(self.all(".message.user span")[0].text, "What is 7?")
        self.picture("talk-1440-light")

    def test_a_run_its_funnel_and_its_documents(self):
        self.open("1")
        self.wait(lambda: self.all("details.kept"))
        self.wait(lambda: self.all("tbody tr"))
        rows = [row.text for row in self.all(".funnel tbody tr")]
        self.assertTrue(any(row.startswith("language ") for row in rows), rows)
        self.wait(lambda: "Hosts kept" in self.page_text() and "Lengths kept" in self.page_text())
        reason = next(button for button in self.all("tr.reason button") if button.text.startswith("c4."))
        name = reason.text
        reason.click()
        self.wait(lambda: self.all("details.dropped"))
        self.assertEqual({tag.text for tag in self.all("details.dropped .tag")}, {name})
        self.all("details.dropped summary")[0].click()
        self.wait(lambda: self.all("details.dropped pre.text"))
        self.assertGreater(len(self.all("details.dropped pre")[0].text), 20)

    def choose(self, reason):
        self.script("const [kind, reason] = document.querySelectorAll('section[aria-label=Documents] select'); kind.value = 'dropped'; kind.dispatchEvent(new Event('change')); reason.value = arguments[0]; reason.dispatchEvent(new Event('change'))", reason)
        self.wait(lambda: {tag.text for tag in self.all("section[aria-label=Documents] .tag")} == {reason})
        self.all("details.dropped summary")[0].click()
        self.wait(lambda: self.all("details.dropped .bar button"))

    def button(self, name):
        self.wait(lambda: self.script("const button = [...document.querySelectorAll('button')].find((one) => one.textContent === arguments[0]); if (button) button.click(); return Boolean(button)", name))

    def page_text(self):
        return self.script("return document.body.innerText")

    def test_a_document_its_page_and_what_decided(self):
        self.open("1")
        self.wait(lambda: self.all(".funnel"))
        self.choose("gopher_repetition.duplicate_lines")
        self.assertTrue(self.all("pre.text mark"))
        self.button("Explain")
        self.wait(lambda: self.all(".rules tr.drops"))
        drops = [row.text for row in self.all(".rules tr.drops")]
        self.assertTrue(any("gopher_repetition.duplicate_lines" in row and "drops" in row for row in drops), drops)
        self.script("document.querySelector('details.dropped .document').scrollIntoView()")
        self.picture("rules-1440-light")
        self.choose("dedup.exact")
        self.button("Explain")
        self.wait(lambda: self.all(".block.is-kept"))
        self.assertTrue(self.all(".block:not(.is-kept) .why"))
        self.script("document.querySelector('.beside').scrollIntoView()")
        self.picture("explain-1440-light")

    def test_a_duplicate_beside_what_it_repeats(self):
        self.open("1")
        self.wait(lambda: self.all(".funnel"))
        self.choose("dedup.minhash")
        self.button("Beside what it repeats")
        self.wait(lambda: len(self.all(".beside pre")) == 2)
        self.assertTrue(self.all(".beside del, .beside ins"))
        first, second = [pre.text for pre in self.all(".beside pre")]
        self.assertNotEqual(first, second)
        self.script("document.querySelector('.beside').scrollIntoView()")
        self.picture("duplicate-1440-light")

    def test_search_finds_an_address(self):
        self.open("1")
        self.wait(lambda: self.all("details.kept"))
        address = re.search(r"https?://\S+", self.all("details.kept summary")[0].text)[0]
        box = self.all("input[type=search]")[0]
        box.send_keys(address + Keys.ENTER)
        self.wait(lambda: len(self.all("section[aria-label=Documents] details")) == 1)
        self.assertIn(address, self.all("section[aria-label=Documents] summary")[0].text)
        box.clear()
        box.send_keys("no such address" + Keys.ENTER)
        self.wait(lambda: self.page_text().count("0 found"))

    def test_a_threshold_is_dragged(self):
        self.open("1")
        card = "figure:has(input[aria-label='Threshold of gopher_quality.too_short'])"
        line = self.wait(lambda: self.all(f"{card} .threshold"))[0]
        self.script("arguments[0].scrollIntoView({block: 'center'})", line)
        ActionChains(self.browser).move_to_element(self.all(f"{card} .grip")[0]).click_and_hold().move_by_offset(60, 0).perform()
        self.wait(lambda: self.all("#whatif-time"))  # while it is dragged
        ActionChains(self.browser).move_by_offset(10, 0).release().perform()
        moved = self.all(f"{card} input")[0].get_attribute("value")
        self.assertGreater(int(moved), 50)
        expected = json.loads(subprocess.run([FTOK, "whatif", "m.jsonl", "--json", "--set", f"gopher_quality.words_min={moved}"], cwd=self.folder, capture_output=True, check=True).stdout)
        self.wait(lambda: f"kept {expected['measured']['kept']} {expected['whatif']['kept']}" in self.all(".whatif")[0].text)
        self.picture("whatif-1440-light")
        self.button("Back to the recipe's")
        self.assertEqual(self.all(f"{card} input")[0].get_attribute("value"), "50")

    def test_every_page_fits_and_keeps_its_colours(self):
        for page in ("tokens", "0", "1", "2"):
            for pixels in (360, 1440):
                for dark in (False, True):
                    with self.subTest(page=page, pixels=pixels, dark=dark):
                        self.width(pixels, dark)
                        self.open(page)
                        self.wait(lambda: self.all(".facts strong, .charts svg, details.kept, .panels .grip"))
                        self.assertLessEqual(self.script("return document.documentElement.scrollWidth"), pixels)
                        cut = self.script("return [...document.querySelectorAll('svg text')].filter((text) => { const box = text.getBoundingClientRect(), picture = text.ownerSVGElement.getBoundingClientRect(); return box.width && (box.left < picture.left - 1 || box.right > picture.right + 1); }).map((text) => text.textContent)")
                        self.assertEqual(cut, [])
                        heads = self.script("return [...document.querySelectorAll('.whatif th')].filter((head) => head.getBoundingClientRect().right > head.closest('.wide').getBoundingClientRect().right + 1).map((head) => head.textContent)")
                        self.assertEqual(heads, [])
                        paper = self.script("return getComputedStyle(document.body).backgroundColor")
                        self.assertEqual(sum(map(int, re.findall(r"\d+", paper)[:3])) < 384, dark, paper)
                        self.picture(f"{page}-{pixels}-{'dark' if dark else 'light'}")
        unnamed = self.script("return [...document.querySelectorAll('button, select, a, textarea, [tabindex=\"0\"]')].filter((e) => !(e.textContent || '').trim() && !e.getAttribute('aria-label') && !document.querySelector(`label[for='${e.id || '-'}']`)).map((e) => e.outerHTML)")
        self.assertEqual(unnamed, [])

    def test_every_page_keeps_the_rules_of_accessibility(self):
        """those of axe, WCAG 2.1 A and AA, light and dark"""
        axe = AXE.read_text()
        for page, ready in (("tokens", ".facts strong"), ("0", "#prompt, section[aria-label='The model'] p"), ("1", "details.kept"), ("2", ".panels .grip"), ("3", ".next tr")):
            for dark in (False, True):
                with self.subTest(page=page, dark=dark):
                    self.width(1440, dark)
                    self.open(page)
                    self.wait(lambda: self.all(ready))
                    if page == "1":
                        self.all("details.kept summary")[0].click()
                        self.wait(lambda: self.all("details.kept .bar button"))
                        self.button("Explain")
                        self.wait(lambda: self.all(".block.is-kept"))
                    self.browser.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})  # as a developer's console, past the page's policy
                    broken = self.browser.execute_async_script("const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then((found) => done(found.violations.map((v) => [v.id, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary])))")
                    self.assertEqual(broken, [])

    def test_an_exported_file_shows_the_same_without_a_server(self):
        book = self.folder / "book.txt"
        book.write_text("Hello </script> world")
        subprocess.run([FTOK, "view", "model", "corpus", "m.jsonl", "--input", "crawl.warc.gz", "--set", "gopher_quality.words_min=70", "--text", "book.txt", "--vocab", "ftok-4k", "--export", "page.html"], cwd=self.folder, env=dict(os.environ, FTOK_SHARE=str(ROOT / "share")), check=True, capture_output=True)
        address = (self.folder / "page.html").as_uri()
        self.open("tokens", address)
        self.wait(lambda: "21 bytes" in self.facts()[0])
        self.assertEqual(self.script("return [...document.querySelectorAll('.tokens b')].map((b) => b.textContent).join('')"), "Hello·</script>·world")
        self.open("0", address)
        self.wait(lambda: self.all(".charts svg"))
        self.open("1", address)
        self.wait(lambda: self.all("details.kept"))
        # the first documents of a list are explained, beside their pages; those after them are not
        self.assertEqual(len(self.all("details.kept")), 20)
        self.all("details.kept summary")[0].click()
        self.button("Explain")
        self.wait(lambda: self.all(".block.is-kept") and self.all(".rules tr"))
        self.all("details.kept summary")[15].click()
        self.wait(lambda: len(self.all("details.kept pre.text")) > 1 or len(self.all("details.kept .facts-list")) > 1)
        self.assertEqual(len([button for button in self.all("details.kept .bar button") if button.text == "Explain"]), 1)
        self.choose("dedup.minhash")
        self.button("Beside what it repeats")
        self.wait(lambda: len(self.all(".beside pre")) == 2)
        # and the thresholds that were tried are shown with what they give
        expected = json.loads(subprocess.run([FTOK, "whatif", "m.jsonl", "--json", "--set", "gopher_quality.words_min=70", "--sample", "6", "--rule", "gopher_quality.too_short"], cwd=self.folder, capture_output=True, check=True).stdout)
        row = f"kept {expected['measured']['kept']} {expected['whatif']['kept']}"
        self.wait(lambda: self.all(".whatif") and row in self.all(".whatif")[0].text)
        self.assertNotEqual(expected["measured"]["kept"], expected["whatif"]["kept"])
        card = "figure:has(svg[aria-label^='gopher_quality.too_short'])"
        self.assertIn("threshold 70", self.all(f"{card} svg")[0].text)
        self.script("document.querySelector(arguments[0]).click()", f"{card} button")
        self.wait(lambda: len(self.all(f"{card} tbody tr")) == len(expected["samples"]))
        self.assertEqual(self.all("input[type=number]"), [])
        self.picture("exported-1440-light")


if __name__ == "__main__":
    unittest.main()
