// A run: what each stage dropped, the values at which rules dropped, and documents, kept and dropped, with the words that decided marked.

// `text` with every occurrence of `words` marked.
function marked(text, words) {
  if (!words || words.length < 2) return [text];
  const pieces = [], lower = text.toLowerCase(), what = words.toLowerCase();
  if (lower.length !== text.length) return [text];
  let at = 0;
  for (let next = lower.indexOf(what); next >= 0 && pieces.length < 1000; next = lower.indexOf(what, at)) {
    pieces.push(text.slice(at, next), h("mark", {}, text.slice(next, next + words.length)));
    at = next + words.length;
  }
  return [...pieces, text.slice(at)];
}

function histogram(reason, of) {
  const width = 420, height = 130, left = 8, right = 8, bottom = 24, most = Math.max(...of.bins);
  const x = (value) => left + (width - left - right) * (value - of.least) / (of.most - of.least);
  const total = of.bins.reduce((a, b) => a + b, 0);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${reason}: ${number(total)} documents were dropped at values from ${short(of.least)} to ${short(of.most)}, threshold ${short(of.threshold)}` });
  const each = (width - left - right) / of.bins.length;
  of.bins.forEach((count, i) => {
    const size = count === 0 ? 0 : Math.max(1, (height - bottom - 14) * count / most);
    picture.append(svg("rect", { class: "hist", x: left + i * each + 0.5, width: Math.max(1, each - 1), y: height - bottom - size, height: size }, svg("title", {}, number(count))));
  });
  const at = x(of.threshold), end = at > width * 0.75 ? "end" : at < width * 0.25 ? "start" : "middle";
  picture.append(svg("line", { class: "threshold", x1: at, x2: at, y1: 12, y2: height - bottom }), svg("text", { x: at, y: 10, "text-anchor": end }, "threshold " + short(of.threshold)),
    svg("text", { x: left, y: height - 8 }, short(of.least)), svg("text", { x: width - right, y: height - 8, "text-anchor": "end" }, short(of.most)));
  return h("figure", { class: "card" }, h("figcaption", {}, h("strong", {}, reason), h("span", { class: "faint" }, `${number(total)} dropped`)), picture);
}

class RunPage {
  constructor(overview, place) {
    this.place = place;
    this.folder = overview.folders[place];
  }

  show(main) {
    this.main = main;
    main.append(h("h2", {}, this.folder.name));
    this.load().catch((error) => showError(main, error));
  }

  async load() {
    const run = await ask(`api/run?folder=${this.place}`);
    if (!run.done) this.main.append(h("p", {}, "This run is not finished: the funnel comes when it is. What it has written so far is below."));
    else this.funnel(run);
    const names = Object.keys(run.values);
    if (names.length) {
      const total = (name) => run.values[name].bins.reduce((a, b) => a + b, 0);
      this.main.append(h("h3", {}, "Where rules dropped"), h("div", { class: "panels" }, names.sort((a, b) => total(b) - total(a)).map((name) => histogram(name, run.values[name]))));
    }
    this.documents();
    if (run.recipe) this.main.append(h("h3", {}, "Recipe"), h("details", {}, h("summary", {}, "All keys"), h("pre", {}, run.recipe)));
  }

  funnel(run) {
    const { totals } = run, dropped = totals.dropped || {};
    const figure = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    this.main.append(h("dl", { class: "figures" }, figure("inputs", number(run.inputs)), figure("documents", number(totals.documents)), figure("kept", `${number(totals.kept)} (${share(totals.kept, totals.documents)})`), figure("tokens", number(totals.tokens)), figure("vocabulary", run.vocabulary), figure("shards", number(run.shards))));
    for (const note of run.notes) this.main.append(h("p", { class: "faint" }, note));
    const stages = this.stages(run.recipe, Object.keys(dropped));
    const rows = [];
    let reached = totals.documents;
    const left = (name, count) => rows.push(h("tr", {}, h("td", {}, h("strong", {}, name)), h("td", { class: "n" }), h("td", { class: "n" }), h("td", { class: "n" }, number(count)), h("td", { class: "n" }, share(count, totals.documents)), h("td", {}, this.meter(count, totals.documents))));
    left("documents", totals.documents);
    for (const stage of stages) {
      const reasons = Object.entries(dropped).filter(([reason]) => this.stageOf(reason, stages) === stage).sort((a, b) => b[1] - a[1]);
      const count = reasons.reduce((sum, [, n]) => sum + n, 0);
      const after = reached - count;
      rows.push(h("tr", {}, h("td", {}, stage), h("td", { class: "n" }, number(count)), h("td", { class: "n" }, share(count, reached)), h("td", { class: "n" }, number(after)), h("td", { class: "n" }, share(after, totals.documents)), h("td", {}, this.meter(after, totals.documents))));
      for (const [reason, n] of reasons) rows.push(h("tr", { class: "reason" }, h("td", {}, h("button", { onclick: () => this.choose("dropped", reason) }, reason.split(/(?<=[._])/).flatMap((piece, i) => (i ? [h("wbr"), piece] : [piece])))), h("td", { class: "n" }, number(n)), h("td", { class: "n" }, share(n, reached)), h("td"), h("td"), h("td")));
      reached = after;
    }
    left("kept", totals.kept);
    const head = h("tr", {}, h("th", { scope: "col" }, "Stage"), ...["dropped", "of these", "left", "of all"].map((name) => h("th", { scope: "col", class: "n" }, name)), h("th", { scope: "col", "aria-label": "share of all" }));
    this.main.append(h("h3", {}, "Funnel"), h("div", { class: "wide card", tabindex: "0", role: "region", "aria-label": "Funnel" }, h("table", { class: "funnel" }, h("thead", {}, head), h("tbody", {}, rows))));
    const languages = Object.entries(totals.languages_dropped || {}).sort((a, b) => b[1] - a[1]);
    if (languages.length) {
      const most = languages[0][1];
      this.main.append(h("h3", {}, "Dropped for their language"), h("div", { class: "wide card", tabindex: "0", role: "region", "aria-label": "Languages" }, h("table", {}, h("tbody", {}, languages.slice(0, 12).map(([name, n]) => h("tr", {}, h("td", {}, name), h("td", { class: "n" }, number(n)), h("td", {}, this.meter(n, most)))))), languages.length > 12 ? h("p", { class: "faint" }, `and ${languages.length - 12} more`) : ""));
    }
  }

  meter(part, all) {
    const bar = h("i");
    bar.style.width = (all > 0 ? 100 * part / all : 0) + "%";
    return h("span", { class: "meter", "aria-hidden": "true" }, bar);
  }

  // In the order of the recipe; what no stage of it dropped, the reader did.
  stages(recipe, reasons) {
    const list = /^stages\s*=\s*\[([^\]]*)\]/m.exec(recipe || "");
    const names = list ? [...list[1].matchAll(/"([^"]+)"/g)].map((match) => match[1]) : [...new Set(reasons.map((reason) => reason.split(".")[0]))];
    if (!names.includes("dedup") && reasons.some((reason) => reason.startsWith("dedup."))) names.push("dedup");
    return reasons.some((reason) => !names.some((name) => reason.startsWith(name + "."))) ? ["read", ...names] : names;
  }

  stageOf(reason, stages) {
    return stages.filter((stage) => reason.startsWith(stage + ".")).sort((a, b) => b.length - a.length)[0] || "read";
  }

  documents() {
    this.list = h("div", {});
    this.more = h("button", { onclick: () => this.fetchDocuments() }, "Show more");
    this.kind = h("select", { "aria-label": "Documents", onchange: () => this.choose(this.kind.value, "") }, h("option", { value: "kept" }, "kept"), h("option", { value: "dropped" }, "dropped"));
    this.reason = h("span", { class: "faint" });
    this.heading = h("h3", {}, "Documents");
    this.main.append(this.heading, h("div", { class: "bar" }, this.kind, this.reason), this.list, h("p", {}, this.more));
    this.choose("kept", "", false);
  }

  choose(kind, reason, moves = true) {
    this.kind.value = kind;
    this.chosen = { kind, reason, at: 0 };
    this.reason.textContent = reason;
    this.list.replaceChildren();
    this.fetchDocuments();
    if (moves) this.heading.scrollIntoView({ block: "start" });
  }

  async fetchDocuments() {
    const chosen = this.chosen;
    try {
      const path = `api/documents?folder=${this.place}&kind=${chosen.kind}` + (carried ? "" : `&reason=${encodeURIComponent(chosen.reason)}&at=${chosen.at}`);
      const answer = await ask(path);
      if (chosen !== this.chosen) return;
      chosen.at = answer.next;
      this.more.hidden = !answer.more || Boolean(carried);
      const documents = answer.documents.filter((document) => !carried || !chosen.reason || document.reason === chosen.reason);
      this.list.append(...documents.map((document) => this.document(document, chosen.kind)));
      if (this.list.children.length === 0) this.list.append(h("p", { class: "faint" }, answer.more ? "None among those looked at so far." : "There are none here."));
    } catch (error) {
      showError(this.list, error);
    }
  }

  document(document, kind) {
    const facts = [document.language, document.token_count !== undefined ? number(document.token_count) + " tokens" : "", document.date, document.duplicate_of ? "repeats " + document.duplicate_of : ""].filter(Boolean).join(", ");
    const why = document.reason ? `${document.reason}: ${short(document.value)}, threshold ${short(document.threshold)}${document.detail ? ` (${document.detail})` : ""}` : "";
    const body = h("pre", { tabindex: "0" }, ...(document.text !== undefined ? marked(document.text, document.detail) : ["The run did not keep its text; ftok run --rejects text does."]));
    return h("details", { class: kind }, h("summary", {}, h("span", { class: "tag" }, document.reason || "kept"), " ", document.url || document.id || ""), h("p", { class: "faint" }, facts, why ? h("br") : "", why), body, document.whole_bytes ? h("p", { class: "faint" }, `the first part of ${number(document.whole_bytes)} bytes`) : "");
  }
}
