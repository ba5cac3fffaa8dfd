// Documents of a run: those kept, those of a reason, those that are looked for; and one of them: its text with what decided marked, every rule's value, the page
// that it was taken from, and beside a duplicate the document that it repeats.

const WORDS = /[\p{L}\p{N}]+/gu;

// The lines of a text: [begin, end).
function linesOf(text) {
  const lines = [];
  for (let at = 0; at <= text.length; ) {
    const found = text.indexOf("\n", at), end = found < 0 ? text.length : found;
    if (end > at) lines.push([at, end]);
    at = end + 1;
  }
  return lines;
}

function spansOf(text, what) {
  const spans = [], lower = text.toLowerCase(), wanted = what.toLowerCase();
  if (wanted.length < 2 || lower.length !== text.length) return spans;
  for (let at = lower.indexOf(wanted); at >= 0 && spans.length < 2000; at = lower.indexOf(wanted, at + wanted.length)) spans.push([at, at + wanted.length]);
  return spans;
}

// Occurrences of runs of `length` words: those that repeat an earlier one, or with `commonest` all of the commonest.
function repeatedWords(text, length, commonest) {
  const words = [...text.matchAll(WORDS)].slice(0, 100000), seen = new Map();
  for (let i = 0; i + length <= words.length; ++i) {
    const key = words.slice(i, i + length).map((word) => word[0]).join(" ");
    if (!seen.has(key)) seen.set(key, []);
    seen.get(key).push([words[i].index, words[i + length - 1].index + words[i + length - 1][0].length]);
  }
  if (!commonest) return [...seen.values()].flatMap((spans) => spans.slice(1));
  return [...seen.values()].reduce((most, spans) => (spans.length > most.length ? spans : most), []);
}

function repeatedLines(text, separator) {
  const seen = new Set(), spans = [];
  let at = 0;
  for (const piece of text.split(separator)) {
    const begin = text.indexOf(piece, at), key = piece.trim();
    if (key && seen.has(key)) spans.push([begin, begin + piece.length]);
    seen.add(key);
    at = begin + piece.length;
  }
  return spans;
}

// What in `text` made the rule drop it, as far as it can be pointed at: [[begin, end], ...].
function decidingSpans(text, reason, detail) {
  const rule = reason.slice(reason.indexOf(".") + 1), lines = (test) => linesOf(text).filter(([begin, end]) => test(text.slice(begin, end).trim()));
  const matches = (pattern) => [...text.matchAll(pattern)].slice(0, 5000).map((match) => [match.index, match.index + match[0].length]);
  let gram = /^top_(\d+)gram$/.exec(rule);
  if (gram) return repeatedWords(text, Number(gram[1]), true);
  if ((gram = /^duplicate_(\d+)gram$/.exec(rule))) return repeatedWords(text, Number(gram[1]), false);
  if (/^duplicate_line/.test(rule)) return repeatedLines(text, /\n+/);
  if (/^duplicate_paragraph/.test(rule)) return repeatedLines(text, /\n{2,}/);
  if (rule === "bullet_lines") return lines((line) => /^[•-]/.test(line));
  if (rule === "ellipsis_lines") return lines((line) => /(\.\.\.|…)$/.test(line));
  if (rule === "short_lines") return lines((line) => line.length <= 30);
  if (rule === "few_punctuated_lines") return lines((line) => !/[.!?'"]$/.test(line));
  if (rule === "hashes") return matches(/#/g);
  if (rule === "ellipses") return matches(/\.\.\.|…/g);
  if (/curly|brace/.test(rule)) return matches(/[{}]/g);
  if (/lorem/.test(rule)) return matches(/lorem ipsum/gi);
  return detail ? spansOf(text, detail) : [];
}

// `text` with the spans marked; spans may overlap.
function withMarks(text, spans, kind = "mark") {
  const pieces = [];
  let at = 0;
  for (const [begin, end] of [...spans].sort((a, b) => a[0] - b[0])) {
    if (end <= at) continue;
    const from = Math.max(begin, at);
    pieces.push(text.slice(at, from), h(kind, {}, text.slice(from, end)));
    at = end;
  }
  return [...pieces, text.slice(at)];
}

// The longest common subsequence of two short lists: pairs of places.
function commonOf(a, b) {
  const width = b.length + 1, lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; --i)
    for (let j = b.length - 1; j >= 0; --j) lengths[i * width + j] = a[i] === b[j] ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
  const pairs = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) ++i;
    else ++j;
  }
  return pairs;
}

const COMPARED_MAX = 3000;  // lines, and words of lines that differ
// Where two texts differ: [spans of a, spans of b]. First by lines, then by words in what lies between lines they share.
function differences(a, b) {
  const of = (text) => linesOf(text).slice(0, COMPARED_MAX), lines = [of(a), of(b)], spans = [[], []];
  const pairs = commonOf(lines[0].map(([x, y]) => a.slice(x, y)), lines[1].map(([x, y]) => b.slice(x, y)));
  let before = [0, 0];
  for (const pair of [...pairs, [lines[0].length, lines[1].length]]) {
    const words = [a, b].map((text, side) => lines[side].slice(before[side], pair[side]).flatMap(([x, y]) => [...text.slice(x, y).matchAll(/\S+/g)].map((match) => [x + match.index, x + match.index + match[0].length])).slice(0, COMPARED_MAX));
    const same = commonOf(words[0].map(([x, y]) => a.slice(x, y)), words[1].map(([x, y]) => b.slice(x, y)));
    for (const side of [0, 1]) {
      const shared = new Set(same.map((one) => one[side]));
      spans[side].push(...words[side].filter((_, i) => !shared.has(i)));
    }
    before = [pair[0] + 1, pair[1] + 1];
  }
  return spans;
}

// Names with places where a line may break.
const breakable = (name) => name.split(/(?<=[._/])/).flatMap((piece, i) => (i ? [h("wbr"), piece] : [piece]));

class Documents {
  constructor(page) {
    this.place = page.place;
    this.list = h("div", {});
    this.kind = h("select", { "aria-label": "Which documents", onchange: () => this.choose(this.kind.value, "") }, h("option", { value: "kept" }, "kept"), h("option", { value: "dropped" }, "dropped"));
    this.reason = h("select", { "aria-label": "Reason", onchange: () => this.choose("dropped", this.reason.value) });
    this.back = h("button", { onclick: () => this.show(Math.max(0, this.chosen.at - 20)) }, "Previous");
    this.forth = h("button", { onclick: () => this.show(this.chosen.next) }, "Next");
    this.where = h("span", { class: "faint", role: "status" });
    this.to = h("input", { type: "number", min: 1, "aria-label": "Go to document number", placeholder: "number", onchange: () => this.show(Math.max(0, Number(this.to.value) - 1)) });
    this.words = h("input", { type: "search", "aria-label": "Look for an id, an address or a host", placeholder: "id, address or host" });
    this.anywhere = h("input", { type: "checkbox" });
    const search = h("form", { class: "bar", role: "search", onsubmit: (event) => { event.preventDefault(); this.find(); } }, this.words, h("label", {}, this.anywhere, "part of one"), h("button", {}, "Find"));
    this.heading = h("h3", { tabindex: "-1" }, "Documents");
    this.element = h("section", { "aria-label": "Documents" }, this.heading, h("div", { class: "bar" }, this.kind, this.reason, carried ? "" : search), h("div", { class: "bar" }, carried ? "" : [this.back, this.forth, this.to], this.where), this.list);
    this.chosen = { kind: "kept", reason: "", at: 0, next: 0 };
  }

  reasons(dropped) {
    const names = Object.entries(dropped).sort((a, b) => b[1] - a[1]), shown = names.map(([name, count]) => `${name} (${number(count)})`).join();
    if (shown === this.shownReasons) return;
    this.shownReasons = shown;
    this.reason.replaceChildren(h("option", { value: "" }, "for any reason"), ...names.map(([name, count]) => h("option", { value: name }, `${name} (${number(count)})`)));
    this.reason.value = this.chosen.reason;
  }

  choose(kind, reason, moves = false) {
    this.kind.value = kind;
    this.reason.value = reason;
    this.reason.hidden = kind === "kept";
    this.chosen = { kind, reason, at: 0, next: 0 };
    if (moves) this.heading.scrollIntoView({ block: "start" }), this.heading.focus({ preventScroll: true });
    return this.show(0);
  }

  async show(at) {
    const chosen = (this.chosen = { ...this.chosen, at });
    try {
      const answer = await ask(`api/documents?folder=${this.place}&kind=${chosen.kind}&reason=${encodeURIComponent(chosen.reason)}&at=${at}`);
      if (chosen !== this.chosen) return;
      chosen.next = answer.next;
      const count = answer.documents.length;
      this.back.disabled = at === 0;
      this.forth.disabled = !answer.more;
      this.where.textContent = count ? `${number(at + 1)} to ${number(at + count)}` + (answer.total === null ? "" : ` of ${number(answer.total)}`) : answer.more ? "None among those looked at so far." : "There are none here.";
      this.list.replaceChildren(...answer.documents.map((document) => this.item(document)));
    } catch (error) {
      this.list.replaceChildren();
      showError(this.list, error);
    }
  }

  // What is found is added while the search goes on.
  async find(words = this.words.value.trim(), anywhere = this.anywhere.checked) {
    if (!words) return;
    const chosen = (this.chosen = { ...this.chosen, at: 0, next: 0 });
    this.back.disabled = this.forth.disabled = true;
    this.list.replaceChildren();
    let count = 0;
    try {
      for (let from = "", more = true; more && count < 100; ) {
        const answer = await ask(`api/find?folder=${this.place}&text=${encodeURIComponent(words)}&anywhere=${anywhere ? 1 : 0}&from=${from}`);
        if (chosen !== this.chosen) return;
        this.list.append(...answer.documents.map((document) => this.item(document)));
        count += answer.documents.length;
        ({ next: from, more } = answer);
        this.where.textContent = `${number(count)} found` + (more ? `, ${share(answer.searched, answer.files)} searched` : count ? "" : anywhere ? "" : "; tick “part of one” to look inside addresses");
      }
    } catch (error) {
      showError(this.list, error);
    }
  }

  item(document) {
    const body = h("div", { class: "document" });
    const facts = [document.language, document.token_count !== undefined ? number(document.token_count) + " tokens" : "", document.date].filter(Boolean).join(", ");
    const compared = document.value || document.threshold ? `${short(document.value)}, threshold ${short(document.threshold)}` : "";
    const why = document.reason ? [document.duplicate_of ? `repeats ${document.duplicate_of}` : compared, document.detail ? `(${document.detail})` : ""].filter(Boolean).join(" ") : "";
    const element = h("details", { class: document.kind, ontoggle: () => { if (element.open && !body.childElementCount) new OneDocument(this.place, document, body).show(); } },
      h("summary", {}, h("span", { class: "tag" }, ...breakable(document.reason || "kept")), " ", document.url || document.id || "", h("span", { class: "faint" }, " " + [facts, why].filter(Boolean).join("; "))), body);
    return element;
  }
}

// One document, opened.
class OneDocument {
  constructor(place, document, body) {
    this.place = place;
    this.document = document;
    this.body = body;
  }

  path(what, { kind, part, row } = this.document) { return `api/${what}?folder=${this.place}&kind=${kind}&part=${part}&row=${row}`; }

  ask(what) { return ask(this.path(what)); }

  async show() {
    if (holds(this.path("document"))) {
      try {
        this.document = { ...this.document, ...(await this.ask("document")) };
      } catch (error) {
        return showError(this.body, error);
      }
    }
    const { document } = this;
    this.text = h("div", {});
    this.more = h("div", {});
    const bar = h("div", { class: "bar" });
    if (holds(this.path("explain"))) bar.append(h("button", { onclick: () => this.explain() }, "Explain"));
    if (document.duplicate_of && holds(this.findPath(""))) bar.append(h("button", { onclick: () => this.beside() }, "Beside what it repeats"));
    const named = ["id", "file_path", "offset", "dump", "language", "language_score", "detail", "duplicate_of", "cluster_size"].filter((name) => document[name] !== undefined && document[name] !== "");
    this.body.append(bar, this.more, this.text, h("dl", { class: "facts-list" }, named.map((name) => h("div", {}, h("dt", {}, name), h("dd", {}, String(document[name]))))));
    this.showText(document.text, document.reason || "", document.detail);
  }

  showText(text, reason, detail) {
    if (text === undefined) return this.text.replaceChildren(h("p", { class: "faint" }, "The run did not keep this text (ftok run --rejects text does). Explain reads the record again where ftok view was given the input (--input)."));
    const spans = reason ? decidingSpans(text, reason, detail) : [];
    this.text.replaceChildren(h("pre", { class: "text", tabindex: "0", role: "group", "aria-label": "Text" }, ...withMarks(text, spans)), this.document.whole_bytes ? h("p", { class: "faint" }, `the first part of ${number(this.document.whole_bytes)} bytes`) : "");
  }

  async explain() {
    this.more.replaceChildren(h("p", { class: "faint", role: "status" }, "Reading..."));
    try {
      const told = await this.ask("explain");
      if (this.document.text === undefined) this.showText(told.extracted, this.document.reason || "", this.document.detail);
      this.more.replaceChildren(this.rules(told), told.page ? this.page(told) : h("p", { class: "faint" }, told.from === "record" ? "The record is a text, not a page." : "Measured on the text as the run left it; with --input, ftok view shows the page beside it."));
      if (told.page) this.text.replaceChildren();
    } catch (error) {
      this.more.replaceChildren();
      showError(this.more, error);
    }
  }

  rules(told) {
    const rows = told.stages.flatMap((stage) => {
      const head = h("tr", {}, h("th", { scope: "rowgroup", colspan: 4 }, stage.stage, stage.summary ? h("span", { class: "faint" }, " " + stage.summary) : "", stage.rules.length === 0 ? h("span", { class: "faint" }, stage.reason ? " " + stage.reason : " passed") : ""));
      return [head, ...stage.rules.map((rule) => h("tr", { class: rule.drops ? "drops" : "" }, h("td", {}, ...breakable(rule.rule), rule.detail ? h("span", { class: "faint" }, ` (${rule.detail})`) : ""), h("td", { class: "n" }, short(rule.value)), h("td", { class: "faint" }, rule.relation ? `drops when ${rule.relation} ${short(rule.threshold)}` : ""), h("td", {}, rule.drops ? "drops" : "")))];
    });
    const outcome = told.outcome === "passes" ? "Passes every rule; deduplication decides in a run." : `Dropped by ${told.outcome}.`;
    const { reason } = this.document, differs = reason && reason !== told.outcome && !/^(dedup|pii)\./.test(reason);
    const remark = differs ? h("p", { class: "faint" }, `The run dropped it by ${reason}: lists and models that it took from files are not known here.`) : "";
    return h("div", {}, h("p", {}, h("strong", {}, outcome)), remark, h("details", { open: true }, h("summary", {}, "Every rule's value"), h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Rules" }, h("table", { class: "rules" }, h("tbody", {}, rows)))));
  }

  // The page's blocks, kept and dropped, beside the text that they became.
  page(told) {
    const { page } = told, reason = this.document.reason || "", text = reason ? told.extracted : told.text;
    if (page.failure) return h("p", {}, "Not extracted: " + page.failure);
    const blocks = page.blocks.map((block) => h("div", { class: block.kept ? "block is-kept" : "block" }, h("div", {}, block.text), h("div", { class: "why" }, `${block.score.toFixed(2)} ${block.why}`, h("br"), block.path)));
    return h("div", { class: "beside" },
      h("section", { "aria-label": "The page" }, h("h4", {}, "The page: what was kept, what was dropped and why"), h("div", { class: "blocks", tabindex: "0", role: "group", "aria-label": "Blocks of the page" }, blocks, page.blocks_in_all > blocks.length ? h("p", { class: "faint" }, `and ${number(page.blocks_in_all - blocks.length)} blocks more`) : "")),
      h("section", { "aria-label": "Its text" }, h("h4", {}, "Its text"), h("pre", { class: "blocks", tabindex: "0", role: "group", "aria-label": "Text" }, ...withMarks(text, reason ? decidingSpans(text, reason, this.document.detail) : []))));
  }

  findPath(from) { return `api/find?folder=${this.place}&text=${encodeURIComponent(this.document.duplicate_of)}&anywhere=0&from=${from}`; }

  // Its own text, also where the run did not keep it.
  async textOf(document) {
    if (document.text !== undefined) return (await ask(this.path("document", document))).text;
    return (await ask(this.path("explain", document))).extracted;
  }

  async beside() {
    this.more.replaceChildren(h("p", { class: "faint", role: "status" }, "Looking for it..."));
    try {
      let other = null;
      for (let from = "", more = true; more && !other; ) {
        const answer = await ask(this.findPath(from));
        other = answer.documents.find((document) => document.id === this.document.duplicate_of) || null;
        ({ next: from, more } = answer);
      }
      if (!other) throw new Error(`${this.document.duplicate_of} is not in this run`);
      const texts = [await this.textOf(other), await this.textOf(this.document)], spans = differences(...texts);
      const side = (title, document, i) => h("section", { "aria-label": title }, h("h4", {}, title), h("p", { class: "faint" }, document.url || document.id), h("pre", { class: "blocks", tabindex: "0", role: "group", "aria-label": title }, ...withMarks(texts[i], spans[i], i ? "ins" : "del")));
      const count = spans[0].length + spans[1].length;
      this.more.replaceChildren(h("p", { role: "status" }, count ? `Words that differ: ${number(spans[0].length)} of the first, ${number(spans[1].length)} of the second.` : "The texts are the same."), h("div", { class: "beside" }, side("What it repeats", other, 0), side("The duplicate", this.document, 1)));
      this.text.replaceChildren();
    } catch (error) {
      this.more.replaceChildren();
      showError(this.more, error);
    }
  }
}
