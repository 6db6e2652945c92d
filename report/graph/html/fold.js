// Folding: which boxes stand for the nodes of a view. graph.levels has, for every level, the class of each node.
const levelKin = 2, levelGroup = 3, levelGoals = 6, levelAll = graph.levels.length;
const classOf = (level, i) => level === 0 ? i : graph.levels[level - 1][i];

const sizes = [[], ...graph.levels.map((level) => {
  const out = [];
  for (const c of level) out[c] = (out[c] || 0) + 1;
  return out;
})];

// mostArrows is how many arrows a folded picture has at most.
const mostArrows = 150;

// fold gives the boxes and arrows for some nodes and edges. Pinned nodes stay by themselves; opened classes are shown in
// parts. how is "auto", "group" or "none".
function fold(kept, used, {most, how, pinned, opened}) {
  const list = [...kept];
  let level = how === "group" ? levelGroup : 0;
  const make = () => boxesAt(list, used, level, pinned, opened);
  let out = make();
  const limit = how === "none" ? 2500 : most, arrows = how === "none" ? 8000 : Math.max(mostArrows, 3 * most);
  while (level < levelAll && (out.boxes.length - out.extra > limit || level && out.boxes.length > 8 && out.arrows.length > arrows &&
      !opened.size)) {
    level++;
    out = make();
  }
  out.level = level;
  return out;
}

function boxesAt(list, used, level, pinned, opened) {
  const boxes = [], at = new Map(), boxOf = new Map();
  let extra = 0; // boxes that are only there because a class was opened
  for (const i of list) {
    let own = pinned.has(i) ? 0 : level;
    for (let apart = 0; own > 0; own--) { // a class that is opened, and those below it that are the same nodes
      const size = sizes[own][classOf(own, i)];
      if (opened.has(own + "." + classOf(own, i))) apart = size;
      else if (size !== apart) break;
    }
    const key = own + "." + classOf(own, i);
    if (!at.has(key)) {
      at.set(key, boxes.length);
      boxes.push({key, level: own, members: [], index: boxes.length});
      if (own < level && !pinned.has(i)) extra++;
    }
    boxes[at.get(key)].members.push(i);
    boxOf.set(i, at.get(key));
  }
  boxes.forEach(describe);
  const arrows = [], arrowAt = new Map();
  for (const k of used) {
    const e = edges[k], from = boxOf.get(e.from), to = boxOf.get(e.to);
    if (from === undefined || to === undefined || from === to && e.from !== e.to) continue;
    const key = from + ">" + to + (e.cut ? "x" : "");
    if (!arrowAt.has(key)) {
      arrowAt.set(key, arrows.length);
      arrows.push({from, to, cut: !!e.cut, tone: e.tone, edges: [], labels: new Map(), index: arrows.length});
    }
    const a = arrows[arrowAt.get(key)];
    a.edges.push(k);
    a.tone = strongest(a.tone, e.tone);
    a.labels.set(e.label, (a.labels.get(e.label) || 0) + e.weight);
  }
  for (const a of arrows) {
    const [label, times] = [...a.labels].sort((x, y) => y[1] - x[1])[0];
    a.label = [label, times > 1 && "×" + number(times), a.labels.size > 1 && "+" + (a.labels.size - 1)].filter(Boolean).join(" ");
  }
  return {boxes, arrows, boxOf, extra};
}

// kindsOf lists what a box stands for: "20 × ServiceAccount, 1 × Role".
function kindsOf(members) {
  const counts = new Map();
  for (const i of members) counts.set(nodes[i].kind, (counts.get(nodes[i].kind) || 0) + nodes[i].weight);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([kind, n]) => (number(n) + " × " + (kind || "other")).trim()).join(", ");
}

// describe gives a box its texts.
function describe(box) {
  const first = nodes[box.members[0]];
  box.tone = box.members.reduce((tone, i) => strongest(tone, nodes[i].tone), "muted");
  box.rank = Math.min(...box.members.slice(0, 1000).map((i) => nodes[i].rank));
  box.weight = box.members.reduce((sum, i) => sum + nodes[i].weight, 0);
  const groups = unique(box.members.map((i) => nodes[i].group)).length;
  if (box.members.length === 1) {
    box.label = first.label;
    box.sub = [first.mixed || (first.weight > 1 ? number(first.weight) + " × " : "") + first.kind,
      first.group !== first.label && first.group].filter(Boolean).join(" · ");
    return;
  }
  const more = " and " + number(box.members.length - 1) + " more";
  if (box.level >= levelAll) box.label = "everything";
  else if (groups > 1 && box.level >= levelGoals) box.label = plural(groups, graph.groupNoun);
  else if (box.level < levelKin || !first.group) box.label = first.label + more;
  else if (groups > 1) box.label = first.group + " and " + number(groups - 1) + " more";
  else box.label = first.group;
  box.sub = kindsOf(box.members) + (groups === 1 && first.group && first.group !== box.label ? " · " + first.group : "");
}
