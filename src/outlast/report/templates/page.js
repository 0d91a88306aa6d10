"use strict";
// Everything here is a convenience: the page says the same without it.
const value = (row, column) => {
  const cell = row.cells[column];
  return cell ? cell.dataset.v ?? cell.textContent.trim() : "";
};
const compare = (a, b) => {
  if (a === "" || b === "") return (a === "") - (b === "");
  return a - b || (Number.isNaN(a - b) ? a.localeCompare(b, "en", { numeric: true }) : 0);
};
const sort = (table, column, header) => {
  const down = header.getAttribute("aria-sort") === "ascending";
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
document.querySelectorAll("table.sortable").forEach((table) => {
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(table, column, header));
    header.append(button);
  });
});
document.querySelectorAll("details.columns").forEach((chooser) => {
  const table = document.getElementById(chooser.dataset.table);
  chooser.addEventListener("change", ({ target }) => {
    for (const row of table.rows) row.cells[target.value].hidden = !target.checked;
  });
  // A browser keeps boxes as they were when a page is loaded again.
  chooser.querySelectorAll("input").forEach((box) => { box.checked = box.defaultChecked; });
  chooser.hidden = false;
});
document.querySelectorAll("pre.copyable").forEach((pre) => {
  const button = document.createElement("button");
  const code = pre.querySelector("code");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(code);
    // A page opened from a file may not use the clipboard: then the text stays selected.
    const done = await navigator.clipboard?.writeText(code.textContent).then(() => true, () => false);
    button.textContent = done ? "Copied" : "Selected";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  pre.append(button);
});
const reveal = () => {
  let node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
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
