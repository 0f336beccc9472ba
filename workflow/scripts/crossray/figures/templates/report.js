"use strict";
// The matrix of one task at a time. The page is whole without it: every number is in the figures and tables.
(() => {
  const data = JSON.parse(document.getElementById("cells").textContent);
  const place = document.getElementById("explorer");
  const make = (tag, words, parent) => {
    const element = document.createElement(tag);
    if (words) element.textContent = words;
    if (parent) parent.append(element);
    return element;
  };
  const tasks = Object.keys(data.views);
  const measures = Object.keys(data.measures);
  const state = { task: tasks[0], measure: measures[0], model: data.models[0] };

  const choices = (name, legend, values, words = (value) => value) => {
    const group = make("fieldset", "", place);
    make("legend", legend, group);
    for (const value of values) {
      const label = make("label", "", group);
      const radio = make("input", "", label);
      Object.assign(radio, { type: "radio", name, value });
      radio.addEventListener("change", () => {
        state[name] = value;
        location.hash = Object.entries(state).map(([key, chosen]) => `${key}=${encodeURIComponent(chosen)}`).join("&");
      });
      label.append(words(value));
    }
  };

  const colour = ({ domain, range }, value) => {
    const inside = Math.min(Math.max(value, domain[0]), domain[domain.length - 1]);
    const i = Math.max(0, domain.findIndex((edge) => inside <= edge) - 1);
    const part = (inside - domain[i]) / (domain[i + 1] - domain[i]);
    const channel = (hex, k) => parseInt(hex.slice(1 + 2 * k, 3 + 2 * k), 16);
    return `rgb(${[0, 1, 2].map((k) => Math.round(channel(range[i], k) * (1 - part) + channel(range[i + 1], k) * part)).join(",")})`;
  };

  // One row of a view, with names for its places; the same order as explorer.py writes it.
  const read = ([model, source, target, reason, positives, images, patients, auc, aucLow, aucHigh, drop, dropLow, dropHigh, lift, error, tasks]) => ({
    model, source, target, reason, positives, images, patients, tasks,
    auc: [auc, aucLow, aucHigh], drop: [drop, dropLow, dropHigh], lift: [lift, null, null], error: [error, null, null],
  });
  // What a study does not show of small groups is missing here.
  const count = (number) => number === null ? "not shown" : number.toLocaleString("en");
  const counted = (cell) => cell.tasks === 0 ? "no task" : (cell.tasks === undefined ? "" : `${cell.tasks} tasks; `) +
    `${count(cell.positives)} positives of ${count(cell.images)} labelled images, ${count(cell.patients)} patients`;
  // Decimals as the tables of the page have them: half way between two numbers, the even one.
  const rounded = (value, digits) => {
    const parts = value * 2 ** (digits + 1);
    if (!Number.isInteger(parts) || parts % 2 === 0) return value.toFixed(digits);
    const below = Math.floor(value * 10 ** digits);
    return ((below + Math.abs(below % 2)) / 10 ** digits).toFixed(digits);
  };
  const fixed = (value, digits) => (state.measure === "drop" && value > 0 ? "+" : "") + rounded(value, digits);

  const fill = (box, cell, source, target) => {
    if (cell === undefined) {  // external models are not trained on every source
      box.dataset.words = `${source} to ${target}: ${state.model} was not trained on ${source}`;
      return;
    }
    const [value, low, high] = cell[state.measure];
    const measure = data.measures[state.measure];
    const where = `${source} to ${target}`;
    if (value === null) {
      const why = cell.auc[0] === null ? data.reasons[cell.reason] : "no drop is defined for internal tests, without an internal test, or if the model is at chance internally";
      box.textContent = cell.auc[0] === null ? cell.reason : "";
      box.classList.add("empty");
      box.dataset.words = `${where}: no number, ${why} (${counted(cell)})`;
      return;
    }
    const worse = state.measure === "auc" && high !== null && high < 0.5;
    box.textContent = (worse ? "\u25bc " : "") + fixed(value, state.measure === "lift" ? 1 : 2);
    const range = low === null ? "" : `${rounded(low, 2)} to ${rounded(high, 2)}`;
    make("small", range, box);
    make("small", `n = ${count(cell.images)}`, box);
    make("small", `${count(cell.positives)} pos.`, box).className = "more";
    box.style.background = worse ? data.below : colour(measure, value);
    const [above, under] = measure.white;
    box.style.color = !worse && (value >= above || (under !== null && value <= under)) ? "#fff" : "#000";
    const known = state.measure === "auc" ? "AUC" : measure.words;
    box.dataset.words = `${where}: ${known} ${fixed(value, 3)}${range ? `, 95% interval ${range}` : ""}; ${counted(cell)}`;
  };

  const draw = () => {
    for (const radio of place.querySelectorAll("input")) radio.checked = state[radio.name] === radio.value;
    const model = data.models.indexOf(state.model);
    const cells = new Map(data.views[state.task].filter((row) => row[0] === model).map((row) => [`${row[1]},${row[2]}`, read(row)]));
    table.replaceChildren();
    const words = data.measures[state.measure].words;
    make("caption", `${state.task}, ${state.model}: ${words}, rows trained on, columns tested on`, table);
    const head = make("tr", "", make("thead", "", table));
    make("td", "", head).style.height = "auto";
    for (const target of data.targets) make("th", target, head).scope = "col";
    const body = make("tbody", "", table);
    data.sources.forEach((source, i) => {
      const row = make("tr", "", body);
      make("th", source, row).scope = "row";
      data.targets.forEach((target, j) => {
        const box = make("td", "", row);
        box.tabIndex = -1;
        if (data.members[i].includes(j)) box.classList.add("home");
        fill(box, cells.get(`${i},${j}`), source, target);
      });
    });
    const first = body.querySelector("td");
    if (first) first.tabIndex = 0;
    const how = data.measures[state.measure].read;
    note.textContent = how && `${how} The caption below is on AUC.`;
    facts.textContent = "Point at a cell, or move through the cells with the arrow keys, to see its counts.";
  };

  const show = (event) => {
    const box = event.target.closest("td[data-words]");
    if (box) facts.textContent = box.dataset.words;
  };
  const move = (event) => {
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const box = event.target.closest("td[data-words]");
    if (!steps || !box) return;
    const row = table.tBodies[0].rows[box.parentElement.sectionRowIndex + steps[0]];
    const next = row && row.cells[box.cellIndex + steps[1]];
    if (next && next.dataset.words) {
      box.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
      event.preventDefault();
    }
  };
  const follow = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    if (location.hash && !wanted.has("task")) return;
    const among = (name, values) => (values.includes(wanted.get(name)) ? wanted.get(name) : values[0]);
    Object.assign(state, { task: among("task", tasks), measure: among("measure", measures), model: among("model", data.models) });
    draw();
  };

  choices("task", "Show", tasks);
  choices("measure", "As", measures, (name) => data.measures[name].words);
  if (data.models.length > 1) choices("model", "Model", data.models);
  if (data.targets.length > 5) place.classList.add("many");
  const frame = make("div", "", place);
  frame.className = "scroll";
  const table = make("table", "", frame);
  const note = make("p", "", place);
  const facts = make("output", "", place);
  for (const name of ["pointerover", "focusin", "click"]) table.addEventListener(name, show);
  table.addEventListener("keydown", move);
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((box) => (box.open = true)));
  draw();
  follow();

  // Files: tables are packed in the page, figures are in it already.
  const offer = (name, blob) => {
    const link = make("a", "");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  for (const link of document.querySelectorAll("a.csv")) {
    link.addEventListener("click", async (event) => {
      event.preventDefault();
      const packed = Uint8Array.from(atob(link.href.split(",")[1]), (letter) => letter.charCodeAt(0));
      const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
      offer(link.download.replace(/\.gz$/, ""), await new Response(stream).blob());
    });
  }
  for (const line of document.querySelectorAll("[data-figure]")) {
    line.replaceChildren();
    const link = make("a", "Figure as SVG", line);
    link.href = "#";
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const drawing = line.closest("figure").querySelector(".card > svg, .card > img");
      const text = drawing.matches("img")
        ? decodeURIComponent(drawing.src.slice(drawing.src.indexOf(",") + 1))
        : new XMLSerializer().serializeToString(drawing);
      offer(line.dataset.figure, new Blob([text], { type: "image/svg+xml" }));
    });
  }

  // Only now, drawn without an error, does it take the place of the still figure; on paper the still comes back.
  const still = document.getElementById("figure-auc_matrix");
  still.insertBefore(place, still.querySelector(".card"));
  still.classList.add("explored");
  place.hidden = false;
})();
