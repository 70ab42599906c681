(function () {
  "use strict";
  var root = document.documentElement;
  var byId = function (id) { return document.getElementById(id); };
  var all = function (selector, inside) { return Array.prototype.slice.call((inside || document).querySelectorAll(selector)); };

  byId("language").addEventListener("click", function () {
    var language = root.getAttribute("data-lang") === "ja" ? "en" : "ja";
    root.setAttribute("data-lang", language);
    root.lang = language;
  });

  var search = byId("search"), severity = byId("severity"), certainty = byId("certainty");
  if (search) {
    var findings = all(".finding").map(function (element) {
      return { element: element, text: element.textContent.toLowerCase() };
    });
    var filter = function () {
      var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      var shown = 0;
      findings.forEach(function (f) {
        var keep = (!severity.value || f.element.dataset.severity === severity.value) &&
          (!certainty.value || f.element.dataset.certainty === certainty.value) &&
          words.every(function (w) { return f.text.indexOf(w) >= 0; });
        f.element.hidden = !keep;
        if (keep) { shown++; }
      });
      all(".mend").forEach(function (m) { m.hidden = !m.querySelector(".finding:not([hidden])"); });
      byId("shown").textContent = shown + " / " + findings.length;
    };
    var waiting;
    search.addEventListener("input", function () { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
    severity.addEventListener("change", filter);
    certainty.addEventListener("change", filter);
    filter();
  }

  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = all("details:not([open])");
    closed.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (d) { d.open = false; });
  });
})();
