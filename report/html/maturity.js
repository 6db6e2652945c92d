// The view of capabilities: how far each has come, and what its next level needs.
const levels = ["below", "unknown", "compliant", "mature"];
const levelTexts = {
  below: "a criterion of compliant is not met", unknown: "a criterion of compliant could not be decided",
  compliant: "all criteria of compliant are met", mature: "all criteria are met",
};

function maturityView(q, go) {
  const shown = report.levels.filter((c) => (!q.level || c.level === q.level) &&
    (!q.capability || c.capability === q.capability) &&
    contains(q, c.capability, ...[...c.compliant, ...c.mature].flatMap((x) => [x.text, ...x.controls])));
  shown.sort((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level));
  const parts = levels.map((l) => ({class: l, count: report.levels.filter((c) => c.level === l).length}));
  const list = paged(shown.length, (i) => capabilityRow(shown[i]), report.levels.length ? "No capability fits these filters." :
    "This report was made without frameworks, and so without levels.");
  if (q.capability) list.querySelector(".item > button")?.click();
  return [h("h1", {class: "sr"}, "Maturity"),
    h("div", {class: "filters"}, searchBox("Search capabilities", q, go),
      choiceOf("Level", "level", q, go, [["", "any level"], ...levels.map((l) => [l, l])])),
    h("div", {class: "card"}, svgBar(parts, report.levels.length, inWords(parts)),
      h("ul", {class: "legend"}, parts.filter((p) => p.count).map((p) => h("li", {}, h("a", {href: link("maturity", {level: p.class})},
        h("i", {class: "s-" + p.class}), p.count + " " + p.class + ": " + levelTexts[p.class]))))),
    h("p", {class: "status-line", role: "status"}, shown.length === 1 ? "1 capability" : shown.length + " capabilities",
      (q.q || q.level || q.capability) && [" · ", h("a", {href: "#maturity"}, "clear filters")]), list];
}

// needed lists what keeps a capability from its next level: first what is not met, then what is not decided.
function needed(c) {
  const criteria = c.level === "mature" ? [] : c.level === "compliant" ? c.mature : c.compliant;
  return ["not-met", "unknown"].flatMap((s) => criteria.filter((x) => x.status === s));
}

function capabilityRow(c) {
  const all = [...c.compliant, ...c.mature], open = needed(c);
  const count = (s) => all.filter((x) => x.status === s).length;
  const numbers = [["met", "met"], ["not-met", "not met"], ["unknown", "unknown"]].filter(([s]) => count(s));
  return row([chip(c.level), h("span", {class: "main"}, h("b", {}, c.capability),
    open.length > 0 && h("span", {class: "sub"}, open[0].text + ": " + measured(open[0]))),
    h("span", {class: "side"}, numbers.map(([s, name]) => count(s) + " " + name).join(" · "))], () => [
    h("p", {}, h("b", {}, c.level), " — " + levelTexts[c.level] + "."),
    open.length > 0 && h("div", {}, h("h3", {}, "For the next level"), h("ul", {class: "needs"}, open.map((x) =>
      h("li", {}, x.text + ": " + measured(x))))),
    criteriaList("Compliant", c.compliant), criteriaList("Mature", c.mature)]);
}

function criteriaList(title, criteria) {
  return criteria.length > 0 && h("div", {}, h("h3", {}, title), h("ul", {class: "criteria"}, criteria.map((x) => h("li", {},
    chip(x.status, answerNames[x.status]),
    h("span", {}, x.text, x.controls.length > 0 && h("span", {class: "sub mono"}, commaed(x.controls.map(controlLink)))),
    h("span", {class: "measure"}, measured(x), x.status !== "unknown" && meter(x))))));
}

// measured says in words what a criterion's status rests on. A share is never rounded up.
function measured(x) {
  if (x.status !== "unknown") return Math.floor(x.measured * 10 + 1e-9) / 10 + " % pass, " + x.passing + " % needed";
  if (x.needs) return "needs " + x.needs;
  return x.measured === 0 ? "nothing was judged" : "not everything could be judged";
}

// meter is a bar of what passes, with a mark at what is needed.
function meter(x) {
  const svg = svgBar([{class: x.status, count: x.measured}], 100, measured(x));
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({class: "mark", x: Math.min(x.passing, 98.5) + "%", width: "1.5%", height: "100%"})) {
    mark.setAttribute(name, value);
  }
  svg.append(mark);
  return svg;
}
