// The view of single findings: filter, search, group, open.
const groupings = {
  control: {label: "control", key: (f) => f.control.control, title: (f) => f.control.title},
  namespace: {label: "namespace", key: (f) => f.namespace, title: (f) => f.object.namespace || "cluster-wide"},
  object: {label: "object", key: (f) => objectName(f.object), title: (f) => objectName(f.object)},
  file: {label: "file", key: (f) => f.position?.file || "", title: (f) => f.position?.file || "no file"},
  none: {label: "nothing"},
};
const rank = (s) => severities.indexOf(s);

function matches(f, q, except) {
  if (q.id) return f.id === q.id;
  const words = (q.q || "").toLowerCase().split(/\s+/).filter(Boolean);
  const ids = q.requirement ? requirementControls(q.framework, q.requirement) : null;
  return (except === "severity" || !q.severity || q.severity.split(",").includes(f.severity)) &&
    (!q.control || f.control.control === q.control) && (!q.namespace || f.namespace === q.namespace) &&
    (!q.kind || f.object.kind === q.kind) && (!ids || ids.includes(f.control.control)) &&
    (q.status === "all" || (q.status === "new" ? f.new === true : f.status === (q.status || "open"))) &&
    words.every((w) => searchText(f).includes(w));
}

function requirementControls(frameworkID, requirementID) {
  const framework = report.frameworks.find((f) => f.id === frameworkID);
  return framework?.requirements.find((r) => r.id === requirementID)?.controls || [];
}

function findingsView(q, go) {
  const found = findings.filter((f) => matches(f, q));
  const grouping = groupings[q.group] || groupings.control;
  if (grouping.key) sortGroups(found, grouping);
  else found.sort((a, b) => rank(a.severity) - rank(b.severity));
  const sizes = grouping.key ? countBy(found, grouping.key) : null;
  let last;
  const list = paged(found.length, (i) => {
    const f = found[i];
    const out = [];
    if (grouping.key && grouping.key(f) !== last) {
      last = grouping.key(f);
      out.push(h("div", {class: "group", role: "heading", "aria-level": "3"},
        h("span", {}, grouping.title(f)), h("span", {class: "meta"}, plural(sizes.get(last), "finding"))));
    }
    return [...out, findingRow(f, grouping)];
  }, findings.length ? "No finding fits these filters." : "There are no findings.");
  if (q.id) list.querySelector(".item > button")?.click();
  return [h("h1", {class: "sr"}, "Findings"), filters(q, go),
    report.leftOut && h("p", {class: "card attention"}, report.leftOut), summaryLine(found, q, go), list];
}

// sortGroups puts the groups with the worst findings first, and in each group the worst findings.
function sortGroups(found, grouping) {
  const weight = new Map();
  for (const f of found) {
    const w = weight.get(grouping.key(f)) || [0, 0, 0, 0];
    w[rank(f.severity)]++;
    weight.set(grouping.key(f), w);
  }
  const compare = (a, b) => {
    for (let i = 0; i < 4; i++) if (a[i] !== b[i]) return b[i] - a[i];
    return 0;
  };
  found.sort((a, b) => {
    const ka = grouping.key(a), kb = grouping.key(b);
    if (ka !== kb) return compare(weight.get(ka), weight.get(kb)) || (ka < kb ? -1 : 1);
    return rank(a.severity) - rank(b.severity);
  });
}

function summaryLine(found, q, go) {
  const filtered = ["q", "severity", "control", "namespace", "kind", "status", "requirement", "id"].some((k) => q[k]);
  return h("p", {class: "status-line", role: "status"}, plural(found.length, "finding"),
    q.requirement && [" for ", h("b", {}, q.framework + " " + q.requirement)], filtered && [" · ",
      h("a", {href: "#findings"}, "clear filters")]);
}

function filters(q, go) {
  const search = h("input", {type: "search", id: "search", placeholder: "Search findings", "aria-label": "Search findings",
    value: q.q || "", autocomplete: "off", spellcheck: "false"});
  let timer;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => go({q: search.value}), 150);
  });
  const chosen = (q.severity || "").split(",").filter(Boolean);
  const base = countBy(findings.filter((f) => matches(f, q, "severity")), (f) => f.severity);
  const toggles = h("div", {class: "toggles", role: "group", "aria-label": "Severity"}, severities.map((s) =>
    h("button", {type: "button", "aria-pressed": String(chosen.includes(s)), "data-key": s,
      onclick: () => go({severity: severities.filter((x) => chosen.includes(x) !== (x === s)).join(",")})},
    s + " " + (base.get(s) || 0).toLocaleString("en"))));
  const states = [["", "open"], ["excepted", "excepted"], ["all", "open and excepted"]];
  if (report.baseline) states.splice(1, 0, ["new", "new since baseline"]);
  return h("div", {class: "filters"}, search, toggles, h("div", {class: "selects"},
    choice("Control", "control", q, go, [...countBy(findings, (f) => f.control.control).keys()].sort()),
    choice("Namespace", "namespace", q, go, [...countBy(findings, (f) => f.namespace).keys()].sort(),
      (n) => n === "-" ? "cluster-wide" : n),
    choice("Kind", "kind", q, go, [...countBy(findings, (f) => f.object.kind).keys()].sort()),
    choiceOf("Status", "status", q, go, states),
    choiceOf("Group by", "group", q, go, Object.entries(groupings).map(([k, g]) => [k === "control" ? "" : k, "by " + g.label]))));
}

const choice = (label, key, q, go, values, name = (v) => v) =>
  choiceOf(label, key, q, go, [["", "any " + label.toLowerCase()], ...values.map((v) => [v, name(v)])]);

function choiceOf(label, key, q, go, options) {
  const select = h("select", {"aria-label": label, "data-key": key}, options.map(([value, text]) => {
    const option = h("option", {}, text);
    option.value = value;
    option.selected = (q[key] || "") === value;
    return option;
  }));
  select.addEventListener("change", () => go({[key]: select.value}));
  return select;
}

function findingRow(f, grouping) {
  const title = grouping === groupings.control ? objectName(f.object) : f.control.title;
  const sub = grouping === groupings.control ? f.path || f.message : objectName(f.object) + (f.path ? " · " + f.path : "");
  return row([
    sev(f.severity),
    h("span", {class: "main"}, h("b", {}, title), " ", f.new && h("span", {class: "chip new"}, "new"),
      f.status === "excepted" && [" ", chip("excepted")], h("span", {class: "sub mono"}, sub)),
    h("span", {class: "side mono"}, breakable(shortPlace(f.position))),
  ], () => findingBody(f));
}

function findingBody(f) {
  const c = f.control;
  return [
    h("p", {}, h("b", {}, f.message)),
    c.why && h("div", {}, h("h3", {}, "Why it matters"), h("p", {}, c.why)),
    c.remedy && h("div", {}, h("h3", {}, "What to do"), h("p", {}, c.remedy)),
    definitions(
      ["Because", f.because.map((b) => h("div", {}, h("span", {class: "effect-" + b.effect}, b.effect), " ", b.message,
        b.object !== undefined && [" (", objectName(objects[b.object]), ")"]))],
      ["Fix", f.fix && [h("code", {}, fixText(f.fix)), f.fix.risky && " — try it first: it may keep the workload from running"]],
      ["Object", [objectName(f.object), " ", h("span", {class: "meta"}, f.object.apiVersion)]],
      ["Path", f.path && h("code", {}, f.path)],
      ["Place", f.position?.file && h("code", {}, f.position.file + (f.position.line ? ":" + f.position.line +
        (f.position.column ? ":" + f.position.column : "") : "") + (f.position.rendered ? " (line of the rendered output)" : ""))],
      ["Control", controlLink(c.control)],
      ["Exception", f.exception && exceptionText(f.exception)],
      ["References", c.references.join(", ")],
      ["Requirements", requirementLinks(c.control)],
      ["Id", h("a", {href: link("findings", {id: f.id})}, h("code", {}, f.id))],
    ),
  ];
}

function fixText(fix) {
  const value = JSON.stringify(fix.value);
  return fix.op === "set" ? "set to " + value : fix.op === "append" ? "append " + value : fix.op;
}

function exceptionText(name) {
  const x = report.exceptions.find((x) => x.name === name);
  return x ? name + ": " + x.reason + " (" + x.ticket + ", approved by " + x.approvedBy + ", until " + x.expires.slice(0, 10) + ")" : name;
}

function requirementLinks(id) {
  return commaed((requirementsOf.get(id) || []).map(({framework, requirement}) =>
    h("a", {href: link("frameworks", {framework: framework.id, q: requirement.id})}, framework.id + " " + requirement.id)));
}
