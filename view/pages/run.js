// A run, while it goes on and after: how far it is, what each stage dropped, languages, hosts, lengths, the values at which rules dropped, thresholds to try, and
// its documents.

class RunPage {
  constructor(overview, place) {
    this.overview = overview;
    this.place = place;
    this.folder = overview.folders[place];
    this.measures = overview.folders.findIndex((folder) => folder.kind === "measures" && folder.run === place);
  }

  show(main) {
    const section = (name) => h("section", { "aria-label": name });
    this.parts = Object.fromEntries(["Figures", "Funnel", "Kept", "Values", "Thresholds", "Recipe"].map((name) => [name, section(name)]));
    this.documents = new Documents(this);
    const { Figures, Funnel, Kept, Values, Thresholds, Recipe } = this.parts;
    main.append(h("h2", {}, this.folder.name), Figures, Funnel, Kept, Values, Thresholds, this.documents.element, Recipe);
    if (this.measures >= 0) {
      Thresholds.append(h("h3", {}, "What other thresholds would give"));
      new WhatIf(this.overview, this.measures).show(Thresholds);
    }
    this.documents.choose("kept", "");
    let timer = null, ended = false;
    const tick = async () => {
      try {
        if (!document.hidden || !this.drawn) this.draw(await ask(`api/run?folder=${this.place}`));
      } catch (error) {
        if (!this.failed) showError(Figures, error);
        this.failed = true;
      }
      if (!ended && !carried && !this.failed && !(this.last && this.last.done && this.last.scan.done)) timer = setTimeout(tick, 1500);
    };
    tick();
    return () => { ended = true, clearTimeout(timer); };
  }

  // Draws what has changed; what has the focus stays as it is until it is left.
  draw(run) {
    this.last = run;
    this.drawn = this.drawn || {};
    const part = (name, of, make) => {
      const text = JSON.stringify(of), element = this.parts[name];
      if (this.drawn[name] === text || element.contains(document.activeElement)) return;
      this.drawn[name] = text;
      element.replaceChildren(...make().filter((child) => child !== ""));
    };
    part("Figures", [run.totals, run.progress, run.age_seconds > 15, run.scan.failure, run.done], () => this.figures(run));
    part("Funnel", [run.totals, run.recipe], () => this.funnel(run));
    part("Kept", [run.scan.documents, run.scan.done], () => this.kept(run));
    part("Values", [run.scan.values], () => this.values(run));
    part("Recipe", [run.recipe], () => (run.recipe ? [h("h3", {}, "Recipe"), h("details", {}, h("summary", {}, "All keys"), h("pre", {}, run.recipe))] : []));
    this.documents.reasons(run.totals.dropped || {});
  }

  figures(run) {
    const { totals, progress } = run, figure = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value)), list = [];
    if (run.inputs !== undefined) list.push(figure("inputs", number(run.inputs)));
    list.push(figure("documents", number(totals.documents)), figure("kept", `${number(totals.kept)} (${share(totals.kept, totals.documents) || "0 %"})`), figure("tokens", number(totals.tokens)));
    if (run.done) list.push(figure("vocabulary", run.vocabulary || "-"), figure("shards", number(run.shards)));
    const lines = run.notes.map((note) => h("p", { class: "faint" }, note));
    if (run.scan.failure) lines.push(h("p", { class: "error", role: "alert" }, run.scan.failure));
    return [h("dl", { class: "figures" }, list), run.done ? "" : this.progress(run, progress), ...lines];
  }

  // How far a run is that goes on.
  progress(run, progress) {
    if (!progress) return h("p", {}, "This run is not finished, and none works on it as far as its folder says. Below is what it has committed so far; the same command goes on with it.");
    const seconds = Math.max(progress.seconds, 0.001), part = progress.bytes_total > 0 ? progress.bytes_in / progress.bytes_total : progress.inputs > 0 ? progress.inputs_read / progress.inputs : 0;
    const facts = [`${number(progress.inputs_committed)} of ${number(progress.inputs)} inputs committed`, `${number(progress.records / seconds)} records/s`, `${(progress.bytes_in / seconds / 1e6).toFixed(1)} MB/s`, `${number(progress.documents)} documents read, ${share(progress.passed, progress.documents) || "0 %"} pass before deduplication`];
    if (part > 0.001 && part < 1) facts.unshift(`${this.duration(seconds * (1 - part) / part)} left`);
    return h("div", { class: "card live" }, h("p", {}, h("strong", {}, share(part, 1) || "0 %"), " ", run.age_seconds > 15 ? h("span", { class: "error" }, `no news for ${this.duration(run.age_seconds)}: the run was ended, or waits`) : "in progress"), this.meter(part, 1), h("p", { class: "faint" }, facts.join(", ")));
  }

  duration(seconds) {
    if (seconds < 60) return `${Math.ceil(seconds)} s`;
    if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
    return seconds < 172800 ? `${(seconds / 3600).toFixed(1)} h` : `${Math.round(seconds / 86400)} days`;
  }

  funnel(run) {
    const { totals } = run, dropped = totals.dropped || {}, stages = this.stages(run.recipe, Object.keys(dropped)), rows = [];
    if (!totals.documents) return [];
    let reached = totals.documents;
    const left = (name, count) => rows.push(h("tr", {}, h("td", {}, h("strong", {}, name)), h("td", { class: "n" }), h("td", { class: "n" }), h("td", { class: "n" }, number(count)), h("td", { class: "n" }, share(count, totals.documents)), h("td", {}, this.meter(count, totals.documents))));
    left("documents", totals.documents);
    for (const stage of stages) {
      const reasons = Object.entries(dropped).filter(([reason]) => this.stageOf(reason, stages) === stage).sort((a, b) => b[1] - a[1]);
      const count = reasons.reduce((sum, [, n]) => sum + n, 0), after = reached - count;
      rows.push(h("tr", {}, h("td", {}, stage), h("td", { class: "n" }, number(count)), h("td", { class: "n" }, share(count, reached)), h("td", { class: "n" }, number(after)), h("td", { class: "n" }, share(after, totals.documents)), h("td", {}, this.meter(after, totals.documents))));
      for (const [reason, n] of reasons) rows.push(h("tr", { class: "reason" }, h("td", {}, h("button", { onclick: () => this.documents.choose("dropped", reason, true) }, breakable(reason))), h("td", { class: "n" }, number(n)), h("td", { class: "n" }, share(n, reached)), h("td"), h("td"), h("td")));
      reached = after;
    }
    left("kept", totals.kept);
    const head = h("tr", {}, h("th", { scope: "col" }, "Stage"), ...["dropped", "of these", "left", "of all"].map((name) => h("th", { scope: "col", class: "n" }, name)), h("th", { scope: "col", "aria-label": "share of all" }));
    return [h("h3", {}, run.done ? "Funnel" : "Funnel of what is committed"), this.table("Funnel", h("table", { class: "funnel" }, h("thead", {}, head), h("tbody", {}, rows)))];
  }

  table(name, table) { return h("div", { class: "wide card", tabindex: "0", role: "region", "aria-label": name }, table); }

  // Names and counts with bars, the first of them the largest.
  ranking(name, rows, more) {
    const most = rows.length ? rows[0][1] : 1;
    return h("figure", { class: "card" }, h("figcaption", {}, h("strong", {}, name), more ? h("span", { class: "faint" }, more) : ""), h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": name }, h("table", { class: "ranking" }, h("tbody", {}, rows.map(([label, count]) => h("tr", {}, h("td", {}, label), h("td", { class: "n" }, number(count)), h("td", {}, this.meter(count, most))))))));
  }

  kept(run) {
    const { scan, totals } = run, cards = [];
    if (scan.languages.length) cards.push(this.ranking("Languages kept", scan.languages.slice(0, 12)));
    const lost = Object.entries(totals.languages_dropped || {}).sort((a, b) => b[1] - a[1]);
    if (lost.length) cards.push(this.ranking("Dropped for their language", lost.slice(0, 12), lost.length > 12 ? `and ${lost.length - 12} more` : ""));
    if (scan.hosts.length) {
      const rows = scan.hosts.map(([host, count]) => [carried ? host : h("button", { class: "plain", onclick: () => { this.documents.words.value = host; this.documents.heading.scrollIntoView(); this.documents.find(host, false); } }, host), count]);
      cards.push(this.ranking("Hosts kept", rows.slice(0, 12), `${number(scan.hosts_in_all)} hosts`));
    }
    if (scan.lengths.length) cards.push(h("figure", { class: "card" }, h("figcaption", {}, h("strong", {}, "Lengths kept, in tokens")), new Histogram("Lengths in tokens", scan.lengths, null).picture));
    if (!cards.length) return [];
    return [h("h3", {}, "What was kept"), scan.done || carried ? "" : h("p", { class: "faint" }, `of ${number(scan.documents)} documents read so far, kept and dropped`), h("div", { class: "panels" }, cards)];
  }

  values(run) {
    const { values } = run.scan, total = (name) => values[name].documents, names = Object.keys(values).filter((name) => values[name].bins.length > 1).sort((a, b) => total(b) - total(a));
    if (!names.length) return [];
    const cards = names.map((name) => h("figure", { class: "card" }, h("figcaption", {}, h("strong", {}, ...breakable(name)), h("span", { class: "faint" }, `${number(total(name))} dropped`)), new Histogram(name, values[name].bins, { value: values[name].threshold }).picture));
    const hint = this.measures < 0 && !carried ? h("p", { class: "faint" }, "ftok run --measure FILE writes every rule's value for all documents; named beside the run (ftok view RUN FILE), thresholds can be tried here.") : "";
    return [h("h3", {}, "Values at which rules dropped"), hint, h("div", { class: "panels small" }, cards)];
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
}
