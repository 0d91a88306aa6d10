"use strict";
// Brings the page up to date in place. Without it the page loads itself anew.
const FAST = 2000, SLOW = 15000, HIDDEN = 60000;
const body = document.body;
const each = (name, act) => document.querySelectorAll(`[data-${name}]`).forEach(
  (element) => act(element, element.getAttribute(`data-${name}`)));

const setText = (element, text) => {
  if (element.textContent === text) return;
  element.textContent = text;
  const whole = element.closest("pre") ?? element;
  if (element.dataset.text === "ending" || element.dataset.text === "command") whole.hidden = text === "";
};
const setBar = (svg, [done, failed, running, planned]) => {
  const part = (count) => 1000 * count / (planned || 1);
  const ends = [[0, done], [done, failed], [done + failed, running]];
  [...svg.children].forEach((rect, at) => {
    rect.setAttribute("x", part(ends[at][0]));
    rect.setAttribute("width", part(ends[at][1]));
  });
  const whole = svg.closest("[role=progressbar]");
  whole?.setAttribute("aria-valuenow", done + failed);
  whole?.setAttribute("aria-valuemax", planned);
};
const setRows = (rows, lines) => {
  const shown = [...rows.rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  if (JSON.stringify(shown) === JSON.stringify(lines)) return;
  rows.replaceChildren(...lines.map((line) => {
    const row = document.createElement("tr");
    row.append(...line.map((text, at) => {
      const cell = document.createElement(at ? "td" : "th");
      if (!at) cell.scope = "row";
      cell.textContent = text;
      return cell;
    }));
    return row;
  }));
};
const show = (found) => {
  each("text", (element, key) => { if (key in found.texts) setText(element, found.texts[key]); });
  each("class", (element, key) => { if (key in found.classes) element.className = found.classes[key]; });
  each("bar", (svg, key) => { if (key in found.bars) setBar(svg, found.bars[key]); });
  each("rows", (rows, key) => { if (key in found.tables) setRows(rows, found.tables[key]); });
  each("when", (section, key) => { section.hidden = !found.tables[key]?.length; });
};

let wait = FAST, last = "", timer = 0, asking = false;
const lost = document.getElementById("lost");
const ask = async () => {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  try {
    const answer = await fetch(body.dataset.source, { cache: "no-store" });
    if (answer.status === 404) { location.reload(); return; }
    if (!answer.ok) throw new Error(answer.statusText);
    const text = await answer.text();
    const found = JSON.parse(text);
    if (JSON.stringify(found.shape) !== JSON.stringify(JSON.parse(body.dataset.shape))) {
      location.reload();
      return;
    }
    // Time goes on by itself: only what else has changed is news.
    const news = JSON.stringify([found.classes, found.bars, found.tables]);
    wait = found.active && news !== last ? FAST : Math.min(SLOW, wait * 1.4);
    last = news;
    show(found);
    if (lost) lost.hidden = true;
  } catch {
    wait = SLOW;
    if (lost) {
      lost.textContent = "The server does not answer, so what is shown may be old. Is outlast watch still running?";
      lost.hidden = false;
    }
  } finally {
    asking = false;
    timer = setTimeout(ask, document.hidden ? HIDDEN : wait);
  }
};
if (body.dataset.source) {
  timer = setTimeout(ask, FAST);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { wait = FAST; ask(); } });
}

const filter = document.getElementById("filter");
if (filter) {
  const entries = [...document.querySelectorAll(".entry")];
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    entries.forEach((entry) => {
      const text = entry.textContent.toLowerCase();
      entry.hidden = !words.every((word) => text.includes(word));
    });
    const count = entries.filter((entry) => !entry.hidden).length;
    document.getElementById("shown").textContent = filter.value ? `${count} of ${entries.length}` : "";
    sessionStorage.setItem("filter", filter.value);
  };
  filter.parentElement.hidden = false;
  filter.value = sessionStorage.getItem("filter") ?? "";
  filter.addEventListener("input", apply);
  apply();
}

const button = document.getElementById("compare");
if (button) {
  const boxes = [...document.querySelectorAll("input[name=with]")];
  const apply = () => {
    const ticked = boxes.filter((box) => box.checked);
    boxes.forEach((box) => { box.disabled = ticked.length === 2 && !box.checked; });
    button.disabled = ticked.length !== 2;
  };
  boxes.forEach((box) => box.addEventListener("change", apply));
  apply();
}

document.querySelectorAll("pre.copyable").forEach((pre) => {
  const code = pre.querySelector("code");
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy";
  copy.textContent = "Copy";
  copy.addEventListener("click", async () => {
    getSelection().selectAllChildren(code);
    const done = await navigator.clipboard?.writeText(code.textContent).then(() => true, () => false);
    copy.textContent = done ? "Copied" : "Selected";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  });
  pre.append(copy);
});
