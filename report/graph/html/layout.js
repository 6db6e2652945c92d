// The layout: layers from left to right, few crossings, no boxes that overlap. The Go side draws svg the same way.
const boxHeight = 44, boxGap = 14, laneGap = 10;

// rank gives every box a layer, so that arrows lead to the right; arrows that would close a circle count as turned.
function rank(boxes, arrows) {
  const next = boxes.map(() => []), reached = boxes.map(() => false);
  for (const a of arrows) {
    a.turned = boxes[a.from].rank > boxes[a.to].rank && boxes[a.to].rank >= 0;
    const [from, to] = a.turned ? [a.to, a.from] : [a.from, a.to];
    if (from !== to) next[from].push({a, to});
    if (from !== to) reached[to] = true;
  }
  const state = boxes.map(() => 0), order = [];
  const starts = [...boxes.filter((b) => !reached[b.index]), ...boxes.slice().sort((a, b) => a.rank - b.rank)];
  for (const start of starts) {
    if (state[start.index]) continue;
    state[start.index] = 1;
    const stack = [{box: start.index, at: 0}];
    while (stack.length) {
      const f = stack[stack.length - 1];
      if (f.at >= next[f.box].length) {
        state[f.box] = 2;
        order.push(f.box);
        stack.pop();
        continue;
      }
      const step = next[f.box][f.at++];
      if (state[step.to] === 1) {
        step.a.turned = !step.a.turned;
        next[f.box].splice(--f.at, 1);
        next[step.to].push({a: step.a, to: f.box});
      } else if (!state[step.to]) {
        state[step.to] = 1;
        stack.push({box: step.to, at: 0});
      }
    }
  }
  order.reverse();
  const layer = boxes.map(() => 0);
  for (const v of order) {
    layer[v] = Math.max(layer[v], boxes[v].rank);
    for (const step of next[v]) layer[step.to] = Math.max(layer[step.to], layer[v] + 1);
  }
  const last = Math.max(0, ...layer), entered = boxes.map(() => false);
  next.forEach((steps) => steps.forEach((step) => entered[step.to] = true));
  for (const v of order) {
    if (!next[v].length && boxes[v].tone === "goal") layer[v] = last;
    else if (next[v].length && !entered[v] && boxes[v].rank < 0) layer[v] = Math.min(...next[v].map((step) => layer[step.to] - 1));
  }
  const used = [...new Set(layer)].sort((a, b) => a - b);
  return layer.map((l) => used.indexOf(l));
}

// lattice makes the cells: boxes, and the bends of arrows that span several layers.
function lattice(boxes, arrows, layer, width) {
  const cells = [], layers = [];
  const add = (box, l, w, height) => {
    (layers[l] ||= []);
    return cells.push({box, layer: l, w, h: height, y: 0, at: 0, before: [], after: []}) - 1;
  };
  const cellOf = boxes.map((b) => add(b.index, layer[b.index], width(b), boxHeight));
  let bends = 0;
  for (const a of arrows) {
    const [from, to] = a.turned ? [a.to, a.from] : [a.from, a.to];
    a.cells = [cellOf[from]];
    bends += layer[to] - layer[from] - 1;
    if (bends < 8000) for (let l = layer[from] + 1; l < layer[to]; l++) a.cells.push(add(-1, l, 0, 2));
    a.cells.push(cellOf[to]);
    for (let j = 1; j < a.cells.length; j++) {
      const p = cells[a.cells[j - 1]], q = cells[a.cells[j]];
      if (q.layer - p.layer === 1) {
        p.after.push(a.cells[j]);
        q.before.push(a.cells[j - 1]);
      }
    }
  }
  const seen = new Set();
  for (const start of cells.map((c, i) => i).sort((a, b) => cells[a].layer - cells[b].layer)) {
    for (const stack = [start]; stack.length;) {
      const i = stack.pop();
      if (seen.has(i)) continue;
      seen.add(i);
      cells[i].at = layers[cells[i].layer].push(i) - 1;
      stack.push(...cells[i].after.slice().reverse());
    }
  }
  return {cells, layers};
}

// untangle moves every cell to the mean place of its neighbours, to the right and back; the best order seen stays.
function untangle(l) {
  const {cells} = l;
  let best = crossings(l), kept = l.layers.map((x) => x.slice());
  const sortLayer = (layer, side) => {
    const free = [], moving = [], mean = new Map();
    layer.forEach((i, at) => {
      const near = cells[i][side];
      if (!near.length) return;
      mean.set(i, near.reduce((sum, n) => sum + cells[n].at, 0) / near.length);
      free.push(at);
      moving.push(i);
    });
    moving.sort((a, b) => mean.get(a) - mean.get(b));
    free.forEach((at, j) => {
      layer[at] = moving[j];
      cells[moving[j]].at = at;
    });
  };
  for (let round = 0; round < 10 && best; round++) {
    if (round % 2) for (let i = l.layers.length - 2; i >= 0; i--) sortLayer(l.layers[i], "after");
    else for (let i = 1; i < l.layers.length; i++) sortLayer(l.layers[i], "before");
    const now = crossings(l);
    if (now < best) [best, kept] = [now, l.layers.map((x) => x.slice())];
  }
  l.layers = kept;
  kept.forEach((layer) => layer.forEach((i, at) => cells[i].at = at));
}

function crossings({cells, layers}) {
  let total = 0;
  for (let i = 1; i < layers.length; i++) {
    const tree = new Int32Array(layers[i].length + 1);
    let seen = 0;
    for (const c of layers[i - 1]) {
      const places = cells[c].after.map((n) => cells[n].at);
      for (const at of places) {
        total += seen;
        for (let j = at + 1; j; j -= j & -j) total -= tree[j];
      }
      for (const at of places) {
        for (let j = at + 1; j < tree.length; j += j & -j) tree[j]++;
        seen++;
      }
    }
  }
  return total;
}

// place sets the heights: layer by layer those nearest to the neighbours' that keep the order and the distances.
function place({cells, layers}) {
  const apart = (a, b) => (cells[a].h + cells[b].h) / 2 + (cells[a].box < 0 && cells[b].box < 0 ? laneGap : boxGap);
  const shifts = layers.map((layer) => {
    let sum = 0;
    return layer.map((i, at) => at ? sum += apart(layer[at - 1], i) : 0);
  });
  layers.forEach((layer, k) => layer.forEach((i, at) => cells[i].y = shifts[k][at]));
  const wanted = (c, sides) => {
    let sum = 0, total = 0;
    for (const n of sides.flatMap((side) => c[side])) {
      const bends = (c.box < 0) + (cells[n].box < 0), w = [1, 2, 8][bends];
      sum += w * cells[n].y;
      total += w;
    }
    return total ? [sum / total, total] : [c.y, 1];
  };
  for (let round = 0; round < 8; round++) {
    const sides = round >= 6 ? ["before", "after"] : round % 2 ? ["after"] : ["before"];
    for (let n = 0; n < layers.length; n++) {
      const k = round % 2 ? layers.length - 1 - n : n, runs = [];
      layers[k].forEach((i, at) => {
        const [want, weight] = wanted(cells[i], sides);
        let r = {cells: [i], sum: (want - shifts[k][at]) * weight, weight};
        while (runs.length && runs[runs.length - 1].sum / runs[runs.length - 1].weight >= r.sum / r.weight) {
          const before = runs.pop();
          r = {cells: before.cells.concat(r.cells), sum: before.sum + r.sum, weight: before.weight + r.weight};
        }
        runs.push(r);
      });
      let at = 0;
      for (const r of runs) for (const i of r.cells) cells[i].y = r.sum / r.weight + shifts[k][at++];
    }
  }
}

// arrange gives every box a place {x, y, w, h} and every arrow a route of points.
function arrange(boxes, arrows, width, labelWidth) {
  const joined = new Set(arrows.filter((a) => a.from !== a.to).flatMap((a) => [a.from, a.to]));
  const linked = boxes.filter((b) => joined.has(b.index)), lonely = boxes.filter((b) => !joined.has(b.index));
  const place0 = new Map(linked.map((b, i) => [b.index, i]));
  const own = linked.map((b, i) => ({...b, index: i})), lines = arrows.filter((a) => a.from !== a.to);
  const all = lines.map((a) => Object.assign(a, {real: [a.from, a.to], from: place0.get(a.from), to: place0.get(a.to)}));
  const size = {width: 0, height: 0};
  if (own.length) layered(linked, own, all, width, labelWidth, size);
  for (const a of all) [a.from, a.to] = a.real;
  let x = 0, y = size.height + (own.length && lonely.length ? 40 : 0);
  const room = Math.max(size.width, Math.min(1100, 230 * Math.ceil(Math.sqrt(lonely.length))));
  for (const b of lonely) {
    const w = width(b);
    if (x && x + w > room) [x, y] = [0, y + boxHeight + boxGap];
    Object.assign(b, {x, y, w, h: boxHeight});
    size.width = Math.max(size.width, x + w);
    size.height = y + boxHeight;
    x += w + boxGap;
  }
  for (const a of arrows) if (a.from === a.to) a.route = [[boxes[a.from].x + boxes[a.from].w - 28, boxes[a.from].y]];
  return size;
}

function layered(linked, own, all, width, labelWidth, size) {
  const layer = rank(own, all), l = lattice(own, all, layer, width);
  untangle(l);
  place(l);
  const gap = l.layers.map(() => 0), lines = l.layers.map(() => 0), left = [], right = [];
  for (const a of all) {
    const first = l.cells[a.cells[0]].layer;
    gap[first] = Math.max(gap[first], labelWidth(a) + 34);
    a.cells.slice(0, -1).forEach((c) => lines[l.cells[c].layer]++);
  }
  let x = 0;
  l.layers.forEach((cells, i) => {
    left.push(x);
    right.push(x += Math.max(...cells.map((c) => l.cells[c].w)));
    x += Math.min(Math.max(gap[i], 48 + 2 * lines[i]), 240);
  });
  const top = Math.min(...l.cells.map((c) => c.y - c.h / 2));
  for (const c of l.cells) {
    c.y = Math.round(c.y - top);
    size.height = Math.max(size.height, c.y + c.h / 2);
    if (c.box >= 0) Object.assign(linked[c.box], {x: left[c.layer], y: c.y - c.h / 2, w: right[c.layer] - left[c.layer], h: c.h});
  }
  size.width = right[right.length - 1];
  for (const a of all) {
    const on = a.cells.map((c) => l.cells[c]), tail = on[0], head = on[on.length - 1];
    a.route = [[right[tail.layer], tail.y], ...on.slice(1, -1).flatMap((c) => [[left[c.layer], c.y], [right[c.layer], c.y]]),
      [left[head.layer], head.y]];
    if (a.turned) a.route.reverse();
  }
  spread(all);
}

// spread lets the arrows of a box end at different heights of its sides.
function spread(all) {
  const sides = new Map();
  const add = (key, a, index, other) => {
    if (!sides.has(key)) sides.set(key, []);
    sides.get(key).push({a, index, other: a.route[other][1]});
  };
  for (const a of all) {
    const n = a.route.length - 1;
    add(a.from + (a.turned ? "l" : "r"), a, 0, 1);
    add(a.to + (a.turned ? "r" : "l"), a, n, n - 1);
  }
  for (const list of sides.values()) {
    list.sort((a, b) => a.other - b.other);
    const between = Math.min((boxHeight - 16) / Math.max(list.length - 1, 1), 8);
    list.forEach((end, j) => end.a.route[end.index][1] += between * (j - (list.length - 1) / 2));
  }
}
