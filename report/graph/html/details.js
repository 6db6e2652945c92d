// The details of what is selected.
function paged(total, make, first = 30) {
  const list = h("ul", {}), more = h("button", {type: "button", class: "plain"});
  let shown = 0;
  const show = (n) => {
    for (const end = Math.min(total, shown + n); shown < end; shown++) list.append(h("li", {}, make(shown)));
    more.hidden = shown >= total;
    more.textContent = "Show more (" + number(total - shown) + " left)";
  };
  more.addEventListener("click", () => show(200));
  show(first);
  return [list, more];
}

const part = (title, opened, ...content) => h("details", {open: opened}, h("summary", {}, title), content);
const lines = (numbers, left) => numbers && numbers.length > 0 && [paged(numbers.length, (i) => texts[numbers[i]]),
  left > 0 && noRoom(left)];
const noRoom = (n) => h("p", {class: "meta"}, "… and " + plural(n, "line") + " that this page has no room for");

function renderDetails(view) {
  const box = $("#details"), {selected} = view;
  box.replaceChildren(...[selected.length === 1 ? nodeDetails(selected[0], view) : selected.length ? foldDetails(selected) : overview()]
    .flat(3).filter(Boolean));
  box.classList.toggle("idle", !selected.length);
  box.scrollTop = 0;
}

const clear = () => h("button", {type: "button", class: "plain close",
  onclick: () => go({node: "", fold: "", dir: ""})}, "Show everything");

function overview() {
  const cut = edges.filter((e) => e.cut).length;
  const sign = (test, mark, text) => test > 0 && h("li", {}, mark, text);
  const swatch = (tone) => h("i", {class: "dot " + tone});
  return [h("h2", {}, "How to read this"),
    h("ul", {class: "signs"}, ["goal", "danger", "warn"].map((tone) =>
      sign(nodes.some((n) => n.tone === tone), swatch(tone), toneNames[tone])),
      sign(true, h("i", {class: "dot stack"}), "stands for several: select it to see them"),
      sign(cut, h("i", {class: "dash"}), cutWord + ": it says why"),
      sign(goals.length, h("i", {class: "dash bold"}), "shortest way to a goal")),
    goals.length > 0 && [h("h2", {}, "Goals"), h("ul", {}, goals.slice(0, 20).map((g) => {
      const from = reach([g.index], "in", Infinity, open).far.size - 1;
      return h("li", {}, nodeButton(g.index), h("p", {class: "meta"},
        from ? "reached from " + plural(from, "node") : "nothing leads here"));
    }))],
    h("p", {class: "meta"}, "Select a box or a name to see its details and where it leads.")];
}

function nodeDetails(i, view) {
  const n = nodes[i], into = n.tone === "goal" ? reach([i], "in", Infinity, open).far.size - 1 : -1;
  return [clear(), h("h2", {class: "name"}, n.label),
    h("p", {class: "meta"}, [n.mixed || n.kind, n.group].filter(Boolean).join(" · "), " ",
      toneNames[n.tone] && h("span", {class: "chip " + n.tone}, toneNames[n.tone])),
    into >= 0 && h("p", {}, into ? "Reached from " + plural(into, "node") + "." : "Nothing leads here."),
    view.ways.slice(0, 12).map((way, at) => part(["To ", h("b", {}, way.goal.label), " in " + plural(way.steps.length, "step")], at < 2,
      h("ol", {}, way.steps.map((k) => h("li", {}, edgeLine(k, "out")))))),
    (n.sections || []).map((x, at) => part(texts[x.title], at < 4, lines(x.lines))), n.more > 0 && noRoom(n.more),
    edgeList("Leads to", n.out, "out"), edgeList("Reached from", n.in, "in")];
}

const edgeList = (title, list, way) => list.length > 0 &&
  part(title + " (" + number(list.length) + ")", list.length <= 20, paged(list.length, (j) => edgeLine(list[j], way)));

function edgeLine(k, way) {
  const e = edges[k], other = nodes[way === "out" ? e.to : e.from];
  return [h("span", {class: "step"}, e.label && h("b", {}, e.label), e.weight > 1 && " ×" + number(e.weight), way === "out" ? " → " : " ← ",
    h("button", {type: "button", class: "link", onclick: () => selectNode(other.index)}, other.label), " ",
    h("small", {}, other.group)), e.cut && h("p", {class: "blocked"}, capital(cutWord) + ": " + e.cut),
    e.lines && h("div", {class: "proof"}, lines(e.lines, e.more))];
}

function foldDetails(selected) {
  const tones = unique(selected.map((i) => nodes[i].tone)), groups = unique(selected.map((i) => nodes[i].group));
  const parts = {key: state.fold, level: +state.fold.split(".")[0], members: selected};
  describe(parts);
  const inside = new Set(selected);
  const leads = (list, side) => {
    const counts = new Map();
    for (const i of selected) for (const k of nodes[i][list]) {
      const key = edges[k].label + "\n" + edges[k][side] + "\n" + (edges[k].cut ? 1 : "");
      counts.set(key, (counts.get(key) || 0) + edges[k].weight);
    }
    return [...counts].map(([key, n]) => [...key.split("\n"), n]).filter(([, other]) => !inside.has(+other))
      .sort((a, b) => b[3] - a[3]);
  };
  const list = (title, rows, arrow) => rows.length > 0 && part(title + " (" + number(rows.length) + ")", true, paged(rows.length, (j) => {
    const [label, other, cut, n] = rows[j];
    return h("span", {class: "step"}, label && h("b", {}, label), " ×" + number(n) + arrow,
      h("button", {type: "button", class: "link", onclick: () => selectNode(+other)}, nodes[other].label),
      cut && h("small", {}, " " + cutWord));
  }, 12));
  return [clear(), h("h2", {class: "name"}, parts.label), h("p", {class: "meta"},
    parts.sub, groups.length > 1 && " · " + plural(groups.length, graph.groupNoun), " ",
    tones.map(([tone, n]) => h("span", {class: "chip " + tone}, number(n) + " " + toneNames[tone]))),
  h("button", {type: "button", class: "plain", onclick: () => go({open: [...state.open.split(",").filter(Boolean), state.fold].join(","),
    node: "", fold: ""})}, "Show its parts"),
  list("Leads to", leads("out", "to"), " → "), list("Reached from", leads("in", "from"), " ← "),
  part("Stands for " + plural(selected.length, "node"), true, paged(selected.length, (i) => nodeButton(selected[i])))];
}
