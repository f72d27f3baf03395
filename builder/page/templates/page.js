"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const root = document.documentElement;

  // Light and dark: the system's, until the button says otherwise.
  const button = document.querySelector(".theme");
  const dark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const named = () => { button.textContent = dark() ? "Light" : "Dark"; };
  const kept = (value) => {
    try { // a file may have no storage
      if (value) localStorage.setItem("sealift-theme", value);
      return localStorage.getItem("sealift-theme");
    } catch { return null; }
  };
  const before = kept();
  if (before === "light" || before === "dark") root.dataset.theme = before;
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    kept(root.dataset.theme);
    named();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", named);
  named();

  // Tables: search, filters, order.
  for (const tools of all(".tools")) {
    const table = document.getElementById(tools.dataset.table);
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const facets = rows.map((row) => new Set((row.dataset.facets || "").split(" ")));
    const search = tools.querySelector("input");
    const output = tools.querySelector("output");
    const empty = document.getElementById(`${tools.dataset.table}-empty`);
    const clear = tools.querySelector(".clear");
    const chips = all(`[data-facet][data-for="${tools.dataset.table}"]`);
    const show = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const groups = new Map();
      for (const chip of chips) {
        if (chip.getAttribute("aria-pressed") !== "true") continue;
        groups.set(chip.dataset.group, [...(groups.get(chip.dataset.group) || []), chip.dataset.facet]);
      }
      let count = 0;
      rows.forEach((row, index) => {
        const found = words.every((word) => texts[index].includes(word)) &&
          [...groups.values()].every((group) => group.some((facet) => facets[index].has(facet)));
        row.hidden = !found;
        count += found;
      });
      output.textContent = count === rows.length ? `${count} in all` : `${count} of ${rows.length}`;
      empty.hidden = count > 0;
      if (clear) clear.hidden = count === rows.length && !groups.size;
    };
    tools.hidden = false;
    search.addEventListener("input", show);
    for (const chip of chips) {
      chip.hidden = false;
      chip.addEventListener("click", () => {
        chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
        show();
      });
    }
    if (clear) clear.addEventListener("click", () => {
      search.value = "";
      for (const chip of chips) chip.setAttribute("aria-pressed", "false");
      show();
      search.focus();
    });
    show();
    all("th[data-sorts]", table).forEach((head) => {
      const name = document.createElement("button");
      name.append(...head.childNodes);
      head.append(name);
      const key = (row) => {
        const cell = row.cells[head.cellIndex];
        return cell.dataset.key ?? cell.textContent.trim();
      };
      name.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") !== "ascending";
        all("th[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const compare = head.dataset.sorts === "numbers"
          ? (a, b) => Number(key(a)) - Number(key(b))
          : (a, b) => key(a).localeCompare(key(b), "en", { numeric: true });
        body.append(...[...rows].sort((a, b) => (up ? 1 : -1) * compare(a, b)));
      });
    });
  }

  // The picture: what leads to a thing, and where it leads.
  for (const picture of all("svg.picture")) {
    const paths = all("path", picture);
    const nodes = new Map(all(".node", picture).map((node) => [node.dataset.node, node]));
    const follow = (key, from, to, found) => {
      for (const path of paths) {
        if (path.dataset[from] !== key || found.has(path)) continue;
        found.add(path);
        follow(path.dataset[to], from, to, found);
      }
    };
    const pick = (node) => {
      for (const one of [...paths, ...nodes.values()]) one.classList.remove("on");
      picture.classList.toggle("picked", Boolean(node));
      if (!node) return;
      const found = new Set();
      follow(node.dataset.node, "to", "from", found);
      const after = new Set();
      follow(node.dataset.node, "from", "to", after);
      node.classList.add("on");
      for (const path of [...found, ...after]) {
        path.classList.add("on");
        nodes.get(path.dataset.from).classList.add("on");
        nodes.get(path.dataset.to).classList.add("on");
      }
    };
    for (const node of nodes.values()) {
      node.addEventListener("mouseenter", () => pick(node));
      node.addEventListener("mouseleave", () => pick(null));
      node.addEventListener("focusin", () => pick(node));
      node.addEventListener("focusout", () => pick(null));
    }
  }

  // On paper all is open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => {
    for (const one of closed) one.open = false;
  });
})();
