// The picture: SVG made from boxes and arrows, with zooming and panning.
const ruler = document.createElement("canvas").getContext("2d");
const font = getComputedStyle(document.body).fontFamily;
function measure(text, style) {
  ruler.font = style + " " + font;
  return ruler.measureText(text).width;
}
const short = (text, most) => {
  const all = [...text];
  return all.length > most ? all.slice(0, most - 1).join("") + "…" : text;
};
const labelFont = "600 13px", smallFont = "11px";
const boxWidth = (b) => Math.ceil(Math.max(measure(short(b.label, 38), labelFont), measure(short(b.sub, 44), smallFont), 70)) + 30;
const labelWidth = (a) => a.label ? Math.ceil(measure(short(a.label, 26), smallFont)) : 0;

const headLength = 9;
function curve(route) {
  if (route.length === 1) return "M" + route[0] + "c-2 -26 22 -26 20 -6";
  const points = route.map((p) => p.slice()), last = points.length - 1;
  points[last][0] -= Math.sign(points[last][0] - points[last - 1][0]) * (headLength - 2);
  return "M" + points[0] + points.slice(1).map((to, i) => {
    const from = points[i], middle = (from[0] + to[0]) / 2;
    return i % 2 || from[1] === to[1] ? "L" + to : "C" + [middle, from[1], middle, to[1], to];
  }).join("");
}
function arrowHead(route) {
  const tip = route[route.length - 1];
  if (route.length === 1) return "M" + (tip[0] + 20) + " " + tip[1] + "l-4 -9h8z";
  return "M" + tip + "l" + (tip[0] < route[route.length - 2][0] ? headLength : -headLength) + " -4v8z";
}

// labelPlaces finds room for the arrows' labels, where they meet no box and no other label; those of ways come first.
function labelPlaces(boxes, arrows) {
  const taken = new Map(), out = new Map();
  const rows = (r) => {
    const list = [];
    for (let at = Math.floor(r.y / 64); at <= Math.floor((r.y + r.h) / 64); at++) list.push(at);
    return list;
  };
  const add = (r) => rows(r).forEach((at) => taken.set(at, (taken.get(at) || []).concat(r)));
  const free = (r) => !rows(r).some((at) => (taken.get(at) || []).some((o) =>
    r.x < o.x + o.w && o.x < r.x + r.w && r.y < o.y + o.h && o.y < r.y + r.h));
  boxes.forEach(add);
  for (const a of arrows.slice().sort((x, y) => (y.way || 0) - (x.way || 0))) {
    const w = labelWidth(a);
    if (!w || a.route.length < 2) continue;
    tries: for (let i = 0; i + 1 < a.route.length; i += 2) {
      const [p, q] = [a.route[i], a.route[i + 1]], middle = (p[0] + q[0]) / 2;
      for (const t of [.5, .4, .6, .3, .7, .2, .8]) {
        const u = 1 - t;
        const x = u * u * u * p[0] + 3 * u * t * middle + t * t * t * q[0];
        const y = (u * u * u + 3 * u * u * t) * p[1] + (3 * u * t * t + t * t * t) * q[1];
        const r = {x: x - w / 2 - 2, y: y - 8, w: w + 4, h: 16};
        if (!free(r)) continue;
        add(r);
        out.set(a, [x, y + 4]);
        break tries;
      }
    }
  }
  return out;
}

const boxTitle = (b) => (b.sub ? b.sub + ": " : "") + b.label + (/goal|danger|warn/.test(b.tone) ? " (" + toneNames[b.tone] + ")" : "");

function drawPicture(view) {
  const {boxes, arrows} = view;
  const size = arrange(boxes, arrows, boxWidth, labelWidth);
  const classes = (thing, ...more) => [thing.tone, thing.cut && "cut", thing.way && "way", ...more].filter(Boolean).join(" ");
  const lines = arrows.slice().sort((a, b) => (a.way || 0) - (b.way || 0)).map((a) => s("g", {class: classes(a, "e")},
    s("title", {}, boxes[a.from].label + " → " + boxes[a.to].label + [...a.labels].slice(0, 20).map(([label, n]) =>
      "\n" + (label || "—") + (n > 1 ? " ×" + number(n) : "")).join("") + (a.cut ? "\n" + cutWord + ": " + edges[a.edges[0]].cut : "")),
    s("path", {class: "hit", d: curve(a.route)}), s("path", {class: "w", d: curve(a.route)}),
    s("path", {class: "h", d: arrowHead(a.route)})));
  const cards = boxes.map((b) => {
    const round = b.tone === "goal" ? b.h / 2 : 8;
    const rect = (by) => s("rect", {class: "b", x: b.x + by, y: b.y + by, width: b.w, height: b.h, rx: round});
    return s("g", {class: classes(b, "n", b.selected && "selected"), tabindex: 0, role: "button", "data-key": b.key,
      "aria-label": boxTitle(b), "aria-pressed": String(!!b.selected), onclick: () => dragged || choose(b),
      onkeydown: (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose(b))},
    s("title", {}, boxTitle(b)), b.weight > 1 && rect(4), rect(0),
    b.sub && s("text", {class: "k", x: b.x + 14, y: b.y + 17}, short(b.sub, 44)),
    s("text", {class: "l", x: b.x + 14, y: b.sub ? b.y + 34 : b.y + b.h / 2 + 5}, short(b.label, 38)));
  });
  const labels = [...labelPlaces(boxes, arrows)].map(([a, [x, y]]) => s("text", {class: classes(a, "t"), x, y}, short(a.label, 26)));
  const svg = s("svg", {role: "group", "aria-label": plural(boxes.length, "box") + ", " + plural(arrows.length, "arrow"), tabindex: 0},
    lines, cards, labels);
  whole = {x: -24, y: -24, w: size.width + 52, h: size.height + 52};
  $("#picture").replaceChildren(svg);
  listen(svg);
  return svg;
}

// The part of the picture that shows: whole is all of it, eye the part.
let whole = {x: 0, y: 0, w: 1, h: 1}, eye = whole, dragged = false;
const frame = () => $("#picture").getBoundingClientRect();
let scale = 1, fitted; // fitted is how the picture was last fitted, if the reader did not move it since
const look = (next) => {
  eye = next;
  fitted = null;
  scale = frame().width / eye.w;
  $("#picture svg").setAttribute("viewBox", [eye.x, eye.y, eye.w, eye.h].map((n) => n.toFixed(1)).join(" "));
};

// fit shows the whole picture if its text stays legible, and else its beginning, or the box that matters most.
function fit(all, box) {
  const f = frame(), to = Math.min(1.15, Math.max(Math.min(f.width / whole.w, f.height / whole.h), all ? 0 : f.width < 500 ? .8 : .56));
  const w = f.width / to, height = f.height / to;
  const middle = (from, length, room, near) => length <= room ? from + (length - room) / 2 :
    near === undefined ? from : Math.min(Math.max(near - room / 2, from), from + length - room);
  look({x: middle(whole.x, whole.w, w, box && box.x + box.w / 2),
    y: middle(whole.y, whole.h, height, box && box.y + box.h / 2), w, h: height});
  fitted = [all, box];
}

// resized fits the picture again, or keeps its scale where the reader has chosen one.
function resized() {
  const f = frame();
  if (fitted) fit(...fitted);
  else look({...eye, w: f.width / scale, h: f.height / scale});
}

function zoom(by, at) {
  const f = frame(), to = Math.min(Math.max(scale * by, Math.min(.05, f.width / whole.w)), 4);
  const px = at ? (at.x - f.left) / f.width : .5, py = at ? (at.y - f.top) / f.height : .5;
  const w = f.width / to, height = f.height / to;
  look({x: eye.x + (eye.w - w) * px, y: eye.y + (eye.h - height) * py, w, h: height});
}
const pan = (dx, dy) => look({...eye, x: eye.x + dx, y: eye.y + dy});

// listen lets mouse, fingers and keys move the picture: drag, wheel, pinch, arrows, plus and minus.
function listen(svg) {
  const fingers = new Map();
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return {x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, far: Math.hypot(a.x - b.x, a.y - b.y)};
  };
  svg.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, {x: event.clientX, y: event.clientY});
    if (fingers.size === 1) dragged = false;
  });
  svg.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const dx = event.clientX - before.x, dy = event.clientY - before.y;
    if (!dragged && fingers.size === 1 && Math.hypot(dx, dy) < 5) return;
    if (!dragged) svg.setPointerCapture(event.pointerId);
    dragged = true;
    const old = fingers.size === 2 && spread();
    fingers.set(event.pointerId, {x: event.clientX, y: event.clientY});
    if (old) {
      const now = spread();
      zoom(now.far / Math.max(old.far, 1), now);
      pan((old.x - now.x) / scale, (old.y - now.y) / scale);
    } else if (fingers.size === 1) {
      pan(-dx / scale, -dy / scale);
    }
  });
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
    svg.addEventListener(end, (event) => {
      if (end === "pointerleave" && svg.hasPointerCapture(event.pointerId)) return;
      fingers.delete(event.pointerId);
      setTimeout(() => dragged = false, 0);
    });
  }
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? .05 : .0015)), {x: event.clientX, y: event.clientY});
  }, {passive: false});
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = .12 * eye.w;
    const keys = {ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step]};
    if (keys[event.key]) pan(...keys[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(.8);
    else if (event.key === "0") fit(true);
    else return;
    event.preventDefault();
  });
  // A box that gets the focus by keyboard must be in sight.
  svg.addEventListener("focusin", (event) => {
    const b = shownView.boxes.find((x) => x.key === event.target.dataset?.key);
    if (!b || !event.target.matches(":focus-visible")) return;
    if (b.x < eye.x || b.y < eye.y || b.x + b.w > eye.x + eye.w || b.y + b.h > eye.y + eye.h) {
      look({...eye, x: b.x + b.w / 2 - eye.w / 2, y: b.y + b.h / 2 - eye.h / 2});
    }
  });
}
