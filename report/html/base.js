// The report's data, and the few functions that everything else builds pages with.
const report = JSON.parse(document.getElementById("report").textContent);
const severities = ["critical", "high", "medium", "low"];
const $ = (selector) => document.querySelector(selector);

// Characters that could change how the text around them shows are written as escapes.
const invisible = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff]/g;
const visible = (text) => String(text).replace(invisible, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

// h makes an element. Text only ever becomes text nodes and attributes, never markup.
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : visible(value));
  }
  for (const child of children.flat(3)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : visible(child));
  }
  return element;
}

// svgBar is a bar of parts, [{class, count, label}], as wide as total.
function svgBar(parts, total, label) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "bar");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", visible(label));
  let x = 0;
  for (const part of parts) {
    if (!part.count) continue;
    const width = 100 * part.count / Math.max(total, 1);
    const rect = document.createElementNS(space, "rect");
    for (const [name, value] of Object.entries({class: "s-" + part.class, x: x + "%", width: width + "%", height: "100%"})) {
      rect.setAttribute(name, value);
    }
    const title = document.createElementNS(space, "title");
    title.textContent = part.count + " " + part.class;
    rect.append(title);
    svg.append(rect);
    x += width;
  }
  return svg;
}

const plural = (n, noun) => n.toLocaleString("en") + " " + (n === 1 ? noun : noun.replace(/y$/, "ie") + "s");
const chip = (kind, text) => h("span", {class: "chip k-" + kind}, text || kind);
const sev = (severity) => h("span", {class: "sev v-" + severity}, severity);
const place = (p) => !p || !p.file ? "" : p.file + (p.line ? ":" + p.line : "") + (p.rendered ? " (rendered)" : "");
// shortPlace leaves out the folder that was scanned, which the page's head names, when its path is absolute.
const [source, ...others] = report.inventory.source.names;
const shortPlace = (p) => others.length === 0 && source?.startsWith("/") && place(p).startsWith(source + "/") ?
  place(p).slice(source.length + 1) : place(p);
// breakable lets a long path wrap after its slashes.
const breakable = (path) => path.split(/(?<=\/)/).flatMap((part, i) => i ? [h("wbr"), part] : [part]);
const objects = report.objects;
const objectName = (o) => o.kind + " " + (o.namespace ? o.namespace + "/" : "") + o.name;
const link = (view, query) => "#" + view + "?" + new URLSearchParams(query);
const countBy = (items, key) => {
  const counts = new Map();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) || 0) + 1);
  return counts;
};

// All findings, accepted ones too, each with its control and object at hand and a text to search in.
const findings = [];
for (const control of report.results) {
  for (const [list, status] of [[control.findings, "open"], [control.excepted, "excepted"]]) {
    for (const finding of list) {
      const object = objects[finding.object];
      findings.push(Object.assign(finding, {control, object, status, namespace: object.namespace || "-"}));
    }
  }
}
// Counts are those of the whole report, which may hold more than this page.
const noTotals = {critical: 0, high: 0, medium: 0, low: 0, excepted: 0, passed: 0};
const totalsOf = (kind, key) => (Object.hasOwn(report.totals[kind], key) && report.totals[kind][key]) || noTotals;
const openIn = (totals) => severities.reduce((sum, s) => sum + totals[s], 0);
const controls = new Map(report.results.map((c) => [c.control, c]));
const requirementsOf = new Map();
for (const framework of report.frameworks) {
  for (const requirement of framework.requirements) {
    for (const id of requirement.controls) {
      if (!requirementsOf.has(id)) requirementsOf.set(id, []);
      requirementsOf.get(id).push({framework, requirement});
    }
  }
}

// searchText is what a finding is searched by, made once when first needed.
function searchText(f) {
  f.text ??= [f.message, f.control.control, f.control.title, objectName(f.object), f.path, place(f.position), f.id,
    f.exception || ""].join("\n").toLowerCase();
  return f.text;
}

// row is an expandable line of a list; body makes its content when it is first opened.
function row(head, body, kind) {
  const button = h("button", {type: "button", "aria-expanded": "false"}, head);
  const item = h("div", {class: "item " + (kind || "")}, button);
  let content;
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    if (!content) item.append(content = h("div", {class: "body"}, body()));
    content.hidden = !open;
  });
  return item;
}

// paged shows elements a hundred at a time, more as the reader nears the end. make(i) gives the elements of item i.
function paged(total, make, emptyText) {
  const list = h("div", {class: "list"});
  const more = h("button", {type: "button", class: "plain more"});
  const box = h("div", {}, list, more);
  let shown = 0;
  const show = (n) => {
    const end = Math.min(total, shown + n);
    for (; shown < end; shown++) list.append(...[make(shown)].flat());
    more.hidden = shown >= total;
    more.textContent = "Show more (" + (total - shown).toLocaleString("en") + " left)";
  };
  more.addEventListener("click", () => show(200));
  if ("IntersectionObserver" in window) {
    new IntersectionObserver((entries) => entries[0].isIntersecting && show(100), {rootMargin: "600px"}).observe(more);
  }
  box.showAll = () => show(2000);
  if (total === 0) list.append(h("p", {class: "empty"}, emptyText));
  show(100);
  return box;
}

// definition lists pairs of [term, content]; pairs without content are left out.
function definitions(...pairs) {
  return h("dl", {}, pairs.filter(([, content]) => content && (!Array.isArray(content) || content.length))
    .map(([term, content]) => [h("dt", {}, term), h("dd", {}, content)]));
}

const commaed = (items) => items.flatMap((item, i) => i ? [", ", item] : [item]);
const controlLink = (id) => h("a", {href: link("controls", {control: id})}, id);
