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
  const state = { task: tasks[0], model: data.models[0] };

  const choices = (name, legend, values) => {
    const group = make("fieldset", "", place);
    make("legend", legend, group);
    for (const value of values) {
      const label = make("label", "", group);
      const radio = make("input", "", label);
      Object.assign(radio, { type: "radio", name, value });
      radio.addEventListener("change", () => {
        state[name] = value;
        location.hash = `task=${encodeURIComponent(state.task)}&model=${encodeURIComponent(state.model)}`;
      });
      label.append(value);
    }
  };

  const colour = (auc) => {
    const { domain, range, below } = data.colours;
    if (auc < domain[0]) return below;
    const last = domain.length - 2;
    const i = Math.min(last, domain.findIndex((edge, j) => auc <= domain[j + 1]));
    const part = (auc - domain[i]) / (domain[i + 1] - domain[i]);
    const channel = (hex, k) => parseInt(hex.slice(1 + 2 * k, 3 + 2 * k), 16);
    return `rgb(${[0, 1, 2].map((k) => Math.round(channel(range[i], k) * (1 - part) + channel(range[i + 1], k) * part)).join(",")})`;
  };

  const draw = () => {
    for (const radio of place.querySelectorAll("input")) radio.checked = state[radio.name] === radio.value;
    table.replaceChildren();
    make("caption", `${state.task}, ${state.model}: AUC, rows trained on, columns tested on`, table);
    const head = make("tr", "", make("thead", "", table));
    make("td", "", head).style.height = "auto";
    for (const target of data.targets) make("th", target, head).scope = "col";
    const body = make("tbody", "", table);
    for (const source of data.sources) {
      const row = make("tr", "", body);
      make("th", source, row).scope = "row";
      for (const target of data.targets) {
        const cell = data.views[state.task].find(([m, s, t]) => m === state.model && s === source && t === target);
        const [, , , auc, low, high, counts, reason] = cell;
        const box = make("td", auc === null ? reason : (auc < 0.5 ? "▼ " : "") + auc.toFixed(2), row);
        box.tabIndex = -1;
        if (source === target) box.classList.add("home");
        if (auc === null) {
          box.classList.add("empty");
          box.dataset.words = `${source} to ${target}: no number, ${data.reasons[reason]} (${counts})`;
        } else {
          const range = low === null ? "no interval" : `${low.toFixed(2)} to ${high.toFixed(2)}`;
          make("small", range, box);
          box.style.background = colour(auc);
          box.style.color = auc >= data.colours.white ? "#fff" : "#000";
          box.dataset.words = `${source} to ${target}: AUC ${auc.toFixed(3)}, 95 % interval ${range}; ${counts}`;
        }
      }
    }
    const first = body.querySelector("td");
    if (first) first.tabIndex = 0;
    facts.textContent = "Point at a cell, or move through the cells with the arrow keys, to see what stands behind it.";
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
    state.task = tasks.includes(wanted.get("task")) ? wanted.get("task") : tasks[0];
    state.model = data.models.includes(wanted.get("model")) ? wanted.get("model") : data.models[0];
    draw();
  };

  choices("task", "Show", tasks);
  if (data.models.length > 1) choices("model", "Model", data.models);
  const frame = make("div", "", place);
  frame.className = "scroll";
  const table = make("table", "", frame);
  const facts = make("output", "", place);
  for (const name of ["pointerover", "focusin", "click"]) table.addEventListener(name, show);
  table.addEventListener("keydown", move);
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((box) => (box.open = true)));
  draw();
  follow();
  // Only now, drawn without an error, does it take the place of the still figure; on paper the still comes back.
  const still = document.getElementById("figure-auc_matrix");
  still.insertBefore(place, still.querySelector(".card"));
  still.classList.add("explored");
  place.hidden = false;
})();
