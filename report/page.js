"use strict";
// The page works without this script, except for sorting, searching, and the threshold curves.
const data = JSON.parse(document.getElementById("data").textContent);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// Tables: a click on a header sorts by its column; a second click reverses the order.
for (const table of all("table.sortable")) {
  const heads = all("thead th", table);
  heads.forEach((th, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const was = th.getAttribute("aria-sort");
      const numeric = th.classList.contains("n");
      const down = was ? was === "ascending" : numeric;
      heads.forEach((h) => h.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => {
        const cell = row.cells[column];
        const text = cell.dataset.v ?? cell.textContent;
        return numeric ? (text === "" || isNaN(text) ? -Infinity : Number(text)) : text;
      };
      const compare = numeric ? (a, b) => (a < b ? -1 : a > b ? 1 : 0) : (a, b) => a.localeCompare(b, undefined, { numeric: true });
      const rows = [...table.tBodies[0].rows].map((row) => [value(row), row]);
      rows.sort((a, b) => (down ? compare(b[0], a[0]) : compare(a[0], b[0])));
      table.tBodies[0].append(...rows.map((r) => r[1]));
    });
  });
}

// Search fields keep the rows of their table that have the text, and say how many there are.
for (const input of all("input[data-search]")) {
  input.closest("[hidden]")?.removeAttribute("hidden");
  const rows = [...document.getElementById(input.dataset.search).tBodies[0].rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const found = input.parentElement.parentElement.querySelector("output");
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let n = 0;
    rows.forEach((row, i) => {
      row.hidden = !texts[i].includes(wanted);
      n += row.hidden ? 0 : 1;
    });
    found.textContent = wanted ? `${n} of ${rows.length} rows` : "";
  });
}

// Curves: the legend shows the values of the epoch at the pointer, or of the one that the arrow keys choose.
all("figure[data-chart]").forEach((figure) => {
  const chart = data.charts[figure.dataset.chart];
  const svg = figure.querySelector("svg.chart"), cursor = svg.querySelector(".cursor");
  const outputs = all(".legend .value", figure), epoch = figure.querySelector(".legend .epoch");
  const first = [epoch.textContent, ...outputs.map((o) => o.textContent)];
  let at = chart.epochs.length - 1;
  const show = (i) => {
    at = Math.max(0, Math.min(chart.epochs.length - 1, i));
    cursor.setAttribute("x1", chart.x[at]);
    cursor.setAttribute("x2", chart.x[at]);
    cursor.style.visibility = "visible";
    epoch.textContent = `epoch ${chart.epochs[at]}`;
    outputs.forEach((o, k) => (o.textContent = chart.values[k][at]));
  };
  const leave = () => {
    cursor.style.visibility = "hidden";
    [epoch.textContent] = first;
    outputs.forEach((o, k) => (o.textContent = first[k + 1]));
  };
  svg.addEventListener("pointermove", (e) => {
    const box = svg.getBoundingClientRect();
    const x = ((e.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    let best = 0;
    chart.x.forEach((v, i) => (best = Math.abs(v - x) < Math.abs(chart.x[best] - x) ? i : best));
    show(best);
  });
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("focus", () => show(at));
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", (e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[e.key];
    if (step) {
      e.preventDefault();
      show(at + step);
    }
  });
});

// Threshold curves of a class against all others.
const ranking = document.getElementById("ranking");
if (ranking) {
  const select = ranking.querySelector("select"), slider = ranking.querySelector("input"), shown = ranking.querySelector("output");
  const side = 240, left = 44, top = 10;
  const x = (v) => left + v * side, y = (v) => top + (1 - v) * side;
  const path = (points) => points.map((p, i) => `${i ? "L" : "M"}${x(p[0]).toFixed(1)} ${y(p[1]).toFixed(1)}`).join("");
  const of = (t, i) => ({ threshold: t.points[3 * i], tp: t.points[3 * i + 1], fp: t.points[3 * i + 2] });
  const ratio = (a, b) => (b ? a / b : NaN);
  const text = (v) => (isNaN(v) ? "–" : v === 0 || v === 1 ? 100 * v + "%" : v < 0.0005 ? "<0.1%" : v > 0.9995 ? ">99.9%" : (100 * v).toFixed(1) + "%");
  const count = (v) => v.toLocaleString("en-US");
  const set = (name, value) => (ranking.querySelector(`[data-result=${name}]`).textContent = value);
  let t;
  const show = (p) => {
    const fn = t.p - p.tp, tn = t.n - p.fp;
    const recall = ratio(p.tp, t.p), precision = ratio(p.tp, p.tp + p.fp), rate = ratio(p.fp, t.n);
    shown.textContent = p.threshold.toPrecision(4);
    shown.dataset.v = p.threshold;
    slider.setAttribute("aria-valuetext", `threshold ${p.threshold.toPrecision(4)}, precision ${text(precision)}, recall ${text(recall)}`);
    set("tp", count(p.tp)); set("fp", count(p.fp)); set("fn", count(fn)); set("tn", count(tn));
    set("precision", text(precision)); set("recall", text(recall)); set("rate", text(rate));
    set("f1", text(ratio(2 * p.tp, 2 * p.tp + p.fp + fn))); set("accuracy", text(ratio(p.tp + tn, t.p + t.n)));
    const place = (id, a, b) => {
      const c = ranking.querySelector(id);
      c.setAttribute("visibility", isNaN(a) || isNaN(b) ? "hidden" : "visible");
      c.setAttribute("cx", isNaN(a) ? x(0) : x(a));
      c.setAttribute("cy", isNaN(b) ? y(0) : y(b));
    };
    place("#roc-point", rate, recall);
    place("#pr-point", recall, precision);
  };
  // The results at a threshold are those of the lowest point that is not below it. If some points were left out, they are exact at that point only.
  const move = () => {
    const threshold = Number(slider.value), n = t.points.length / 3;
    let at = -1;
    while (at + 1 < n && of(t, at + 1).threshold >= threshold) at++;
    const p = at < 0 ? { tp: 0, fp: 0 } : of(t, at);
    show({ ...p, threshold: at < 0 || n === t.all ? threshold : p.threshold });
  };
  const choose = () => {
    t = data.thresholds[select.value];
    const n = t.points.length / 3;
    const points = Array.from({ length: n }, (_, i) => of(t, i));
    // Without images of the class, or without others, there are no curves.
    const none = document.getElementById("ranking-none");
    none.hidden = Boolean(t.p && t.n);
    none.textContent = !t.p ? "No image has this class, so there are no curves." : !t.n ? "All images have this class, so there is no ROC curve." : "";
    ranking.querySelector("#roc-line").setAttribute("d", t.p && t.n ? path([[0, 0], ...points.map((p) => [p.fp / t.n, p.tp / t.p])]) : "");
    // Steps, whose area is the average precision.
    let from = 0;
    const steps = points.flatMap((p) => {
      const recall = ratio(p.tp, t.p) || 0, precision = ratio(p.tp, p.tp + p.fp) || 0, last = from;
      from = recall;
      return [[last, precision], [recall, precision]];
    });
    ranking.querySelector("#pr-line").setAttribute("d", t.p ? path(steps) : "");
    slider.min = Math.min(0, Math.floor(points[n - 1].threshold)); // scores may be outside 0 to 1
    slider.max = Math.max(1, Math.ceil(points[0].threshold));
    // Start at the threshold with the best F1 score.
    let best = 0, top = -1;
    points.forEach((p, i) => {
      const f1 = ratio(2 * p.tp, p.tp + p.fp + t.p);
      if (f1 > top) [best, top] = [i, f1];
    });
    slider.value = points[best].threshold;
    set("of", n < t.all ? `${count(n)} of ${count(t.all)} thresholds` : `${count(n)} thresholds`);
    show(points[best]);
  };
  data.classes.forEach((name, i) => select.append(new Option(name, i)));
  const both = (t) => t.p && t.n;
  select.value = data.classes.length === 2 && both(data.thresholds[1]) ? 1 : Math.max(0, data.thresholds.findIndex(both));
  select.addEventListener("change", choose);
  slider.addEventListener("input", move);
  ranking.hidden = false;
  choose();
}
