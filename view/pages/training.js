// A training run while it goes on: losses, also of other runs beside them, rate, norm, speed, samples.

const WIDTH = 640, HEIGHT = 260, LEFT = 56, RIGHT = 12, TOP = 12, BOTTOM = 28;

// 1, 2 or 5 times a power of ten, so that about `count` of them span `length`.
function roundStep(length, count) {
  const rough = length / count, power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5].map((factor) => factor * power).find((step) => rough <= step * 1.0001) || 10 * power;
}

// A label beside an axis, which has room for five characters where the page is narrow.
const axisText = (value) => (Math.abs(value) >= 10000 ? short(value / 1000) + "k" : short(value));

// A picture of lines: [{name, x, y, kind}], kind 0 to 3 a colour; points where `dots`. Pointing at it tells the values.
function chart(title, lines) {
  const points = lines.flatMap((line) => line.x.map((x, i) => [x, line.y[i]])).filter(([, y]) => Number.isFinite(y));
  const figure = h("figure", { class: "card" });
  const told = h("span", { class: "faint" });
  figure.append(h("figcaption", {}, h("strong", {}, title), told));
  if (points.length === 0) return figure.append(h("p", { class: "faint" }, "nothing yet")), figure;
  const sorted = points.map(([, y]) => y).sort((a, b) => a - b);
  let low = sorted[0], high = sorted[sorted.length - 1];
  if (high - low < 1e-12) low -= Math.abs(low) * 0.1 || 0.5, high += Math.abs(high) * 0.1 || 0.5;
  const margin = 0.05 * (high - low);
  low = low >= 0 ? Math.max(0, low - margin) : low - margin, high += margin;
  const first = Math.min(...lines.map((line) => line.x[0] ?? Infinity)), last = Math.max(...lines.map((line) => line.x[line.x.length - 1] ?? -Infinity));
  const x = (step) => LEFT + (WIDTH - LEFT - RIGHT) * (last > first ? (step - first) / (last - first) : 0.5);
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title} from step ${number(first)} to ${number(last)}: from ${short(points[0][1])} to ${short(points[points.length - 1][1])}` });
  const every = roundStep(high - low, 5), stride = Math.max(1, roundStep(Math.max(1, last - first), 6));
  for (let value = Math.ceil(low / every) * every; value <= high; value += every)
    picture.append(svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }), svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, axisText(Math.abs(value) < every / 2 ? 0 : value)));
  for (let step = Math.ceil(first / stride) * stride; step <= last; step += stride) picture.append(svg("text", { x: x(step), y: HEIGHT - 8, "text-anchor": x(step) > WIDTH - 3 * RIGHT ? "end" : "middle" }, number(step)));
  for (const line of lines) {
    if (line.dots) for (let i = 0; i < line.x.length; ++i) picture.append(svg("circle", { class: "f" + line.kind, cx: x(line.x[i]), cy: y(line.y[i]), r: 3 }));
    else picture.append(svg("polyline", { class: "line c" + line.kind, points: line.x.map((step, i) => (Number.isFinite(line.y[i]) ? `${x(step).toFixed(1)},${y(line.y[i]).toFixed(1)}` : "")).join(" ") }));
  }
  const cross = svg("line", { class: "cross", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
  picture.append(cross);
  picture.addEventListener("pointermove", (event) => {
    const box = picture.getBoundingClientRect(), at = ((event.clientX - box.left) / box.width) * WIDTH;
    const nearest = (line) => line.x.reduce((best, step, i) => (Math.abs(x(step) - at) < Math.abs(x(line.x[best]) - at) ? i : best), 0);
    const main = lines[0], step = main.x[nearest(main)];
    cross.setAttribute("x1", x(step)), cross.setAttribute("x2", x(step)), cross.setAttribute("visibility", "visible");
    told.textContent = `step ${number(step)}: ` + lines.filter((line) => line.x.length).map((line) => `${line.name} ${short(line.y[nearest(line)])}`).join(", ");
  });
  picture.addEventListener("pointerleave", () => { cross.setAttribute("visibility", "hidden"), told.textContent = ""; });
  figure.append(picture);
  if (lines.length > 1) figure.append(h("p", { class: "faint" }, lines.map((line) => h("span", {}, h("i", { class: "key k" + line.kind }), line.name + " "))));
  return figure;
}

class TrainingLog {
  constructor(place) {
    this.place = place;
    this.next = 0;
    this.columns = { step: [] };
    this.validation = [];
    this.heldOut = {};  // name: [[step, value], ...]
    this.samples = [];
  }
  // Takes what is new; -> whether there was anything.
  async update() {
    const answer = await ask(`api/training?folder=${this.place}` + (carried ? "" : `&from=${this.next}`));
    if (answer.next < this.next) Object.assign(this, new TrainingLog(this.place));  // begun anew
    const isNew = answer.next > this.next;
    if (isNew) {
      const before = this.columns.step.length, added = answer.columns.step.length;
      for (const name of new Set([...Object.keys(this.columns), ...Object.keys(answer.columns)])) {
        this.columns[name] = (this.columns[name] || Array(before).fill(null)).concat(answer.columns[name] || Array(added).fill(null)).map((value) => (value === null ? NaN : value));
      }
      this.validation.push(...answer.validation);
      for (const [name, points] of Object.entries(answer.held_out)) (this.heldOut[name] ||= []).push(...points);
      this.next = answer.next;
    }
    this.samples = answer.samples;
    return isNew;
  }
}

// Texts that come with control characters and cut characters, so that they can be seen.
const visible = (text) => text.replace(/[\n\t]/g, (character) => (character === "\n" ? "⏎" : "→")).replace(/^ | $/g, "·");

// The model as it is now: the likeliest next tokens for a text, its continuation, and a conversation.
class ModelPanel {
  constructor(place) { this.place = place; }

  async show(element) {
    const model = await ask(`api/model?folder=${this.place}`);
    if (!model.there) return void element.append(h("h3", {}, "The model"), h("p", { class: "faint" }, `Nothing can be asked of it: ${model.why}.`));
    this.prompt = h("textarea", { id: "prompt", class: "short", spellcheck: "false", oninput: () => this.next() });
    this.prompt.value = "The";
    this.temperature = h("input", { type: "number", min: 0, max: 10, step: 0.1, value: 0.8, onchange: () => this.next() });
    this.bars = h("div", { class: "wide", role: "region", tabindex: "0", "aria-label": "The likeliest next tokens" });
    this.go = h("button", { onclick: () => this.goOn() }, "Continue");
    this.time = h("span", { class: "faint", role: "status" });
    element.append(h("h3", {}, "The model"), h("p", { class: "faint" }, `checkpoint of step ${number(model.step)}, ${number(model.parameters)} parameters, vocabulary ${model.vocabulary}`),
      h("div", { class: "panels" },
        h("section", { class: "card", "aria-label": "Next token" }, h("label", { for: "prompt" }, "Text to go on from"), this.prompt, h("div", { class: "bar" }, this.go, h("label", {}, "Temperature", this.temperature), this.time), h("h4", {}, "What comes next"), this.bars),
        model.chat ? this.conversation() : ""));
    this.next();
  }

  talk(body, parameters) { return ask(`api/${parameters}&folder=${this.place}&temperature=${encodeURIComponent(this.temperature.value || 0)}`, body); }

  // One question at a time; only the last text counts.
  async next() {
    if (this.isBusy) return void (this.isStale = true);
    this.isBusy = true;
    do {
      this.isStale = false;
      try {
        const { tokens } = await this.talk(this.prompt.value, "next?");
        const most = tokens[0].probability;
        this.bars.replaceChildren(h("table", { class: "ranking next" }, h("tbody", {}, tokens.map((token) => {
          const bar = h("i");
          bar.style.width = 100 * token.probability / most + "%";
          return h("tr", {}, h("td", {}, h("button", { class: "plain", title: `id ${token.id}`, onclick: () => { this.prompt.value += token.text; this.next(); } }, visible(token.text) || "(nothing)")), h("td", { class: "n" }, (100 * token.probability).toFixed(2) + " %"), h("td", {}, h("span", { class: "meter", "aria-hidden": "true" }, bar)));
        }))));
      } catch (error) {
        this.bars.replaceChildren();
        showError(this.bars, error);
      }
    } while (this.isStale);
    this.isBusy = false;
  }

  // An answer, a few tokens at a time, until it ends or `most` are there; `said` gets the text so far and may end it by returning false.
  async write(body, chat, most, said) {
    const seed = Math.floor(Math.random() * 1e9);
    for (let ids = [], ended = false; !ended && ids.length < most; ) {
      const answer = await this.talk(body, `talk?chat=${chat ? 1 : 0}&seed=${seed}&so_far=${ids.join(",")}`);
      ({ ids, ended } = answer);
      if (said(answer.text) === false) return;
    }
  }

  async goOn() {
    if (this.isWriting) return void (this.isWriting = false);
    const begin = this.prompt.value;
    this.isWriting = true;
    this.go.textContent = "Stop";
    try {
      await this.write(begin, false, 256, (text) => { this.prompt.value = begin + text; return this.isWriting; });
    } catch (error) {
      showError(this.bars, error);
    }
    this.isWriting = false;
    this.go.textContent = "Continue";
    this.next();
  }

  conversation() {
    const messages = [], list = h("div", { class: "messages", role: "log", "aria-label": "Conversation", tabindex: "0" }), words = h("input", { type: "text", "aria-label": "Your message", placeholder: "Say something" });
    const add = (role, text) => {
      const body = h("span", {}, text);
      list.append(h("p", { class: "message " + role }, h("strong", {}, role), " ", body));
      return body;
    };
    const send = async (event) => {
      event.preventDefault();
      if (!words.value.trim() || this.isAnswering) return;
      messages.push({ role: "user", content: words.value });
      add("user", words.value);
      words.value = "";
      const body = add("assistant", "...");
      this.isAnswering = true;
      try {
        await this.write(JSON.stringify(messages), true, 512, (text) => { body.textContent = text; list.scrollTop = list.scrollHeight; });
        messages.push({ role: "assistant", content: body.textContent });
      } catch (error) {
        messages.pop();
        body.textContent = "";
        showError(list, error);
      }
      this.isAnswering = false;
    };
    const clear = () => { messages.length = 0; list.replaceChildren(); };
    return h("section", { class: "card", "aria-label": "Chat" }, h("strong", {}, "A conversation"), list, h("form", { class: "bar", onsubmit: send }, words, h("button", {}, "Send"), h("button", { type: "button", onclick: clear }, "Begin anew")));
  }
}

class TrainingPage {
  constructor(overview, place) {
    this.place = place;
    this.folder = overview.folders[place];
    this.others = overview.folders.map((folder, i) => ({ ...folder, i })).filter((folder) => folder.kind === "training" && folder.i !== place);
  }

  show(main) {
    this.logs = new Map([[this.place, new TrainingLog(this.place)]]);
    this.figures = h("dl", { class: "figures", "aria-live": "off" });
    this.charts = h("div", { class: "charts" });
    this.samples = h("section", { "aria-label": "Samples" });
    const compare = this.others.map((folder) => h("label", {}, h("input", { type: "checkbox", onchange: (event) => this.compare(folder.i, event.target.checked) }), folder.name));
    this.model = h("section", { "aria-label": "The model" });
    main.append(h("h2", {}, this.folder.name), this.figures, compare.length ? h("div", { class: "bar" }, h("span", { class: "faint" }, "Compare with"), compare) : "", this.charts, this.model, this.samples);
    if (!carried) new ModelPanel(this.place).show(this.model).catch((error) => showError(this.model, error));
    const tick = async () => {
      try {
        const news = await Promise.all([...this.logs.values()].map((log) => log.update()));
        if (news.some(Boolean)) this.draw();
      } catch (error) {
        if (!this.failed) showError(main, error);
        this.failed = true;
      }
    };
    tick();
    if (carried) return;
    const timer = setInterval(() => { if (!document.hidden) tick(); }, 2000);
    return () => clearInterval(timer);
  }

  async compare(place, isOn) {
    if (isOn) {
      const log = new TrainingLog(place);
      await log.update();
      this.logs.set(place, log);
    } else {
      this.logs.delete(place);
    }
    this.draw();
  }

  draw() {
    const log = this.logs.get(this.place), { step, loss, norm, lr, tokens_per_second: speed, reward, truth, length, accuracy, divergence } = log.columns;
    const last = step.length - 1, validation = log.validation[log.validation.length - 1];
    const figure = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    this.figures.replaceChildren(figure("step", number(step[last] || 0)), loss ? figure("loss", short(loss[last])) : "", reward ? figure("reward", short(reward[last])) : "", validation ? figure("validation loss", short(validation[1])) : "", ...[["held_out", "held out"], ["held_out_truth", "right, held out"], ["held_out_accuracy", "accuracy, held out"]].map(([key, title]) => (log.heldOut[key] ? figure(title, short(log.heldOut[key].at(-1)[1])) : "")), speed ? figure("tokens per second", number(speed[last] || 0)) : "");
    const all = [...this.logs.values()], name = (one) => (one === log ? "training" : pages.find((page) => page.id === String(one.place)).title);
    const losses = all.filter((one) => one.columns.loss).map((one, i) => ({ name: name(one), x: one.columns.step, y: one.columns.loss, kind: i === 0 ? 0 : 2 + (i - 1) % 2 }));
    if (log.validation.length) losses.push({ name: "validation", x: log.validation.map(([at]) => at), y: log.validation.map(([, value]) => value), kind: 1, dots: true });
    const charts = losses.length ? [chart("Loss, nats per token", losses)] : [];
    const answers = [["Reward", reward, "held_out"], ["Right, as the checker says", truth, "held_out_truth"], ["Tokens of an answer", length, "held_out_length"], ["Pairs ranked as in the data", accuracy, "held_out_accuracy"], ["Divergence from the first model, nats", divergence]];
    for (const [title, column, heldOut] of [...answers, ["Learning rate", lr], ["Norm of the gradient", norm], ["Tokens per second", speed]]) {
      const points = log.heldOut[heldOut] || [];
      const lines = column && column.some(Number.isFinite) ? [{ name: title.toLowerCase(), x: step, y: column, kind: 0 }] : [];
      if (points.length) lines.push({ name: "held out", x: points.map(([at]) => at), y: points.map(([, value]) => value), kind: 1, dots: true });
      if (lines.length) charts.push(chart(title, lines));
    }
    this.charts.replaceChildren(...charts);
    const open = this.samples.querySelector("details[open]") !== null;
    this.samples.replaceChildren(...(log.samples.length ? [h("h3", {}, "Samples"), ...[...log.samples].reverse().map((sample, i) => h("details", { open: i === 0 || (open && i < 1) }, h("summary", {}, `Step ${number(sample.step)}`), h("pre", {}, sample.text)))] : []));
  }
}
