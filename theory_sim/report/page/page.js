"use strict";
// Search: a row is shown if it has every word, and the chosen value of each field.
for (const form of document.querySelectorAll("form.search")) {
  const list = document.getElementById(form.dataset.rows);
  const rows = [...list.querySelectorAll("tbody > tr, .row")];
  const output = form.querySelector("output");
  let texts = null;
  const search = () => {
    texts ??= rows.map((row) => row.textContent.toLowerCase());
    const words = form.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = [...form.querySelectorAll("select")].filter((each) => each.value);
    let count = 0;
    rows.forEach((row, i) => {
      const shown = words.every((word) => texts[i].includes(word)) &&
        chosen.every((each) => row.dataset[each.dataset.field] === each.value);
      if (row.hidden === shown) row.hidden = !shown;
      count += shown;
    });
    output.textContent = `${count} of ${rows.length} shown`;
  };
  form.addEventListener("input", search);
  form.addEventListener("submit", (event) => event.preventDefault());
}
// Figures: Bokeh draws each; a box hides what has its name.
const draw = async () => {
  for (const chart of document.querySelectorAll("figure.chart")) {
    const place = chart.querySelector(".plot");
    await Bokeh.embed.embed_item(JSON.parse(chart.querySelector("script").textContent), place.id);
    const [figure] = Bokeh.documents.at(-1).roots();
    for (const box of chart.querySelectorAll("input[data-series]")) {
      box.addEventListener("change", () => {
        for (const each of figure.renderers) if (each.name === box.dataset.series) each.visible = box.checked;
      });
    }
    place.dataset.drawn = "yes";
  }
};
draw();
// On paper everything that is folded is open.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")].filter((each) => !each.hidden);
  for (const each of folded) each.open = true;
});
addEventListener("afterprint", () => { for (const each of folded) each.open = false; });
