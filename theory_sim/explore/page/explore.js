"use strict";
const byId = (id) => document.getElementById(id);
const settings = JSON.parse(byId("settings").textContent);
const values = Object.fromEntries(settings.sliders.map((each) => [each.name, each.value]));
let asked = null;
let number = 0;
let answered = 0;
const queue = [];

// Requests: one is under way at a time, the others wait in their order; of moves one after the other only the last.
const next = () => {
  if (asked === null || answered < number || queue.length === 0) return;
  asked.data = {words: [JSON.stringify({number: ++number, ...queue.shift()})]};
};
const ask = (request) => {
  if (request.act === "move" && queue.at(-1)?.act === "move") queue.pop();
  queue.push(request);
  next();
};
const move = () => ask({act: "move", values: {...values}});

// Sliders. A logarithmic one goes by equal factors.
const digits = (value) => Number(value.toPrecision(3));
const place = ({low, high, logarithmic}, value) => {
  const share = logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return Math.round(1000 * Math.min(1, Math.max(0, share)));
};
const read = ({low, high, logarithmic, whole}, place) => {
  const share = place / 1000;
  const value = digits(logarithmic ? low * (high / low) ** share : low + (high - low) * share);
  return whole ? Math.round(value) : value;
};
const show = (slider) => {
  const [typed, range] = document.querySelectorAll(`input[data-name="${slider.name}"]`);
  const value = values[slider.name];
  typed.value = value;
  range.value = place(slider, value);
  range.setAttribute("aria-valuetext", String(value));
};
for (const slider of settings.sliders) {
  const [typed, range] = document.querySelectorAll(`input[data-name="${slider.name}"]`);
  show(slider);
  range.addEventListener("input", () => {
    values[slider.name] = read(slider, Number(range.value));
    typed.value = values[slider.name];
    range.setAttribute("aria-valuetext", typed.value);
    move();
  });
  typed.addEventListener("change", () => {
    if (typed.value === "" || !Number.isFinite(typed.valueAsNumber)) return show(slider);
    values[slider.name] = typed.valueAsNumber;
    show(slider);
    move();
  });
}
byId("parameters").addEventListener("submit", (event) => event.preventDefault());
byId("reset").addEventListener("click", () => {
  for (const slider of settings.sliders) {
    values[slider.name] = slider.value;
    show(slider);
  }
  move();
});

// What is told, in elements made of text alone.
const make = (tag, text = "", attributes = {}) => {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const fill = (table, {title, head, rows}) => {
  const top = make("thead"), body = make("tbody"), first = make("tr");
  first.append(...head.map((cell) => make("th", cell, {scope: "col"})));
  top.append(first);
  for (const row of rows) {
    const made = make("tr");
    made.append(...row.map((cell, i) => i === 0 ? make("th", cell, {scope: "row"}) : make("td", cell)));
    body.append(made);
  }
  table.replaceChildren(...(title ? [make("caption", title)] : []), top, body);
  return table;
};
const blocks = (parts) => parts.flatMap((part) => {
  if (part.lines) return part.lines.map((line) => make("p", line));
  if (part.items) return part.items.map((item) => make("li", item));
  const wide = make("div", "", {class: "wide", tabindex: "0", role: "region", "aria-label": part.title});
  wide.append(fill(make("table"), part));
  return [wide];
});
const same = (element, parts) => {  // what has not changed stays, and with it where the reader is
  const text = JSON.stringify(parts);
  if (element.dataset.told === text) return;
  element.dataset.told = text;
  element.replaceChildren(...blocks(parts));
};
const say = (id, text) => { if (byId(id).textContent !== text) byId(id).textContent = text; };
// Figures. The server need not hear of what it has told: sync is false.
const column = (values) => values.length === 0 || Array.isArray(values[0]) ? values : Float64Array.from(values, (x) => x ?? NaN);
const columns = (named) => Object.fromEntries(Object.entries(named).map(([name, values]) => [name, column(values)]));
const setting = (name, changed) => Bokeh.documents[0].get_model_by_name(name).setv(changed, {sync: false});
const draw = ({sources, ranges}) => {
  for (const [name, named] of Object.entries(sources)) setting(name, {data: columns(named)});
  for (const [name, axes] of Object.entries(ranges)) {
    const figure = Bokeh.documents[0].get_model_by_name(name);
    for (const [axis, [start, end]] of Object.entries(axes)) figure[axis].setv({start, end}, {sync: false});
  }
};
// What is folded away is filled in when it is opened.
const later = new Map();
const folded = (id, show) => {
  if (byId(id).closest("details").open) show();
  later.set(id, show);
};
for (const id of ["losses", "conditions"]) byId(id).closest("details").addEventListener("toggle", () => later.get(id)?.());
const tell = {
  view: ({exact, engine, by, verdict, conditions, losses, standing, orders, apart, drawn, refused}) => {
    say("refused", refused);
    for (const each of drawn) draw(each);
    say("by", by);
    same(byId("orders"), [{lines: orders}]);
    same(byId("verdict"), verdict);
    folded("conditions", () => same(byId("conditions"), conditions));
    folded("losses", () => fill(byId("losses"), losses));
    same(byId("standing"), [{items: standing}]);
    say("state", refused ? settings.before : exact ? settings.exact : settings.coarse);
    say("apart", apart);
    if (exact) say("spoken", orders.join(". "));
    document.body.dataset.exact = exact && !refused ? "yes" : "no";
    document.body.dataset.engine = engine;
  },
  refused: ({message}) => {
    say("refused", message);
    say("state", settings.before);
    document.body.dataset.exact = "no";
  },
  limit: ({under_way, share, text, said, drawn, apart}) => {
    for (const id of ["run", "run-mean-field"]) byId(id).disabled = under_way;
    byId("cancel").disabled = !under_way;
    byId("clear").disabled = !drawn;
    byId("progress").value = share;
    say("progress-text", text);
    same(byId("limit"), said.length ? [{lines: said}] : []);
    say("apart", apart);
  },
  saved: ({message}) => say("saved", message),
  file: ({name, text}) => {
    const link = make("a", "", {download: name, href: URL.createObjectURL(new Blob([text], {type: "application/toml"}))});
    link.click();
    URL.revokeObjectURL(link.href);
    say("saved", `Downloaded as ${name}.`);
  },
};
const receive = (message) => {
  answered = message.answers ?? answered;
  next();  // is computed while this is shown
  if (message.kind !== "heard") tell[message.kind](message);
  document.body.dataset.answered = answered;
};

// Buttons.
for (const act of ["download", "save", "cancel", "clear"]) byId(act)?.addEventListener("click", () => ask({act}));
byId("run").addEventListener("click", () => {
  const options = Object.fromEntries([...document.querySelectorAll("select")].map((each) => [each.dataset.option, each.value]));
  ask({act: "run", engine: "limit", options});
});
byId("run-mean-field").addEventListener("click", () => ask({act: "run", engine: "mean-field", options: {}}));
const disabled = [...document.querySelectorAll("main button:enabled")];
for (const button of disabled) button.disabled = true;

// Bokeh's document is there once it has come over the socket.
const wait = setInterval(() => {
  const found = globalThis.Bokeh?.documents[0]?.get_model_by_name("asked");
  if (!found) return;
  clearInterval(wait);
  asked = found;
  const told = Bokeh.documents[0].get_model_by_name("told");
  told.properties.data.change.connect(() => receive(JSON.parse(told.get_column("words")[0])));
  Bokeh.documents[0].on_event("connection_lost", () => {
    say("refused", settings.lost);
    for (const each of document.querySelectorAll("main button, main input, main select")) each.disabled = true;
  });
  for (const button of disabled) button.disabled = false;
  document.body.dataset.ready = "yes";
  queue.unshift({act: "begin"});
  next();
}, 20);
