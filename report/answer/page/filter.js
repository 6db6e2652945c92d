(function () {
  "use strict";
  var input = document.getElementById("filter"), count = document.getElementById("count");
  var rows = Array.prototype.slice.call(document.querySelectorAll("tbody tr"));
  var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
  function filter() {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    rows.forEach(function (row, i) {
      var hit = words.every(function (word) { return texts[i].indexOf(word) >= 0; });
      row.hidden = !hit;
      if (hit) shown++;
    });
    count.textContent = shown === rows.length ? rows.length + " rows" : shown + " of " + rows.length + " rows";
    history.replaceState(null, "", input.value ? "#" + encodeURIComponent(input.value) : "#");
  }
  try { input.value = decodeURIComponent(location.hash.slice(1)); } catch (e) { input.value = ""; }
  input.addEventListener("input", filter);
  filter();
})();
