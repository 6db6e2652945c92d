// The graph's data, and the few functions that everything else builds the page with.
const graph = JSON.parse(document.getElementById("graph").textContent);
const $ = (selector) => document.querySelector(selector);
const nodes = graph.nodes, edges = graph.edges, texts = graph.texts;

// set adds attributes, listeners and children. Text only ever becomes text nodes and attributes, never markup.
function set(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(4)) {
    if (child !== undefined && child !== null && child !== false) element.append(child);
  }
  return element;
}
const h = (tag, attributes, ...children) => set(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => set(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const number = (n) => n.toLocaleString("en");
const plural = (n, noun) => number(n) + " " + (n === 1 ? noun : /(x|sh|ch)$/.test(noun) ? noun + "es" :
  /[^aeo]y$/.test(noun) ? noun.slice(0, -1) + "ies" : noun + "s");
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const toneOrder = ["goal", "danger", "warn", "", "muted"];
const toneNames = {goal: "goal", danger: "danger", warn: "warning", muted: "minor", ...graph.tones};
const cutWord = graph.cut || "blocked";
const strongest = (a, b) => toneOrder.indexOf(a) <= toneOrder.indexOf(b) ? a : b;

const byID = new Map();
nodes.forEach((n, i) => {
  n.index = i;
  n.kind = texts[n.kind];
  n.group = texts[n.group];
  n.tone ||= "";
  n.weight ||= 1;
  n.rank ||= 0;
  n.out = [];
  n.in = [];
  n.text = (n.label + "\n" + n.kind + "\n" + n.group + "\n" + n.id).toLowerCase();
  byID.set(n.id, i);
});
edges.forEach((e, i) => {
  e.index = i;
  e.label = texts[e.label];
  e.cut = texts[e.cut || 0];
  e.tone ||= "";
  e.weight ||= 1;
  nodes[e.from].out.push(i);
  nodes[e.to].in.push(i);
});
const goals = nodes.filter((n) => n.tone === "goal");

// unique gives the different values of a list that are not empty, sorted, with how often each occurs.
function unique(values) {
  const counts = new Map();
  for (const v of values) if (v) counts.set(v, (counts.get(v) || 0) + 1);
  return [...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

// reach walks from nodes along edges, "out" or "in", at most so many steps. It gives how far each node is, and the edge
// by which it was first reached. allowed says which edges count.
function reach(from, way, depth, allowed) {
  const far = new Map(), by = new Map(), used = new Set();
  for (const i of from) far.set(i, 0);
  for (const i of far.keys()) { // the keys grow while they are walked
    if (far.get(i) >= depth) continue;
    for (const k of nodes[i][way]) {
      if (!allowed(edges[k])) continue;
      used.add(k);
      const next = way === "out" ? edges[k].to : edges[k].from;
      if (!far.has(next)) {
        far.set(next, far.get(i) + 1);
        by.set(next, k);
      }
    }
  }
  return {far, by, used};
}
const open = (e) => !e.cut;
