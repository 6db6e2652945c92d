// Which view is shown is in the address, "#findings?severity=high", so that it can be kept and shared.
const views = {
  findings: findingsView, controls: controlsView, frameworks: frameworksView, maturity: maturityView,
  namespaces: namespacesView, coverage: coverageView,
};
let current = {view: "overview", query: {}};

function parseAddress() {
  const [view, query] = location.hash.slice(1).split("?");
  return {view: view in views ? view : "overview", query: Object.fromEntries(new URLSearchParams(query || ""))};
}

function render() {
  const before = current;
  current = parseAddress();
  const box = $("#view"), overview = $("#overview");
  overview.hidden = current.view !== "overview";
  box.hidden = current.view === "overview";
  for (const a of document.querySelectorAll("nav a")) {
    if (a.hash === "#" + current.view) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  if (current.view === "overview") {
    box.replaceChildren();
  } else {
    const focused = keyOf(document.activeElement);
    box.replaceChildren(...[views[current.view](current.query, go)].flat(3).filter(Boolean));
    if (before.view === current.view) restoreFocus(focused);
  }
  if (before.view !== current.view) {
    window.scrollTo(0, 0);
    $("nav a[aria-current]")?.scrollIntoView({block: "nearest", inline: "nearest"});
  }
}

// go changes some of the filters. Typing replaces the entry in the history; choosing adds one.
function go(change) {
  const query = Object.fromEntries(Object.entries({...current.query, ...change}).filter(([, v]) => v));
  const hash = Object.keys(query).length ? link(current.view, query) : "#" + current.view;
  if ("q" in change) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  render();
}

// A render makes all elements anew; what had the focus gets it back.
const keyOf = (e) => e?.id === "search" ? {id: "search", at: e.selectionStart} : e?.dataset?.key ? {key: e.dataset.key} : null;
function restoreFocus(kept) {
  const element = kept && (kept.id ? $("#search") : $('#view [data-key="' + CSS.escape(kept.key) + '"]'));
  if (!element) return;
  element.focus({preventScroll: true});
  if (kept.id) element.setSelectionRange(kept.at, kept.at);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName || "");
  if (event.key === "Escape" && document.activeElement?.id === "search") {
    go({q: ""});
  } else if (event.key === "/" && !typing) {
    event.preventDefault();
    if (!$("#search")) location.hash = "#findings";
    setTimeout(() => $("#search")?.focus(), 0);
  } else if (!typing && "jk".includes(event.key) || event.key === "ArrowDown" && document.activeElement?.id === "search" ||
      (event.key === "ArrowDown" || event.key === "ArrowUp") && document.activeElement?.matches(".item > button")) {
    event.preventDefault();
    step(event.key === "k" || event.key === "ArrowUp" ? -1 : 1);
  }
});

// step moves the focus to the next or the previous row.
function step(by) {
  const rows = [...document.querySelectorAll("#view .item > button")];
  const at = rows.indexOf(document.activeElement);
  const next = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
  next?.focus();
  next?.scrollIntoView({block: "nearest"});
}

// The theme is the reader's system's, unless the address ("?theme=dark") or the button says otherwise.
const root = document.documentElement;
const asked = /[?&#]theme=(dark|light)/.exec(location.search + location.hash)?.[1];
if (asked) root.dataset.theme = asked;
$("#theme").addEventListener("click", () => {
  const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
});

window.addEventListener("beforeprint", () => document.querySelectorAll("#view > div").forEach((e) => e.showAll?.()));
window.addEventListener("hashchange", render);
window.addEventListener("popstate", render);
render();
