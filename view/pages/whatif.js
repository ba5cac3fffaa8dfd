// Thresholds to try: how every measured rule's values are spread, with its threshold as a line to drag, and the funnel that the thresholds would give.

// Bins [[low, high, count], ...] as a picture. `threshold`: {value, relation, moved(value)} or none.
class Histogram {
  constructor(name, bins, threshold) {
    this.width = 420, this.height = 120, this.bottom = 20, this.top = 20;
    this.threshold = threshold;
    let low = Math.min(bins[0][0], threshold ? threshold.value : Infinity), high = Math.max(bins[bins.length - 1][1], threshold ? threshold.value : -Infinity);
    if (bins.length === 1) [low, high] = [low - (high - low || 1), high + (high - low || 1)];  // one bar, with room on both sides
    const total = bins.reduce((sum, bin) => sum + bin[2], 0);
    // Values that spread over orders of magnitude have a logarithmic axis.
    const quantile = (part) => { let sum = 0; for (const [, end, count] of bins) if ((sum += count) >= part * total) return end; return high; };
    const middle = quantile(0.5 * (1 + this.shareOfZero(bins, total))), isLong = low >= 0 && high > 2 && middle > 0 && high > 30 * middle, unit = middle / 4;
    const scale = isLong ? (value) => Math.log1p(Math.max(0, value) / unit) : (value) => value, back = isLong ? (at) => Math.expm1(at) * unit : (at) => at;
    const first = scale(low), last = scale(high) > first ? scale(high) : first + 1;
    this.x = (value) => 6 + (this.width - 12) * (scale(value) - first) / (last - first);
    this.valueAt = (x) => back(first + (last - first) * Math.min(1, Math.max(0, (x - 6) / (this.width - 12))));
    this.picture = svg("svg", { viewBox: `0 0 ${this.width} ${this.height}`, role: "img", "aria-label": `${name}: ${number(total)} documents with values from ${short(low)} to ${short(bins[bins.length - 1][1])}` + (threshold ? `, threshold ${short(threshold.value)}` : "") });
    this.columns = this.columnsOf(bins, 60);
    const most = Math.max(...this.columns), each = (this.width - 12) / this.columns.length;
    this.bars = this.columns.map((count, i) => {
      const size = count === 0 ? 0 : Math.max(1, (this.height - this.bottom - this.top) * count / most);
      return svg("rect", { class: "hist", x: 6 + i * each + 0.5, width: Math.max(1, each - 1), y: this.height - this.bottom - size, height: size }, svg("title", {}, number(count)));
    });
    this.picture.append(...this.bars, svg("line", { class: "grid", x1: 6, x2: this.width - 6, y1: this.height - this.bottom, y2: this.height - this.bottom }));
    this.labels([low, this.valueAt(this.width / 2), high]);
    if (threshold) this.addThreshold();
  }

  shareOfZero(bins, total) { return bins[0][1] === 0 ? bins[0][2] / total : 0; }

  labels(values) {
    const anchors = ["start", "middle", "end"];
    values.forEach((value, i) => this.picture.append(svg("text", { x: this.x(value), y: this.height - 5, "text-anchor": anchors[i] }, short(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))))));
  }

  // A bin's documents, shared among the columns that it lies under.
  columnsOf(bins, count) {
    const columns = new Array(count).fill(0), place = (value) => Math.min(count - 1e-9, Math.max(0, (this.x(value) - 6) / (this.width - 12) * count));
    if (bins.length === 1) return columns[count >> 1] = bins[0][2], columns;
    for (const [low, high, documents] of bins) {
      const begin = place(low), end = Math.max(begin + 1e-9, place(high));
      for (let i = Math.floor(begin); i <= Math.floor(end); ++i) columns[i] += documents * Math.max(0, Math.min(end, i + 1) - Math.max(begin, i)) / (end - begin);
    }
    return columns;
  }

  addThreshold() {
    const line = { y1: this.top - 2, y2: this.height - this.bottom };
    this.line = svg("line", { class: "threshold", ...line });
    this.grip = svg("rect", { class: "grip", y: 0, width: 24, height: this.height - this.bottom });
    this.label = svg("text", { y: 14 });
    this.picture.append(this.label, this.line, this.grip);
    this.setThreshold(this.threshold.value);
    if (!this.threshold.moved) return;
    this.picture.classList.add("drag");
    const moved = (event) => {
      const box = this.picture.getBoundingClientRect();
      this.threshold.moved(this.valueAt((event.clientX - box.left) / box.width * this.width));
    };
    this.picture.addEventListener("pointerdown", (event) => { event.preventDefault(); this.picture.setPointerCapture(event.pointerId); this.isHeld = true; moved(event); });
    this.picture.addEventListener("pointermove", (event) => { if (this.isHeld) moved(event); });
    this.picture.addEventListener("pointerup", (event) => { if (this.isHeld) this.isHeld = false, moved(event); });
    this.picture.addEventListener("pointercancel", () => { this.isHeld = false; });
  }

  setThreshold(value) {
    const at = Math.min(this.width - 6, Math.max(6, this.x(value))), end = at > this.width * 0.7 ? "end" : at < this.width * 0.3 ? "start" : "middle";
    for (const name of ["x1", "x2"]) this.line.setAttribute(name, at);
    this.grip.setAttribute("x", at - 12);
    this.label.setAttribute("x", at);
    this.label.setAttribute("text-anchor", end);
    this.label.textContent = `threshold ${short(value)}`;
    const each = (this.width - 12) / this.bars.length, drops = this.threshold.relation || "";
    this.bars.forEach((bar, i) => bar.classList.toggle("is-dropped", drops.startsWith("<") ? 6 + (i + 0.5) * each < at : drops.startsWith(">") ? 6 + (i + 0.5) * each > at : false));
  }
}

class WhatIf {
  constructor(overview, place) {
    this.place = place;
    this.name = overview.folders[place].name;
    this.changes = new Map(overview.changes.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));  // key -> value
    this.cards = new Map();
  }

  show(main) {
    this.main = main;
    this.result = h("div", { class: "card result", role: "status" }, h("p", { class: "faint" }, "Reading the measures..."));
    this.rules = h("div", {});
    main.append(h("div", { class: "thresholds" }, this.result, this.rules));
    this.load().catch((error) => { this.result.replaceChildren(); showError(this.result, error); });
  }

  async load() {
    const { rules, measured } = await ask(`api/measures?folder=${this.place}`);
    this.measured = measured;
    const stages = new Map();
    for (const rule of rules) {
      const stage = rule.rule.slice(0, rule.rule.indexOf("."));
      if (!stages.has(stage)) stages.set(stage, []);
      stages.get(stage).push(rule);
    }
    for (const [stage, of] of stages) this.rules.append(h("details", { open: true }, h("summary", {}, h("strong", {}, stage), h("span", { class: "faint" }, ` ${of.length} ${of.length === 1 ? "rule" : "rules"}`)), h("div", { class: "panels small" }, of.filter((rule) => rule.bins.length).map((rule) => this.card(rule)))));
    this.draw(null);
    await this.ask();
  }

  nearPath(rule) { return `api/whatif?folder=${this.place}&rule=${encodeURIComponent(rule.rule)}`; }

  card(rule) {
    const canMove = rule.key && !carried, begin = Number(this.changes.get(rule.key) ?? rule.threshold), rounded = (value) => (rule.whole ? Math.round(value) : Number(value.toPrecision(3)));
    const set = (value) => {
      const next = rounded(value);
      if (!Number.isFinite(next)) return;
      histogram.setThreshold(next);
      input.value = next;
      if (next === rule.threshold) this.changes.delete(rule.key);
      else this.changes.set(rule.key, next);
      this.ask();
    };
    const histogram = new Histogram(rule.rule, rule.bins, { value: begin, relation: rule.relation, moved: canMove ? set : null });
    const input = h("input", { type: "number", step: "any", value: begin, "aria-label": `Threshold of ${rule.rule}`, onchange: () => set(Number(input.value)) });
    const samples = h("div", {});
    const near = rule.key && holds(this.nearPath(rule), this.lines().join("\n")) ? h("button", { onclick: () => this.near(rule, samples) }, "Documents next to it") : "";
    this.cards.set(rule.key, { reset: () => { histogram.setThreshold(rule.threshold); input.value = rule.threshold; samples.replaceChildren(); } });
    return h("figure", { class: "card" }, h("figcaption", {}, h("strong", {}, ...breakable(rule.rule)), h("span", { class: "faint" }, `${number(rule.drops)} of ${number(rule.documents)}`)), histogram.picture,
      h("div", { class: "bar" }, h("label", {}, `drops when ${rule.relation} ` + (canMove ? "" : short(begin)), canMove ? input : ""), near), samples);
  }

  lines() { return [...this.changes].map(([key, value]) => `${key}=${value}`); }

  // One question at a time: what is moved meanwhile is asked for next.
  async ask() {
    if (this.isBusy) return void (this.isStale = true);
    this.isBusy = true;
    do {
      this.isStale = false;
      try {
        const since = performance.now();
        const answer = this.changes.size ? await ask(`api/whatif?folder=${this.place}`, this.lines().join("\n")) : null;
        this.draw(answer, performance.now() - since);
      } catch (error) {
        this.result.replaceChildren();
        showError(this.result, error);
      }
    } while (this.isStale);
    this.isBusy = false;
  }

  async near(rule, element) {
    try {
      const answer = await ask(this.nearPath(rule), this.lines().join("\n"));
      element.replaceChildren(h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Documents next to the threshold" }, h("table", {}, h("tbody", {}, answer.samples.map((sample) => h("tr", { class: sample.drops ? "drops" : "" }, h("td", {}, sample.drops ? "drops" : "passes"), h("td", { class: "n" }, short(sample.value)), h("td", { class: "address" }, sample.url || sample.id)))))));
    } catch (error) {
      element.replaceChildren();
      showError(element, error);
    }
  }

  draw(answer, milliseconds) {
    const { measured } = this, changed = answer ? answer.changed : measured, difference = (before, after) => (after === before ? "" : (after > before ? "+" : "−") + number(Math.abs(after - before)));
    const row = (name, before, after) => h("tr", {}, h("td", {}, ...breakable(name)), h("td", { class: "n" }, number(before)), h("td", { class: "n" }, number(after)), h("td", { class: "n" }, difference(before, after)));
    const names = [...new Set([...Object.keys(measured.dropped), ...Object.keys(changed.dropped)])].filter((name) => (measured.dropped[name] || 0) !== (changed.dropped[name] || 0)).sort((a, b) => Math.abs((changed.dropped[b] || 0) - (measured.dropped[b] || 0)) - Math.abs((changed.dropped[a] || 0) - (measured.dropped[a] || 0)));
    const head = h("tr", {}, h("th", { scope: "col" }, ""), ...["measured", "what if", "change"].map((name) => h("th", { scope: "col", class: "n" }, name)));
    this.result.replaceChildren(h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "What if" }, h("table", { class: "whatif" }, h("thead", {}, head), h("tbody", {}, row("documents", measured.documents, changed.documents), row("kept", measured.kept, changed.kept), names.slice(0, 8).map((name) => row(name, measured.dropped[name] || 0, changed.dropped[name] || 0))))),
      names.length > 8 ? h("p", { class: "faint" }, `and ${names.length - 8} reasons more`) : "",
      answer ? h("div", { class: "bar" }, h("code", {}, `ftok whatif ${this.name} ` + this.lines().map((line) => `--set ${line}`).join(" ")), carried ? "" : [h("button", { onclick: () => this.reset() }, "Back to the recipe's"), h("span", { class: "faint", id: "whatif-time" }, `${Math.max(1, Math.round(milliseconds))} ms`)]) : h("p", { class: "faint" }, carried ? "" : "Drag a threshold, or type one, and see the funnel that it would give."));
  }

  reset() {
    this.changes.clear();
    this.cards.forEach((card) => card.reset());
    this.draw(null);
  }
}

// A file of measures by itself.
class MeasuresPage {
  constructor(overview, place) {
    this.whatif = new WhatIf(overview, place);
    this.title = overview.folders[place].name;
  }

  show(main) {
    main.append(h("h2", {}, this.title));
    this.whatif.show(main);
  }
}
