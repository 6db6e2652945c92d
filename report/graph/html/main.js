// The bar above the picture, and what happens when something changes.
let shownView;

function makeBar() {
  const toggle = (value, text) => h("button", {type: "button", "data-dir": value, onclick: () => go({dir: value})}, text);
  $("#bar").append(
    h("div", {class: "toggles", role: "group", "aria-label": "Direction"}, toggle("out", "Leads to"), toggle("in", "Reached from"),
      toggle("both", "Both")),
    h("button", {type: "button", class: "plain", id: "options", "aria-expanded": "false", onclick: (event) =>
      event.target.setAttribute("aria-expanded", String(event.target.getAttribute("aria-expanded") === "false"))}, "Options"),
    h("div", {class: "options"}, pick("Steps", "depth", [["1", "1"], ["2", "2"], ["3", "3"], ["5", "5"], ["all", "all"]]),
    pick("Fold", "how", [["auto", "as needed"], ["group", "each " + graph.groupNoun], ["none", "nothing"]]),
    pick("Boxes", "most", [["20", "20"], ["40", "40"], ["80", "80"], ["150", "150"], ["300", "300"]]),
    goals.length > 0 && h("label", {class: "check"}, h("input", {type: "checkbox", id: "goals",
      onchange: (event) => go({goals: event.target.checked ? "1" : ""})}), "only ways to a goal")),
    h("button", {type: "button", class: "plain", id: "reset", onclick: () => go({...defaults, q: state.q})}, "Start over"));
  const button = (text, label, act) => h("button", {type: "button", class: "icon", "aria-label": label, title: label, onclick: act}, text);
  $("#zoom").append(button("+", "Zoom in", () => zoom(1.3)), button("−", "Zoom out", () => zoom(1 / 1.3)),
    button("⤢", "Show all", () => fit(true)));
}

function render(change) {
  for (const e of document.querySelectorAll("[data-name]")) e.value = state[e.dataset.name];
  const search = $("#search");
  if (search.value !== state.q) search.value = state.q;
  renderList();
  if (change && Object.keys(change).join() === "q") return;
  const focused = document.activeElement?.dataset?.key;
  const view = shownView = viewOf(), dir = direction(view.selected);
  const narrowed = view.selected.length > 0 || state.kind || state.group;
  for (const b of document.querySelectorAll("[data-dir]")) {
    b.setAttribute("aria-pressed", String(!!narrowed && b.dataset.dir === dir));
    b.disabled = !narrowed;
  }
  $("[data-name=depth]").disabled = !narrowed;
  if (goals.length) $("#goals").checked = !!state.goals;
  $("#reset").hidden = Object.keys(defaults).every((name) => name === "q" || state[name] === defaults[name]);
  drawPicture(view);
  const main = view.boxes.find((b) => b.selected);
  fit(false, main);
  const folded = view.boxes.some((b) => b.members.length > 1);
  $("#status").textContent = plural(view.nodes, "node") + ", " + plural(view.edges, "edge") +
    (folded ? ", drawn as " + plural(view.boxes.length, "box") + ": select a box with a second edge to see what it stands for; " +
      "a way through it need not be a way for each of them" : "");
  renderDetails(view);
  if (focused) $('#picture [data-key="' + CSS.escape(focused) + '"]')?.focus({preventScroll: true});
  if (change && (change.node || change.fold) && innerWidth <= 760) $("#middle").scrollIntoView({block: "start"});
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName || "")) return;
  if (event.key === "/") {
    event.preventDefault();
    $("#search").focus();
  } else if (event.key === "Escape" && (state.node || state.fold)) {
    go({node: "", fold: "", dir: ""});
  }
});

// The theme is the reader's system's, unless the address ("?theme=dark") or the button says otherwise.
const root = document.documentElement;
const asked = /[?&#]theme=(dark|light)/.exec(location.search + location.hash)?.[1];
if (asked) root.dataset.theme = asked;
$("#theme").addEventListener("click", () => {
  const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
});

let before;
window.addEventListener("beforeprint", () => {
  before = eye;
  look(whole);
});
window.addEventListener("afterprint", () => before && look(before));
window.addEventListener("hashchange", () => (readAddress(), render()));
window.addEventListener("popstate", () => (readAddress(), render()));
new ResizeObserver(() => shownView && frame().width && resized()).observe($("#picture"));

for (const id of ["side", "bar", "zoom", "details"]) $("#" + id).hidden = false;
makeSide();
makeBar();
readAddress();
render();
