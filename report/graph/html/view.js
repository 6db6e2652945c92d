// What is shown is in the address, "#node=…&dir=out&depth=3", so that it can be kept and shared.
const defaults = {
  q: "", node: "", fold: "", dir: "", depth: "all", kind: "", group: "", edge: "", how: "auto", most: "40", open: "", goals: ""
};
let state = {...defaults};

function readAddress() {
  state = {...defaults};
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    if (Object.hasOwn(defaults, name)) state[name] = value;
  }
}

// go changes some of the state. Typing replaces the entry in the history; choosing adds one.
function go(change) {
  Object.assign(state, change);
  const kept = Object.entries(state).filter(([name, value]) => value !== defaults[name]);
  const hash = "#" + new URLSearchParams(kept);
  if (hash !== location.hash) history["q" in change ? "replaceState" : "pushState"](
    null, "", kept.length ? hash : location.pathname + location.search);
  render(change);
}

// selection gives the nodes that are selected: one, or those of a folded box.
function selection() {
  if (state.node && byID.has(state.node)) return [byID.get(state.node)];
  const [level, id] = state.fold.split(".").map(Number);
  if (!state.fold || !(level > 0 && level <= levelAll)) return [];
  return nodes.filter((n) => classOf(level, n.index) === id && matches(n)).map((n) => n.index);
}

const allowed = (e) => !state.edge || e.label === state.edge;
const matches = (n) => (!state.kind || n.kind === state.kind) && (!state.group || n.group === state.group);
const direction = (selected) => state.dir || (selected.some((i) => nodes[i].out.length) || !selected.length ? "out" : "in");
const selectNode = (i) => go({node: nodes[i].id, fold: "", dir: ""});
const choose = (b) => b.members.length === 1 ? selectNode(b.members[0]) : go({node: "", fold: b.key, dir: ""});

// viewOf gives what the picture shows: the whole graph, or what is reached from the selected or filtered nodes.
function viewOf() {
  const selected = selection(), filtered = state.kind || state.group;
  let kept = new Set(), used = new Set();
  if (selected.length || filtered) {
    const seeds = selected.length ? selected : nodes.filter(matches).map((n) => n.index);
    const depth = state.depth === "all" ? Infinity : +state.depth || 1, dir = direction(selected);
    for (const way of dir === "both" ? ["out", "in"] : [dir]) {
      const r = reach(seeds, way, depth, allowed);
      for (const i of r.far.keys()) kept.add(i);
      for (const k of r.used) used.add(k);
    }
  } else {
    for (const e of edges) if (allowed(e)) used.add(e.index);
    if (state.edge) for (const k of used) kept.add(edges[k].from).add(edges[k].to);
    else kept = new Set(nodes.keys());
  }
  if (state.goals) {
    const r = reach(goals.map((n) => n.index), "in", Infinity, allowed);
    kept = new Set([...kept].filter((i) => r.far.has(i) || selected.includes(i)));
    used = new Set([...used].filter((k) => kept.has(edges[k].from) && kept.has(edges[k].to)));
  }
  kept = new Set([...kept].sort((a, b) => a - b));
  used = new Set([...used].sort((a, b) => a - b));
  const ways = selected.length === 1 ? waysFrom(selected[0]) : [];
  const pinned = new Set(selected.length === 1 ? selected : []);
  for (const way of ways.slice(0, 3)) for (const k of way.steps) pinned.add(edges[k].from).add(edges[k].to);
  if (goals.length <= 12) for (const n of goals) pinned.add(n.index);
  const opened = new Set(state.open.split(",").filter(Boolean));
  const view = fold(kept, used, {most: +state.most || 40, how: state.how, pinned, opened});
  const onWay = new Set(ways.flatMap((way) => way.steps));
  for (const a of view.arrows) a.way = a.edges.some((k) => onWay.has(k));
  const chosen = new Set(selected);
  for (const b of view.boxes) b.selected = selected.length > 0 && b.members.every((i) => chosen.has(i));
  return Object.assign(view, {selected, ways, nodes: kept.size, edges: used.size});
}

// waysFrom gives the shortest open way to each goal, the nearest goals first.
function waysFrom(from) {
  const {far, by} = reach([from], "out", Infinity, (e) => open(e) && allowed(e));
  return goals.filter((g) => g.index !== from && far.has(g.index)).map((goal) => {
    const steps = [];
    for (let i = goal.index; i !== from; i = edges[by.get(i)].from) steps.unshift(by.get(i));
    return {goal, steps};
  }).sort((a, b) => a.steps.length - b.steps.length);
}
