"use strict";
// Everything here is a convenience: the page says the same without it.
const make = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

// Tables: sorted by their headers, filtered by words, and both kept in the address.
const LONG = 12;
const value = (row, column) => {
  const cell = row.cells[column];
  return cell ? cell.dataset.v ?? cell.textContent.trim() : "";
};
const compare = (a, b) => {
  if (a === "" || b === "") return (a === "") - (b === "");
  return a - b || (Number.isNaN(a - b) ? a.localeCompare(b, "en", { numeric: true }) : 0);
};
const sort = (table, column, down) => {
  const header = table.tHead.rows[0].cells[column];
  table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => {
    const [x, y] = [value(a, column), value(b, column)];
    // Missing values stay last, whichever way the rest is sorted.
    return x === "" || y === "" || !down ? compare(x, y) : compare(y, x);
  });
  table.tBodies[0].append(...rows);
};
const filter = (table, text) => {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...table.tBodies[0].rows];
  rows.forEach((row) => {
    const content = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => content.includes(word));
  });
  const shown = rows.filter((row) => !row.hidden).length;
  const status = table.parentElement.previousElementSibling?.querySelector("output");
  if (status) status.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
};
const keep = (table) => {
  const state = new URLSearchParams();
  const headers = [...table.tHead.rows[0].cells];
  const sorted = headers.findIndex((th) => th.hasAttribute("aria-sort"));
  const down = headers[sorted]?.getAttribute("aria-sort") === "descending";
  const field = table.parentElement.previousElementSibling?.querySelector("input");
  if (sorted >= 0) state.set("sort", (down ? "-" : "") + (sorted + 1));
  if (field?.value) state.set("filter", field.value);
  history.replaceState(null, "", `#${table.id}${state.size ? `?${state}` : ""}`);
};
const restore = (table, state) => {
  const column = Number(state.get("sort"));
  if (column && table.tHead.rows[0].cells[Math.abs(column) - 1]) sort(table, Math.abs(column) - 1, column < 0);
  const field = table.parentElement.previousElementSibling?.querySelector("input");
  if (!field || !state.has("filter")) return;
  field.value = state.get("filter");
  filter(table, field.value);
};
document.querySelectorAll("table.sortable").forEach((table) => {
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = make("button", { type: "button" }, ...header.childNodes);
    button.addEventListener("click", () => {
      sort(table, column, header.getAttribute("aria-sort") === "ascending");
      keep(table);
    });
    header.append(button);
  });
  if (table.tBodies[0].rows.length < LONG) return;
  const field = make("input", { type: "search", placeholder: "Filter rows" });
  field.setAttribute("aria-label", `Filter: ${table.parentElement.getAttribute("aria-label") ?? "table"}`);
  field.addEventListener("input", () => { filter(table, field.value); keep(table); });
  table.parentElement.before(make("p", { className: "filter" }, field, " ", make("output", {})));
});

// Columns that are shown when somebody asks for them.
document.querySelectorAll("details.columns").forEach((chooser) => {
  const table = document.getElementById(chooser.dataset.table);
  chooser.addEventListener("change", ({ target }) => {
    for (const row of table.rows) row.cells[target.value].hidden = !target.checked;
  });
  // A browser keeps boxes as they were when a page is loaded again.
  chooser.querySelectorAll("input").forEach((box) => { box.checked = box.defaultChecked; });
  chooser.hidden = false;
});

// Figures: a mark tells its numbers, and its model can be followed through all figures.
const tip = make("div", { id: "tip", hidden: true });
tip.setAttribute("role", "status");
document.body.append(tip);
const NEAR = 18;
const marks = (svg) => [...svg.querySelectorAll("[data-tip]")];
const who = (mark) => mark.dataset.tip.split("\n", 1)[0];
let pinned = null;
const light = (name, svgs) => svgs.forEach((svg) => {
  const same = name === null ? [] : marks(svg).filter((mark) => who(mark) === name);
  // Where only one or none has the name, or all have, there is nothing to tell apart.
  svg.classList.toggle("lit", same.length > 0 && same.length < marks(svg).length);
  marks(svg).forEach((mark) => mark.classList.toggle("on", same.includes(mark)));
});
const pictures = [...document.querySelectorAll("figure svg[role=img]")];
const pin = (name) => {
  pinned = pinned === name ? null : name;
  light(pinned, pictures);
};
const middle = (mark) => {
  const box = mark.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
};
const nearest = (svg, event) => {
  const direct = event.target.closest("[data-tip]");
  if (direct) return direct;
  let best = null;
  let least = NEAR;
  marks(svg).forEach((mark) => {
    const [x, y] = middle(mark);
    const away = Math.hypot(event.clientX - x, event.clientY - y);
    if (away < least) [best, least] = [mark, away];
  });
  return best;
};
const hide = (svg) => {
  tip.hidden = true;
  light(pinned, [svg]);
};
const float = (name, lines, x, y) => {
  tip.replaceChildren(make("strong", {}, name), ...lines.map((line) => make("span", {}, line)));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  tip.style.left = `${Math.max(4, Math.min(x + 14, room - width - 4))}px`;
  tip.style.top = `${y + height + 20 > innerHeight ? y - height - 10 : y + 14}px`;
};
const tell = (svg, mark, x, y) => {
  const [name, ...lines] = mark.dataset.tip.split("\n");
  float(name, lines, x, y);
  light(pinned ?? name, [svg]);
};
pictures.forEach((svg) => {
  svg.addEventListener("pointermove", (event) => {
    const mark = nearest(svg, event);
    if (mark) tell(svg, mark, event.clientX, event.clientY);
    else hide(svg);
  });
  svg.addEventListener("pointerleave", () => hide(svg));
  svg.addEventListener("click", (event) => {
    const entry = event.target.closest(".role-legend-label text");
    const mark = entry ? null : nearest(svg, event);
    if (entry || mark) pin(entry ? entry.textContent : who(mark));
  });
  let at = -1;
  svg.parentElement.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const all = marks(svg);
    if (event.key === "Escape") hide(svg);
    if (event.key === "Enter" && at >= 0) pin(who(all[at]));
    if (!step || !all.length) return;
    event.preventDefault();
    at = (at + step + all.length) % all.length;
    all[at].scrollIntoView({ block: "nearest", inline: "nearest" });
    tell(svg, all[at], ...middle(all[at]));
  });
  svg.parentElement.addEventListener("blur", () => hide(svg));
});

// Words of the trade say what they mean, to the pointer and to the keyboard.
document.querySelectorAll("abbr[title]").forEach((term) => {
  const meaning = term.title;
  const holder = term.closest("button") ?? term;
  const show = () => {
    const box = term.getBoundingClientRect();
    float(term.textContent, [meaning], box.left - 14, box.bottom - 8);
  };
  holder.tabIndex = 0;
  holder.setAttribute("aria-description", meaning);
  // Or the browser would show it a second time.
  term.removeAttribute("title");
  for (const kind of ["pointerenter", "focus"]) holder.addEventListener(kind, show);
  for (const kind of ["pointerleave", "blur"]) holder.addEventListener(kind, () => { tip.hidden = true; });
});

// Code that can be copied, and headings that can be linked to.
document.querySelectorAll("pre.copyable").forEach((pre) => {
  const code = pre.querySelector("code");
  const button = make("button", { type: "button", className: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(code);
    // A page opened from a file may not use the clipboard: then the text stays selected.
    const done = await navigator.clipboard?.writeText(code.textContent).then(() => true, () => false);
    button.textContent = done ? "Copied" : "Selected";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  pre.append(button);
});
document.querySelectorAll("section[id] > h2, figure[id] > figcaption > strong").forEach((title) => {
  const link = make("a", { className: "anchor", href: `#${title.closest("[id]:not(h2)").id}` }, "#");
  link.setAttribute("aria-label", `Link to ${title.textContent}`);
  title.append(" ", link);
});

// Light or dark: as the system says, until somebody says otherwise.
const THEMES = ["auto", "light", "dark"];
const theme = make("button", { type: "button", className: "theme" });
const paint = (name) => {
  document.documentElement.dataset.theme = name;
  theme.textContent = `Theme: ${name}`;
  // Pages opened from a file may not be allowed to remember anything.
  try { localStorage.setItem("outlast-theme", name); } catch { /* then the next page asks again */ }
};
theme.addEventListener("click", () => {
  paint(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
});
let remembered = null;
try { remembered = localStorage.getItem("outlast-theme"); } catch { /* as above */ }
paint(THEMES.includes(remembered) ? remembered : "auto");
document.querySelector("header").append(theme);

// An address may name anything of the page: it is opened, and a table takes up its state.
const reveal = () => {
  const [id, state] = location.hash.slice(1).split("?");
  let node = document.getElementById(decodeURIComponent(id));
  if (node?.matches("table.sortable") && state) restore(node, new URLSearchParams(state));
  for (const target = node; node; node = node.parentElement) {
    if (node.tagName === "DETAILS") node.open = true;
    if (!node.parentElement) target.scrollIntoView();
  }
};
addEventListener("hashchange", reveal);
if (location.hash) reveal();
addEventListener("beforeprint", () => {
  document.querySelectorAll("details.print").forEach((details) => { details.open = true; });
});
