// The side: search, filters, and the list of what matches.
function pick(label, name, options) {
  return h("label", {class: "pick"}, h("span", {}, label),
    h("select", {"data-name": name, onchange: (event) => go({[name]: event.target.value})},
    options.map(([value, text]) => h("option", {value}, text))));
}

function makeSide() {
  const kinds = unique(nodes.map((n) => n.kind)), groups = unique(nodes.map((n) => n.group)), labels = unique(edges.map((e) => e.label));
  const counted = (list) => list.map(([value, n]) => [value, short(value, 40) + " (" + number(n) + ")"]);
  const input = h("input", {type: "search", id: "search", placeholder: "Search " + plural(nodes.length, "node"),
    "aria-label": "Search nodes",
    autocomplete: "off", spellcheck: "false", role: "combobox", "aria-expanded": "true", "aria-controls": "list"});
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => go({q: input.value}), 80);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && found.length) selectNode(found[0]);
    else if (event.key === "ArrowDown") $("#list button")?.focus();
    else if (event.key === "Escape") {
      input.value = "";
      go({q: ""});
    } else return;
    event.preventDefault();
  });
  $("#side").append(input, h("details", {class: "filters", open: innerWidth > 760},
    h("summary", {}, "Filters"),
    kinds.length > 1 && pick("Kind", "kind", [["", "all"], ...counted(kinds)]),
    groups.length > 1 && pick(capital(graph.groupNoun), "group", [["", "all"], ...counted(groups)]),
    labels.length > 1 && pick(capital(graph.edgeNoun), "edge", [["", "all"], ...counted(labels)])),
  h("p", {class: "meta", id: "found", role: "status"}), h("ul", {id: "list", "aria-label": "Nodes that match"}),
  h("button", {type: "button", class: "plain", id: "more", onclick: () => showFound(200)}));
  $("#list").addEventListener("keydown", (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    const rows = [...document.querySelectorAll("#list button")], at = rows.indexOf(document.activeElement) + step;
    (at < 0 ? input : rows[Math.min(at, rows.length - 1)]).focus();
  });
}

// found are the numbers of the nodes that match, and listed is how many of them are in the list.
let found = [], listed = 0;

// rankOf puts names that begin with what was typed first, then names that contain it, then the rest.
function rankOf(n, q) {
  const label = n.label.toLowerCase();
  return label === q ? 0 : label.startsWith(q) ? 1 : label.includes(q) ? 2 : 3;
}

function renderList() {
  const q = state.q.toLowerCase().trim(), words = q.split(/\s+/);
  found = nodes.filter((n) => matches(n) && words.every((w) => n.text.includes(w)) &&
    (!state.edge || [...n.out, ...n.in].some((k) => edges[k].label === state.edge))).sort((a, b) => q && rankOf(a, q) - rankOf(b, q) ||
    toneOrder.indexOf(a.tone) - toneOrder.indexOf(b.tone) || a.index - b.index).map((n) => n.index);
  $("#found").textContent = found.length === nodes.length ? plural(nodes.length, "node") :
    plural(found.length, "match") + " of " + number(nodes.length);
  $("#list").replaceChildren();
  listed = 0;
  showFound(60);
}

function showFound(n) {
  const end = Math.min(found.length, listed + n);
  for (; listed < end; listed++) $("#list").append(h("li", {}, nodeButton(found[listed])));
  $("#more").hidden = listed >= found.length;
  $("#more").textContent = "Show more (" + number(found.length - listed) + " left)";
}

// nodeButton names a node and selects it.
function nodeButton(i) {
  const n = nodes[i];
  return h("button", {type: "button", class: "node", "data-node": i,
    "aria-current": selection().includes(i) && selection().length === 1 && "true",
    onclick: () => selectNode(i)}, h("i", {class: "dot " + n.tone}), h("span", {}, h("b", {}, n.label),
    h("small", {}, [n.mixed || n.kind, n.group, toneNames[n.tone] !== n.kind.toLowerCase() && toneNames[n.tone]].filter(Boolean)
      .join(" · "))));
}
