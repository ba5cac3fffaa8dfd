// A training run while it goes on: losses, also of other runs beside them, rate, norm, speed, samples.

const WIDTH = 640, HEIGHT = 260, LEFT = 56, RIGHT = 12, TOP = 12, BOTTOM = 28;

// 1, 2 or 5 times a power of ten, so that about `count` of them span `length`.
function roundStep(length, count) {
  const rough = length / count, power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5].map((factor) => factor * power).find((step) => rough <= step * 1.0001) || 10 * power;
}

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
    picture.append(svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }), svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, short(Math.abs(value) < every / 2 ? 0 : value)));
  for (let step = Math.ceil(first / stride) * stride; step <= last; step += stride) picture.append(svg("text", { x: x(step), y: HEIGHT - 8, "text-anchor": "middle" }, number(step)));
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
      this.next = answer.next;
    }
    this.samples = answer.samples;
    return isNew;
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
    main.append(h("h2", {}, this.folder.name), this.figures, compare.length ? h("div", { class: "bar" }, h("span", { class: "faint" }, "Compare with"), compare) : "", this.charts, this.samples);
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
    const log = this.logs.get(this.place), { step, loss, norm, lr, tokens_per_second: speed, reward } = log.columns;
    const last = step.length - 1, validation = log.validation[log.validation.length - 1];
    const figure = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
    this.figures.replaceChildren(figure("step", number(step[last] || 0)), loss ? figure("loss", short(loss[last])) : "", reward ? figure("reward", short(reward[last])) : "", validation ? figure("validation loss", short(validation[1])) : "", speed ? figure("tokens per second", number(speed[last] || 0)) : "");
    const all = [...this.logs.values()], name = (one) => (one === log ? "training" : pages.find((page) => page.id === String(one.place)).title);
    const losses = all.filter((one) => one.columns.loss).map((one, i) => ({ name: name(one), x: one.columns.step, y: one.columns.loss, kind: i === 0 ? 0 : 2 + (i - 1) % 2 }));
    if (log.validation.length) losses.push({ name: "validation", x: log.validation.map(([at]) => at), y: log.validation.map(([, value]) => value), kind: 1, dots: true });
    const charts = losses.length ? [chart("Loss, nats per token", losses)] : [];
    for (const [title, column] of [["Reward", reward], ["Learning rate", lr], ["Norm of the gradient", norm], ["Tokens per second", speed]])
      if (column && column.some(Number.isFinite)) charts.push(chart(title, [{ name: title.toLowerCase(), x: step, y: column, kind: 0 }]));
    this.charts.replaceChildren(...charts);
    const open = this.samples.querySelector("details[open]") !== null;
    this.samples.replaceChildren(...(log.samples.length ? [h("h3", {}, "Samples"), ...[...log.samples].reverse().map((sample, i) => h("details", { open: i === 0 || (open && i < 1) }, h("summary", {}, `Step ${number(sample.step)}`), h("pre", {}, sample.text)))] : []));
  }
}
