// The tokens of a text as one types it, in several vocabularies side by side. Rows are laid out here in a monospaced font, and only those in sight are
// elements, so that a megabyte of text is drawn between two keystrokes.

const ROW = 24;  // pixels, as in view.css
const utf8 = new TextEncoder();

// What token_answers.h describes.
function parseTokens(buffer, sent) {
  const size = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
  const ids = new Uint32Array(buffer, 4 + size, head.tokens), ends = new Uint32Array(buffer, 4 + size + 4 * head.tokens, head.tokens);
  let at = 4 + size + 8 * head.tokens;
  const roles = head.roles ? new Uint8Array(buffer, at, head.tokens) : null;
  if (roles) at += head.tokens;
  const bytes = head.own_bytes ? new Uint8Array(buffer, at) : sent;
  return { head, ids, ends, roles, bytes, specials: new Set(head.specials) };
}

// A text in blocks of whole lines. Between a line feed and what is no white space no token crosses, so blocks are encoded one by one; of those that were
// there `before`, all but what has changed stay the same.
const BLOCK = 16384;
function blocksOf(text, before) {
  const isSpace = (at) => /[\s\x85]/.test(text.charAt(at));
  let first = 0, begin = 0, last = before.length, end = text.length;
  while (first < last && text.startsWith(before[first], begin)) begin += before[first++].length;
  while (last > first && end - before[last - 1].length >= begin && text.endsWith(before[last - 1], end)) end -= before[--last].length;
  while (first > 0 && begin < text.length && (text.charAt(begin - 1) !== "\n" || isSpace(begin))) begin -= before[--first].length;
  while (last < before.length && end > begin && (text.charAt(end - 1) !== "\n" || isSpace(end))) end += before[last++].length;
  const middle = [], cut = /\n(?=[^\s\x85])/g;
  for (let at = begin; at < end; ) {
    cut.lastIndex = at + BLOCK;
    const found = cut.exec(text), next = found && found.index + 1 < end ? found.index + 1 : end;
    middle.push(text.slice(at, next));
    at = next;
  }
  return [...before.slice(0, first), ...middle, ...before.slice(last)];
}

// The last of ascending numbers, of which the first is 0, that is not above `value`.
function placeIn(ascending, value) {
  let low = 0, high = ascending.length;
  while (low + 1 < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

// The tokens of blocks, one after the other. Nothing is copied: a key that changes one block costs no more in a long text than in a short one.
class Tokens {
  constructor(parts) {
    this.parts = parts;
    this.before = [];  // tokens before each part
    this.count = this.size = this.characters = 0;
    for (const part of parts) {
      this.before.push(this.count);
      this.count += part.ids.length, this.size += part.bytes.length;
      this.characters += part.head.characters || new TextDecoder().decode(part.bytes).replace(/[\udc00-\udfff]/g, "").length;
    }
    this.roleNames = parts[0].head.roles || [];
  }

  at(i) {
    const place = placeIn(this.before, i);
    return [this.parts[place], i - this.before[place]];
  }

  id(i) { const [part, at] = this.at(i); return part.ids[at]; }

  bytesOf(i) { const [part, at] = this.at(i); return part.bytes.subarray(at > 0 ? part.ends[at - 1] : 0, part.ends[at]); }

  isSpecial(i) { const [part, at] = this.at(i); return part.specials.has(part.ids[at]); }

  // Of a conversation: 0 the template, else 1 + the place of the role's name; -1 of a text.
  role(i) { const [part, at] = this.at(i); return part.roles ? part.roles[at] & 127 : -1; }

  isInLoss(i) { const [part, at] = this.at(i); return part.roles !== null && part.roles[at] >= 128; }

  lay(columns, showsIds) {
    this.rowsBefore = [];
    this.rows = 0;
    for (const part of this.parts) {
      if (!part.laid || part.laid.columns !== columns || part.laid.showsIds !== showsIds) part.laid = { columns, showsIds, rows: layOut(part, columns, showsIds) };
      this.rowsBefore.push(this.rows);
      this.rows += part.laid.rows.length;
    }
  }

  // The first token of a row, and the one behind its last.
  row(number) {
    const place = placeIn(this.rowsBefore, number), { rows } = this.parts[place].laid, at = number - this.rowsBefore[place];
    return [this.before[place] + rows[at], this.before[place] + (at + 1 < rows.length ? rows[at + 1] : this.parts[place].ids.length)];
  }

  rowOf(i) {
    const place = placeIn(this.before, i);
    return this.rowsBefore[place] + placeIn(this.parts[place].laid.rows, i - this.before[place]);
  }
}

// The columns that a token takes: of a cut character each byte four ("‹e4›"), of a wide one two.
function columnsOf(bytes, begin, end) {
  let columns = 0;
  for (let i = begin; i < end; ) {
    const lead = bytes[i];
    const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
    if (length === 0 || i + length > end) columns += 4, i += 1;
    else columns += lead >= 0xe3 && lead !== 0xef ? 2 : lead < 0x20 || lead === 0x7f ? 4 : 1, i += length;
  }
  return columns;
}

// Where rows begin: at a token that does not fit any more, and behind one with a line feed.
function layOut(tokens, columns, showsIds) {
  const { ids, ends, bytes } = tokens, rows = [0];
  let at = 0, begin = 0;
  for (let i = 0; i < ids.length; ++i) {
    const end = ends[i];
    let width = 0, breaks = false;
    if (showsIds) {
      width = ids[i] < 10 ? 2 : 1 + Math.ceil(Math.log10(ids[i] + 1));
    } else {
      let plain = true;
      for (let j = begin; j < end; ++j) {
        const byte = bytes[j];
        if (byte === 10) breaks = true;
        if (byte >= 0x7f || byte < 0x20) plain = false;
      }
      width = plain ? end - begin : breaks && end - begin === 1 ? 1 : columnsOf(bytes, begin, end);
    }
    if (at > 0 && at + width > columns) rows.push(i), at = 0;
    at += width;
    if (breaks && i + 1 < ids.length) rows.push(i + 1), at = 0;
    begin = end;
  }
  return rows;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// The text of a token in pieces: [text, whether it stands for something that cannot be seen].
function piecesOf(bytes, showsSpace) {
  let text;
  try {
    text = strict.decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => (byte >= 0x21 && byte < 0x7f ? [String.fromCharCode(byte), false] : ["‹" + byte.toString(16).padStart(2, "0") + "›", true]));
  }
  const pieces = [];
  for (const character of text) {
    const code = character.codePointAt(0);
    if (character === " ") pieces.push(showsSpace ? ["·", true] : [" ", false]);
    else if (character === "\n") pieces.push([showsSpace ? "⏎" : " ", true]);
    else if (character === "\t") pieces.push(["→", true]);
    else if (/[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Zl}\p{Zp}]/u.test(character)) pieces.push([code < 0x80 ? "\\x" + code.toString(16).padStart(2, "0") : "\\u" + code.toString(16).padStart(4, "0"), true]);
    else pieces.push([character, false]);
  }
  return pieces;
}

class TokenPanel {
  constructor(page, vocabulary) {
    this.page = page;
    this.tokens = null;
    this.drawn = new Map();  // how a row looks -> its element
    this.selected = -1;
    this.select = h("select", { "aria-label": "Vocabulary", onchange: () => page.refresh(this) }, page.names.map((name) => h("option", { selected: name === vocabulary }, name)));
    this.facts = h("p", { class: "facts", "aria-live": "polite" });
    this.spacer = h("div");
    this.visible = h("div", { class: "rows" });
    this.view = h("div", { class: "tokens", tabindex: "0", role: "group", "aria-label": "Tokens; arrow keys walk through them", onscroll: () => this.draw(), onkeydown: (event) => this.key(event), onclick: (event) => this.click(event), onmouseover: (event) => this.hover(event) }, this.spacer, this.visible);
    this.detail = h("p", { class: "detail", role: "status" }, "Point at a token, or walk with the arrow keys.");
    this.element = h("section", { class: "card", "aria-label": "Tokens of " + vocabulary },
      h("div", { class: "top" }, this.select, h("button", { "aria-label": "Remove this vocabulary", onclick: () => page.remove(this) }, "×")), this.facts, this.view, this.detail);
  }

  get vocabulary() { return this.select.value; }

  columns() {
    if (!this.page.characterWidth) {
      const probe = h("span", {}, "0".repeat(100));
      this.visible.append(probe);
      this.page.characterWidth = probe.getBoundingClientRect().width / 100;
      probe.remove();
    }
    return Math.max(8, Math.floor((this.view.clientWidth - 2) / this.page.characterWidth));
  }

  show(tokens) {
    this.tokens = tokens;
    this.selected = Math.min(this.selected, tokens.count - 1);
    this.facts.classList.remove("error");
    this.facts.replaceChildren(h("strong", {}, number(tokens.count)), ` tokens, ${number(tokens.characters)} characters, ${number(tokens.size)} bytes` + (tokens.count ? `, ${(tokens.size / tokens.count).toFixed(2)} bytes per token` : ""));
    this.element.setAttribute("aria-label", "Tokens of " + this.vocabulary);
    this.lay();
  }

  fail(error) {
    this.facts.classList.add("error");
    this.facts.replaceChildren(error.message);
  }

  lay() {
    if (!this.tokens) return;
    this.laidColumns = this.columns();
    this.tokens.lay(this.laidColumns, this.page.showsIds);
    const height = this.tokens.rows * ROW + "px";
    if (this.spacer.style.height !== height) this.spacer.style.height = height;
    this.draw();
  }

  // The rows in sight. Those that look as they did stay the elements that they are.
  draw() {
    if (!this.tokens) return;
    const first = Math.max(0, Math.floor(this.view.scrollTop / ROW) - 4);
    const last = Math.min(this.tokens.rows, Math.ceil((this.view.scrollTop + this.view.clientHeight) / ROW) + 4);
    const before = this.drawn, rows = [];
    this.drawn = new Map();
    for (let row = first; row < last; ++row) {
      const [begin, end] = this.tokens.row(row), look = this.lookOf(begin, end);
      let element = before.get(look);
      if (element && !this.drawn.has(look)) before.delete(look);
      else element = this.row(begin, end);
      element.first = begin;
      this.drawn.set(look, element);
      rows.push(element);
    }
    const top = first * ROW + "px", { children } = this.visible;
    if (this.visible.style.top !== top) this.visible.style.top = top;
    if (children.length !== rows.length || rows.some((element, i) => children[i] !== element)) this.visible.replaceChildren(...rows);
  }

  // What decides how a row is drawn.
  lookOf(begin, end) {
    const { tokens, selected } = this, chosen = selected >= 0 ? tokens.id(selected) : -1;
    let look = `${this.page.showsIds} ${this.page.showsSpace}`;
    for (let i = begin; i < end; ++i) {
      const [part, at] = tokens.at(i), id = part.ids[at];
      look += ` ${id}${part.roles ? "r" + part.roles[at] : ""}${part.head.own_bytes || part.specials.size ? "o" + tokens.bytesOf(i).join() + part.specials.has(id) : ""}${i === selected ? "!" : id === chosen ? "=" : ""}`;
    }
    return look;
  }

  row(begin, end) {
    const element = h("div", { class: "row" });
    for (let i = begin; i < end; ++i) element.append(this.token(i, i - begin));
    return element;
  }

  // `place`: in its row, which its colour goes by, so that a key does not colour all that follows anew.
  token(i, place) {
    const { tokens, selected } = this, id = tokens.id(i), role = tokens.role(i);
    let kind = tokens.isSpecial(i) ? "s" : role === 0 ? "none" : "t" + (role > 0 ? role - 1 : place) % 4;
    if (tokens.isInLoss(i)) kind += " loss";
    if (i === selected) kind += " at";
    else if (selected >= 0 && tokens.id(selected) === id) kind += " same";
    const element = h("b", { class: kind });
    if (this.page.showsIds) element.append(id + " ");
    else for (const [text, isMark] of piecesOf(tokens.bytesOf(i), this.page.showsSpace)) element.append(isMark ? h("u", {}, text) : text);
    return element;
  }

  describe(i) {
    const { tokens } = this, bytes = tokens.bytesOf(i), role = tokens.role(i);
    const hex = Array.from(bytes.subarray(0, 48), (byte) => byte.toString(16).padStart(2, "0")).join(" ") + (bytes.length > 48 ? " ..." : "");
    const text = piecesOf(bytes, true).map(([piece]) => piece).join("");
    this.detail.textContent = `${text}   id ${tokens.id(i)}   token ${number(i + 1)} of ${number(tokens.count)}` + (tokens.isSpecial(i) ? "   special token" : "") + (role >= 0 ? `   ${tokens.roleNames[role - 1] || "template"}${tokens.isInLoss(i) ? ", in the loss" : ""}` : "") + `\nbytes ${hex}`;
  }

  indexAt(event) {
    const element = event.target.closest && event.target.closest(".row > b");
    return element ? element.parentElement.first + [...element.parentElement.children].indexOf(element) : -1;
  }

  hover(event) {
    const i = this.indexAt(event);
    if (i >= 0) this.describe(i);
  }

  click(event) {
    const i = this.indexAt(event);
    if (i >= 0) this.choose(i);
  }

  choose(i) {
    this.selected = i;
    this.describe(i);
    const top = this.tokens.rowOf(i) * ROW;
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    else if (top + ROW > this.view.scrollTop + this.view.clientHeight) this.view.scrollTop = top + ROW - this.view.clientHeight;
    this.draw();
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !this.tokens || this.tokens.count === 0) return;
    event.preventDefault();
    this.choose(Math.min(this.tokens.count - 1, Math.max(0, this.selected + step)));
  }
}

const EXAMPLE = "Type or paste a text here, and see what a model sees: naïve café, 1234567 tokens, 你好, 🙂\n\n    def f(x):\n        return x + 1\n";
const CONVERSATION = '[{"role": "user", "content": "What is a token?"},\n {"role": "assistant", "content": "A piece of text that has a number."}]';

class TokensPage {
  constructor(overview) {
    this.names = overview.vocabularies;
    this.templates = overview.templates;
    this.shown = overview.shown;
    this.text = overview.text || (carried ? "" : EXAMPLE);
    this.mode = "text";
    this.showsIds = false;
    this.showsSpace = true;
    this.allowsSpecials = false;
    this.panels = [];
  }

  show(main) {
    this.area = h("textarea", { id: "text", spellcheck: "false", autocapitalize: "off", autocomplete: "off", readonly: carried !== null, oninput: (event) => this.typed(event) });
    this.area.value = this.text;
    const toggle = (text, name) => h("button", { "aria-pressed": String(this[name]), onclick: (event) => {
      this[name] = !this[name];
      event.currentTarget.setAttribute("aria-pressed", String(this[name]));
      if (name === "allowsSpecials") this.refreshAll();
      else this.panels.forEach((panel) => panel.lay());
    } }, text);
    const mode = h("select", { "aria-label": "What the text is", onchange: (event) => this.setMode(event.target.value) }, h("option", { value: "text" }, "Text"), this.templates.map((name) => h("option", { value: name }, "Conversation, " + name)));
    this.latency = h("span", { class: "faint", id: "latency" });
    this.grid = h("div", { class: "panels" });
    const live = carried ? [] : [mode, toggle("Special tokens", "allowsSpecials"), h("button", { onclick: () => this.add(this.names.find((name) => !this.panels.some((p) => p.vocabulary === name)) || this.names[0]) }, "Add a vocabulary")];
    main.append(h("label", { for: "text" }, "Text"), this.area, h("div", { class: "bar" }, toggle("Ids", "showsIds"), toggle("White space", "showsSpace"), ...live, this.latency), this.grid);
    this.panels = [];
    for (const name of this.shown) this.add(name);
    const observer = new ResizeObserver(() => this.panels.forEach((panel) => { if (panel.columns() !== panel.laidColumns) panel.lay(); }));
    observer.observe(this.grid);
    return () => {
      observer.disconnect();
      this.text = this.area.value;
      this.shown = this.panels.map((panel) => panel.vocabulary);
    };
  }

  setMode(mode) {
    const wasText = this.mode === "text";
    if (wasText && mode !== "text") this.plainText = this.area.value, this.area.value = this.conversation || CONVERSATION;
    if (!wasText && mode === "text") this.conversation = this.area.value, this.area.value = this.plainText;
    this.mode = mode;
    this.refreshAll();
  }

  add(name) {
    const panel = new TokenPanel(this, name);
    this.panels.push(panel);
    this.grid.append(panel.element);
    this.refresh(panel);
  }

  remove(panel) {
    if (this.panels.length === 1) return;
    this.panels.splice(this.panels.indexOf(panel), 1);
    panel.element.remove();
  }

  // One request at a time: what is typed meanwhile is asked for next, and only the last of it.
  async typed(event) {
    this.typedAt = event ? event.timeStamp : performance.now();
    if (this.isBusy) return void (this.isStale = true);
    this.isBusy = true;
    do {
      const since = this.typedAt;
      this.isStale = false;
      await this.refreshAll();
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));  // painted
      this.latency.textContent = `${Math.max(1, Math.round(performance.now() - since))} ms`;
    } while (this.isStale);
    this.isBusy = false;
  }

  async refreshAll() {
    const text = this.area.value;
    this.area.classList.toggle("long", text.length > 200000);
    await Promise.all(this.panels.map((panel) => this.refresh(panel, text)));
  }

  async refresh(panel, text = this.area.value) {
    const vocabulary = panel.vocabulary, encoded = encodeURIComponent(vocabulary);
    const path = this.mode === "text" ? `api/encode?vocab=${encoded}&specials=${this.allowsSpecials ? "allow" : "plain"}` : `api/chat?vocab=${encoded}&template=${encodeURIComponent(this.mode)}`;
    try {
      const tokens = await this.tokensOf(panel, path, text);
      if (panel.vocabulary === vocabulary) panel.show(tokens);
    } catch (error) {
      panel.fail(error);
    }
  }

  // Asks for the blocks that the panel does not know yet. Where the vocabulary's tokens may cross lines, and of conversations, for the whole text.
  async tokensOf(panel, path, text) {
    if (!panel.known || panel.known.path !== path) panel.known = { path, blocks: new Map() };
    const known = panel.known, fetchOne = async (block) => {
      const bytes = utf8.encode(block);
      return parseTokens(await ask(path, bytes), bytes);
    };
    if (this.mode !== "text" || carried || known.crosses) return new Tokens([await fetchOne(text)]);
    const blocks = this.blocks = blocksOf(text, this.blocks || []);
    if (blocks.length === 0) return new Tokens([await fetchOne("")]);
    const parts = await Promise.all(blocks.map((block) => known.blocks.get(block) || fetchOne(block)));
    known.crosses = blocks.length > 1 && !parts[0].head.cuts;
    if (known.crosses) return new Tokens([await fetchOne(text)]);
    known.blocks = new Map(blocks.map((block, i) => [block, parts[i]]));
    return new Tokens(parts);
  }
}
