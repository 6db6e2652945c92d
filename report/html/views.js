// The views of controls, frameworks, namespaces and coverage.
const statuses = ["fail", "error", "skipped", "excepted", "pass", "not-applicable"];
const statusNames = {
  fail: "failed", error: "error", skipped: "skipped", excepted: "excepted", pass: "passed", "not-applicable": "nothing to judge",
};

// searchBox and statusChoice are the filters of the smaller views.
function searchBox(label, q, go) {
  const input = h("input", {type: "search", id: "search", placeholder: label, "aria-label": label, value: q.q || "",
    autocomplete: "off"});
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => go({q: input.value}), 150);
  });
  return input;
}

const contains = (q, ...texts) => (q.q || "").toLowerCase().split(/\s+/).every((w) => texts.join("\n").toLowerCase().includes(w));
const bySeverity = (totals) => severities.map((s) => ({class: s, count: totals[s]}));
const inWords = (parts) => parts.filter((p) => p.count).map((p) => p.count.toLocaleString("en") + " " + p.class).join(", ") || "none";

function controlsView(q, go) {
  const shown = report.results.filter((c) => (!q.status || c.status === q.status) && (!q.control || c.control === q.control) &&
    contains(q, c.control, c.title, c.references.join(" "), c.capability));
  shown.sort((a, b) => statuses.indexOf(a.status) - statuses.indexOf(b.status) || rank(a.severity) - rank(b.severity) ||
    openIn(totalsOf("controls", b.control)) - openIn(totalsOf("controls", a.control)) || (a.control < b.control ? -1 : 1));
  const list = paged(shown.length, (i) => controlRow(shown[i]), "No control fits these filters.");
  if (q.control) list.querySelector(".item > button")?.click();
  return [h("h1", {class: "sr"}, "Controls"),
    h("div", {class: "filters"}, searchBox("Search controls", q, go),
      choiceOf("Status", "status", q, go, [["", "any status"], ...statuses.map((s) => [s, statusNames[s]])])),
    h("p", {class: "status-line", role: "status"}, plural(shown.length, "control"),
      (q.q || q.status || q.control) && [" · ", h("a", {href: "#controls"}, "clear filters")]), list];
}

function controlRow(c) {
  const n = totalsOf("controls", c.control), open = openIn(n);
  const numbers = [open && plural(open, "finding"), n.excepted && n.excepted.toLocaleString("en") + " excepted",
    c.errors.length && plural(c.errors.length, "error"), n.passed && n.passed.toLocaleString("en") + " passed"].filter(Boolean);
  return row([chip(c.status, statusNames[c.status] === "nothing to judge" ? "n/a" : statusNames[c.status]),
    h("span", {class: "main"}, h("b", {}, c.title), " ", sev(c.severity),
      h("span", {class: "sub mono"}, c.control)),
    h("span", {class: "side"}, numbers.join(" · "))], () => controlBody(c));
}

const enforced = {
  admission: "by the API server, as a ValidatingAdmissionPolicy", webhook: "by an admission webhook", scan: "cannot be: a scan finds it",
};

function controlBody(c) {
  return [
    c.skipped && h("p", {}, chip("skipped", "not everywhere"), " ", c.skipped),
    c.why && h("div", {}, h("h3", {}, "Why it matters"), h("p", {}, c.why)),
    c.remedy && h("div", {}, h("h3", {}, "What to do"), h("p", {}, c.remedy)),
    definitions(
      ["Findings", c.findings.length && h("a", {href: link("findings", {control: c.control})},
        "show " + plural(c.findings.length, "finding"))],
      ["Excepted", c.excepted.length && h("a", {href: link("findings", {control: c.control, status: "excepted"})},
        "show " + c.excepted.length)],
      ["Fix", c.fix && h("code", {}, fixText(c.fix))], ["Enforced", enforced[c.enforce] || c.enforce],
      ["Capability", c.capability], ["References", c.references.join(", ")], ["Requirements", requirementLinks(c.control)]),
    c.errors.length > 0 && h("div", {}, h("h3", {}, "Could not be judged"), h("ul", {}, c.errors.map((e) =>
      h("li", {}, h("b", {}, objectName(objects[e.object])), " ", e.message, " ", h("code", {}, place(e.position)))))),
    c.passed.length > 0 && passedList(c.passed, totalsOf("controls", c.control).passed),
  ];
}

// passedList names the objects that passed, at most so many at first.
function passedList(passed, total) {
  const list = h("ul", {class: "objects"});
  const box = h("div", {}, h("h3", {}, "Passed: " + plural(total, "object")), list);
  let shown = 0;
  const more = h("button", {type: "button", class: "plain"}, "Show more");
  const show = (n) => {
    for (const end = Math.min(shown + n, passed.length); shown < end; shown++) {
      list.append(h("li", {}, objectName(objects[passed[shown]])));
    }
    more.hidden = shown >= passed.length;
  };
  more.addEventListener("click", () => show(500));
  show(60);
  box.append(more);
  return box;
}

const answers = ["not-met", "partly", "unknown", "met", "manual", "inherited"];
const answerNames = {met: "met", "not-met": "not met", partly: "partly", unknown: "unknown", manual: "manual", inherited: "inherited"};

function frameworksView(q, go) {
  const framework = report.frameworks.find((f) => f.id === q.framework) || report.frameworks[0];
  if (!framework) return [h("p", {class: "empty"}, "This report was made without frameworks.")];
  const parts = ["met", "not-met", "partly", "unknown", "manual", "inherited"].map((s) =>
    ({class: s, count: framework.requirements.filter((r) => r.status === s).length}));
  const shown = framework.requirements.filter((r) => (!q.status || r.status === q.status) &&
    contains(q, r.id, r.title, r.former.join(" "), r.controls.join(" ")));
  const pick = choiceOf("Framework", "framework", {framework: framework.id}, go,
    report.frameworks.map((f) => [f.id, f.title + " " + f.version]));
  return [h("h1", {class: "sr"}, "Frameworks"),
    h("div", {class: "filters"}, pick, searchBox("Search requirements", q, go),
      choiceOf("Status", "status", q, go, [["", "any status"], ...answers.map((s) => [s, answerNames[s]])])),
    h("div", {class: "card"}, h("h2", {}, framework.title, h("small", {}, framework.version)),
      svgBar(parts, framework.requirements.length, inWords(parts)),
      h("ul", {class: "legend"}, parts.filter((p) => p.count).map((p) => h("li", {}, h("a", {href: link("frameworks",
        {framework: framework.id, status: p.class})}, h("i", {class: "s-" + p.class}), p.count + " " + answerNames[p.class])))),
      framework.notice && h("p", {class: "meta"}, framework.notice)),
    h("p", {class: "status-line", role: "status"}, plural(shown.length, "requirement"), (q.q || q.status) &&
      [" · ", h("a", {href: link("frameworks", {framework: framework.id})}, "clear filters")]),
    paged(shown.length, (i) => requirementRow(framework, shown[i]), "No requirement fits these filters.")];
}

function requirementRow(framework, r) {
  const side = r.findings ? plural(r.findings, "finding") + " in " + plural(r.failing.length, "control") :
    r.controls.length ? plural(r.controls.length, "control") : "";
  return row([chip(r.status, answerNames[r.status]), h("span", {class: "main"}, h("b", {}, r.id), " ", r.title),
    h("span", {class: "side"}, side)], () => [
    definitions(
      ["Findings", r.findings > 0 && [h("a", {href: link("findings", {framework: framework.id, requirement: r.id})},
        "show " + plural(r.findings, "finding")), r.worst !== "none" && [" ", sev(r.worst)]]],
      ["Still open", r.missing.map((m) => h("div", {}, m))],
      ["Answered", {computed: "from what was read", imported: "from imported evidence", manual: "by a person",
        inherited: "by the provider", "not-covered": "not by this program"}[r.answer] || r.answer],
      ["Failing", commaed(r.failing.map(controlLink))],
      ["Controls", commaed(r.controls.map((id) => h("span", {}, controlLink(id), " ",
        controls.has(id) && h("span", {class: "meta"}, "(" + statusNames[controls.get(id).status] + ")"))))],
      ["Evidence", r.rows.map((row) => h("div", {}, row.evidence, h("span", {class: "meta"}, " · " + row.capability + " · " +
        (row.direct ? "decides" : "supports") + (row.needs.length ? " · needs " + row.needs.join(", ") : ""))))],
      ["Former ids", r.former.join(", ")])]);
}

function namespacesView(q, go) {
  const objectsIn = new Map(Object.entries(report.inventory.namespaces).map(([name, n]) => [name || "-", n]));
  const names = [...new Set([...objectsIn.keys(), ...Object.keys(report.totals.namespaces)])];
  const all = names.map((name) => ({name, objects: objectsIn.get(name) || 0, totals: totalsOf("namespaces", name)}));
  const shown = all.filter((n) => contains(q, n.name === "-" ? "cluster-wide" : n.name));
  shown.sort((a, b) => openIn(b.totals) - openIn(a.totals) || (a.name < b.name ? -1 : 1));
  const widest = Math.max(1, ...shown.map((n) => openIn(n.totals)));
  return [h("h1", {class: "sr"}, "Namespaces"), h("div", {class: "filters"}, searchBox("Search namespaces", q, go)),
    h("p", {class: "status-line", role: "status"}, plural(shown.filter((n) => n.name !== "-").length, "namespace")),
    paged(shown.length, (i) => namespaceRow(shown[i], widest), "No namespace fits the search.")];
}

function namespaceRow({name, objects, totals}, widest) {
  const parts = bySeverity(totals);
  return row([svgBar(parts, widest, inWords(parts)),
    h("span", {class: "main"}, h("b", {}, name === "-" ? "cluster-wide" : name), h("span", {class: "sub"}, inWords(parts))),
    h("span", {class: "side"}, plural(objects, "object") + " · " + plural(totals.passed, "check") + " passed")], () => {
    const open = findings.filter((f) => f.status === "open" && f.namespace === name);
    const top = [...countBy(open, (f) => f.control.control)].sort((a, b) => b[1] - a[1]);
    const worst = [...countBy(open, (f) => objectName(f.object))].sort((a, b) => b[1] - a[1]).slice(0, 20);
    return [
      h("p", {}, open.length ? h("a", {href: link("findings", {namespace: name})}, "show " + plural(open.length, "finding")) :
        openIn(totals) ? "None of its findings fit in this page." : "No findings here."),
      top.length > 0 && h("div", {}, h("h3", {}, "By control"), h("ul", {class: "objects"}, top.map(([id, count]) => h("li", {}, count + " × ",
        h("a", {href: link("findings", {namespace: name, control: id})}, id))))),
      worst.length > 0 && h("div", {}, h("h3", {}, "By object"), h("ul", {class: "objects"},
        worst.map(([object, count]) => h("li", {}, count + " × " + object)))),
    ];
  }, "wide");
}

function coverageView() {
  const gaps = report.inventory.gaps, skipped = report.results.filter((c) => c.skipped);
  const errors = report.results.flatMap((c) => c.errors.map((e) => ({c, e})));
  const section = (title, items, make, none) => h("div", {class: "card"}, h("h2", {}, title, h("small", {}, items.length)),
    items.length ? h("ul", {class: "missed"}, items.slice(0, 1000).map((item) => h("li", {}, make(item)))) :
      h("p", {class: "meta"}, none), items.length > 1000 && h("p", {class: "meta"}, "… and " + (items.length - 1000) + " more"));
  return [h("h1", {class: "sr"}, "Coverage"),
    section("Could not be read", gaps, (g) => [chip("gap"), " ", h("b", {}, [place({file: g.file, line: g.line}), g.kind,
      g.namespace && "in " + g.namespace].filter(Boolean).join(" ") || "any kind"), " ", h("span", {}, g.reason)], "Everything could be read."),
    section("Controls that could not look everywhere", skipped, (c) => [chip("skipped", c.status === "skipped" ? "skipped" : "partly"), " ",
      h("b", {}, controlLink(c.control)), " ", h("span", {}, c.skipped)], "Every control could look everywhere."),
    section("Objects that could not be judged", errors, ({c, e}) => [chip("error"), " ", h("b", {}, objectName(objects[e.object])), " ",
      h("span", {}, c.control + ": " + e.message + " " + place(e.position))], "Every object could be judged."),
    section("Exceptions", report.exceptions, (x) => [chip(x.state), " ", x.tooBroad && [chip("broad", "too broad"), " "],
      h("b", {}, x.name), " ", h("span", {}, [x.reason, x.ticket, "owner " + x.owner, "approved by " + x.approvedBy,
        "until " + x.expires.slice(0, 10), plural(x.matched, "finding"), x.tooBroad].filter(Boolean).join(" · "))],
    "There are none.")];
}
